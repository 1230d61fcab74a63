// One request and its answer: what the answer depends on, kept while the handler works.
#pragma once

#include <string>

namespace muster::http {

struct Exchange {
  std::string request_id;
  std::string origin;         // of a browser's page; empty: none was named
  std::string if_none_match;  // as it came, if it held tags of compressed answers
  bool head_only = false;     // the method is HEAD
  bool http_1_0 = false;
  bool keep_alive = false;
  bool takes_gzip = false;
};

}  // namespace muster::http
