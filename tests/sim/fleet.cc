#include "tests/sim/fleet.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace muster::sim {
namespace {

constexpr std::uint64_t kRegions = 4;
constexpr std::uint64_t kRelayed = 5;  // one worker in so many

}  // namespace

std::shared_ptr<Process> Fleet::NewProcess(const std::string& id, const std::string& region, bool takes_over,
                                           bool stubborn) {
  const std::uint64_t number = ++made_;
  return std::make_shared<Process>(
      around_, Process::Identity{id, absl::StrCat("process-", number), region, takes_over, stubborn},
      Dice(dice_.Bits(), number));
}

std::string Fleet::Join() {
  std::string id = absl::StrCat("w", holders_.size());
  auto process = NewProcess(id, absl::StrCat("region-", dice_.Below(kRegions)), /*takes_over=*/false,
                            /*stubborn=*/false);
  process->Start();
  holders_[id] = std::move(process);
  return id;
}

void Fleet::Restart(const std::string& id) {
  const std::shared_ptr<Process> old = holders_.at(id);
  old->Die();
  auto process = NewProcess(id, old->identity().region, /*takes_over=*/true, /*stubborn=*/false);
  process->ImpairedUntil(around_.clock.MonotonicNow());
  process->Start();
  holders_[id] = std::move(process);
}

void Fleet::Clone(const std::string& id) {
  const std::shared_ptr<Process> old = holders_.at(id);
  auto process = NewProcess(id, old->identity().region, /*takes_over=*/true, /*stubborn=*/true);
  process->ImpairedUntil(around_.clock.MonotonicNow());
  process->Start();
  others_.push_back(old);
  holders_[id] = std::move(process);
}

void Fleet::Die(const std::string& id) {
  Holder(id).Die();
  Holder(id).ImpairedUntil(absl::InfiniteDuration());
}

bool Fleet::Alive(const std::string& id) const {
  const auto holder = holders_.find(id);
  return holder != holders_.end() && holder->second->alive();
}

void Fleet::CutOff(const std::string& region, absl::Duration until) {
  around_.network.CutOff(region, until);
  for (const auto& [id, process] : holders_) {
    if (process->identity().region == region) process->ImpairedUntil(until);
  }
}

int Fleet::RackDies(const std::string& region) {
  int died = 0;
  for (const auto& [id, process] : holders_) {
    if (process->identity().region != region || !process->alive()) continue;
    Die(id);
    ++died;
  }
  return died;
}

void Fleet::PutBehindRelays() {
  std::map<std::string, std::shared_ptr<Relay>> by_region;
  std::uint64_t number = 0;
  for (const auto& [id, process] : holders_) {
    if (++number % kRelayed != 0) continue;
    std::shared_ptr<Relay>& relay = by_region[process->identity().region];
    if (!relay) relay = std::make_shared<Relay>(around_, process->identity().region);
    relay->Take(process);
  }
  for (auto& [region, relay] : by_region) {
    relay->Start();
    relays_.push_back(std::move(relay));
  }
}

std::string Fleet::PauseRelay(Dice& dice, absl::Duration until) {
  if (relays_.empty()) return "";
  Relay& relay = *relays_[dice.Below(relays_.size())];
  relay.PauseUntil(until);
  return relay.region();
}

void Fleet::Calm() {
  around_.network.Heal();
  // Either of two processes may hold the id now: a third one ends that.
  for (const auto& process : others_) {
    process->Die();
    if (Alive(process->identity().worker)) Restart(process->identity().worker);
  }
}

std::string Fleet::AnyWorker(Dice& dice) const {
  return std::next(holders_.begin(), static_cast<std::ptrdiff_t>(dice.Below(holders_.size())))->first;
}

std::string Fleet::AnyRegion(Dice& dice) const {
  return absl::StrCat("region-", dice.Below(kRegions));
}

absl::Duration Fleet::ImpairedUntil(const std::string& id) const {
  const auto holder = holders_.find(id);
  if (holder == holders_.end()) return absl::InfiniteDuration();
  const bool has_a_rival = std::any_of(others_.begin(), others_.end(), [&](const auto& process) {
    return process->alive() && process->identity().worker == id;
  });
  if (!holder->second->alive() || has_a_rival) return absl::InfiniteDuration();
  return holder->second->impaired_until();
}

}  // namespace muster::sim
