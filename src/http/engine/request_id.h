// A name for each request, by which a client's report and our log find each other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::http {

/// Whether a client's id can be taken over: 1 to 128 visible ASCII characters. Pure.
bool IsSaneRequestId(std::string_view id);

/// Makes ids for those that bring none: random for each process, then counted. Not thread-safe.
class RequestIds {
 public:
  RequestIds();
  std::string Next();

 private:
  std::string prefix_;
  std::uint64_t count_ = 0;
};

}  // namespace muster::http
