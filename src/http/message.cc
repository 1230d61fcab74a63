#include "http/message.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace muster::http {
namespace {

char Lower(char c) {
  return absl::ascii_tolower(static_cast<unsigned char>(c));
}

auto Find(const Fields& headers, std::string_view name) {
  return std::find_if(headers.begin(), headers.end(),
                      [name](const auto& header) { return SameToken(header.first, name); });
}

}  // namespace

bool SameToken(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char one, char other) { return Lower(one) == Lower(other); });
}

std::string_view Request::Header(std::string_view name) const {
  const auto found = Find(headers, name);
  return found == headers.end() ? std::string_view() : std::string_view(found->second);
}

bool Request::HasHeader(std::string_view name) const {
  return Find(headers, name) != headers.end();
}

}  // namespace muster::http
