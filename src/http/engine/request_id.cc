#include "http/engine/request_id.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace muster::http {
namespace {

constexpr std::size_t kMaxBytes = 128;

}  // namespace

bool IsSaneRequestId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxBytes &&
         std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

RequestIds::RequestIds() {
  char bytes[8];
  // Fails only on a kernel without the call.
  if (getentropy(bytes, sizeof bytes) != 0) std::abort();
  prefix_ = absl::BytesToHexString({bytes, sizeof bytes});
}

std::string RequestIds::Next() {
  return absl::StrCat(prefix_, "-", ++count_);
}

}  // namespace muster::http
