// Why the engine itself says no.
#pragma once

#include <string>

namespace muster::http {

struct Refusal {
  int status;          // of the answer
  std::string detail;  // a sentence for the client
};

}  // namespace muster::http
