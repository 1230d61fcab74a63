#include "domain/address_turns.h"

#include <algorithm>
#include <functional>

namespace muster {
namespace {

std::uint64_t KeyOf(const Worker& worker) {
  const std::hash<std::string_view> hash;
  const std::uint64_t both = (hash(worker.id) * 31 + hash(worker.instance_id)) * 0x9E3779B97F4A7C15u;
  return std::max<std::uint64_t>(both ^ (both >> 32), 1);
}

}  // namespace

std::string_view HostOf(std::string_view address) {
  return address.substr(0, address.rfind(':'));  // all of it where there is no port
}

AddressTurns::Host::Host(std::string_view text)
    : text_{}, size_(static_cast<std::uint8_t>(std::min(text.size(), text_.size()))) {
  std::copy_n(text.begin(), size_, text_.begin());
}

std::optional<std::string_view> AddressTurns::LookUp(const Worker& worker, std::string_view host,
                                                     ListeningTime now, absl::Duration timeout) {
  const Host heard(host);
  if (host.empty()) return std::nullopt;
  if (entries_.empty()) entries_.resize(kMaxEntries);
  const std::uint64_t key = KeyOf(worker);
  const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(key % (kMaxEntries / kWays) * kWays);
  const auto last = first + kWays;
  auto entry = std::find_if(first, last, [&](const Entry& each) { return each.key == key; });
  if (entry == last) {
    if (host == HostOf(worker.registered_from)) return std::nullopt;
    entry = std::min_element(first, last, [](const Entry& one, const Entry& other) {
      return one.changed.front() < other.changed.front();
    });
    if (entry->key != 0 && now - entry->changed.front() <= timeout) return std::nullopt;
    // It moved here from where it was registered. That is no turn yet.
    *entry = {key, heard, Host(HostOf(worker.registered_from)), {}, 0};
    entry->changed.front() = now;
    return std::nullopt;
  }
  const auto in_turns = [&]() -> std::optional<std::string_view> {
    if (entry->turns < kTurns || now - entry->changed.back() > timeout) return std::nullopt;
    return entry->before.text();
  };
  if (heard.text() == entry->last.text()) return in_turns();
  const bool back = heard.text() == entry->before.text();
  entry->before = entry->last;
  entry->last = heard;
  entry->turns = back ? std::min(entry->turns + 1, kTurns) : 0;
  std::shift_right(entry->changed.begin(), entry->changed.end(), 1);
  entry->changed.front() = now;
  return in_turns();
}

}  // namespace muster
