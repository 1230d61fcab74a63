#include "daemon/redact.h"

#include <algorithm>

#include "domain/text.h"

namespace muster::daemon {
namespace {

constexpr std::string_view kHidden = "***";

/// The parameters behind '?', which may hold a password as well.
std::string Parameters(std::string_view query) {
  std::string shown;
  while (!query.empty()) {
    const std::string_view each = query.substr(0, query.find('&'));
    const std::size_t equals = each.find('=');
    const bool secret =
        equals != std::string_view::npos && each.substr(0, equals).find("password") != std::string_view::npos;
    shown += secret ? Concat({each.substr(0, equals + 1), kHidden}) : std::string(each);
    query.remove_prefix(each.size());
    if (query.empty()) break;
    shown += '&';
    query.remove_prefix(1);
  }
  return shown;
}

}  // namespace

std::string WithoutPassword(std::string_view setting) {
  const std::size_t scheme = setting.find("://");
  if (scheme == std::string_view::npos) return std::string(setting);
  const std::size_t question = std::min(setting.find('?'), setting.size());
  std::string_view address = setting.substr(0, question);
  std::string shown;
  // Up to the last @: a password that was not escaped may hold any sign.
  const std::size_t at = address.rfind('@');
  const std::size_t colon = address.find(':', scheme + 3);
  if (at != std::string_view::npos && colon < at) {
    shown = Concat({address.substr(0, colon + 1), kHidden});
    address.remove_prefix(at);
  }
  shown += address;
  if (question == setting.size()) return shown;
  return shown + '?' + Parameters(setting.substr(question + 1));
}

}  // namespace muster::daemon
