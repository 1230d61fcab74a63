#include "tests/sim/shared_roll.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/memory/memory_store.h"

namespace muster::sim {
namespace {

constexpr int kMaxTicksForward = 2;
constexpr int kTicksUntilLost = 5;

int TicksUntilLost(absl::Duration tick) {
  return std::max(kTicksUntilLost, static_cast<int>(std::ceil(absl::FDivDuration(absl::Seconds(1), tick))));
}

}  // namespace

// One life of one daemon: what it sees of the roll.
class SharedRoll::View final : public Store, public Coordination {
 public:
  View(SharedRoll& roll, Member& member, std::string id) : roll_(roll), member_(member), id_(std::move(id)) {}
  ~View() override { Leave(); }

  const ScanReads& Reader() const override { return roll_.store_->Reader(); }
  const PointReads* MemoryReads() const override { return roll_.store_->MemoryReads(); }
  WriteTx& Begin() override;
  WriteTx& BeginBatch(const BatchKeys& keys) override;
  WriteTx& BeginStep() override;
  CommitResult Commit(const ProvenState& listening) override;
  CommitResult CommitStep(const ProvenState& listening) override;
  void Rollback() override {
    if (std::exchange(open_, false)) roll_.store_->Rollback();
  }
  bool PrefersHeartbeatsAlone() const override { return true; }
  Coordination* coordination() override { return this; }
  bool Maintain(absl::Duration budget) override { return !open_ && roll_.store_->Maintain(budget); }
  std::int64_t WorkerCount() const override { return roll_.store_->WorkerCount(); }
  std::optional<ProvenState> LastListening() const override { return roll_.store_->LastListening(); }
  const RollTimeouts& Timeouts() const override { return roll_.store_->Timeouts(); }

  Result<Membership> RenewMembership(const ListeningReport& own, const Settings& settings,
                                     absl::Duration tick) override;
  void EndRun() override {
    if (roll_.runner_ == id_) roll_.runner_.clear();
  }

 private:
  struct Looked {
    std::int64_t beat = -1;
    int same = 0;
    int Look(std::int64_t now) {
      same = now == beat ? same + 1 : 0;
      beat = now;
      return same;
    }
  };

  void Wait();
  bool Unreachable() const;
  bool StrikeOffTheLost(int ticks);
  void Leave();

  SharedRoll& roll_;
  Member& member_;
  const std::string id_;
  bool open_ = false;
  bool is_batch_ = false;
  bool run_of_another_ = false;
  bool leads_ = false;
  std::string leader_seen_;
  Looked leader_;
  std::map<std::string, Looked> others_;
};

class SharedRoll::Member final : public Home {
 public:
  Member(SharedRoll& roll, std::size_t number) : roll_(roll), number_(number) {}

  absl::StatusOr<std::unique_ptr<Store>> Open(const StoreRuntime& /*runtime*/) override {
    if (roll_.away) return absl::UnavailableError("the database is away");
    killed = false;
    return std::make_unique<View>(roll_, *this, absl::StrCat("daemon-", number_, "-", ++roll_.lives_));
  }
  void Kill() override { killed = true; }
  void LosePower() override { killed = true; }

  bool killed = false;
  absl::Duration held_until;  // transactions wait

 private:
  SharedRoll& roll_;
  const std::size_t number_;
};

SharedRoll::SharedRoll(const Clock& clock, Dice dice, const StoreOptions& options)
    : clock_(clock), random_(dice), dice_(dice.Bits()), store_(NewMemoryStore(options, random_)) {}

SharedRoll::~SharedRoll() = default;

Home& SharedRoll::AddMember() {
  members_.push_back(std::make_unique<Member>(*this, members_.size()));
  return *members_.back();
}

void SharedRoll::HoldUntil(std::size_t member, absl::Duration until) {
  members_[member]->held_until = until;
}

bool SharedRoll::View::Unreachable() const {
  return roll_.away || member_.killed;
}

void SharedRoll::View::Wait() {
  const absl::Duration wait = member_.held_until - roll_.clock_.MonotonicNow();
  if (wait > absl::ZeroDuration() && !member_.killed) roll_.stall(wait);
}

WriteTx& SharedRoll::View::Begin() {
  is_batch_ = false;
  open_ = true;
  return roll_.store_->Begin();
}

WriteTx& SharedRoll::View::BeginBatch(const BatchKeys& /*keys*/) {
  Wait();
  is_batch_ = true;
  open_ = true;
  return roll_.store_->Begin();
}

WriteTx& SharedRoll::View::BeginStep() {
  run_of_another_ = !roll_.runner_.empty() && roll_.runner_ != id_;
  return Begin();
}

CommitResult SharedRoll::View::Commit(const ProvenState& listening) {
  if (Unreachable()) return CommitResult::Failed("the database cannot be reached");
  if (is_batch_ && roll_.lost_races > 0) {
    --roll_.lost_races;
    return CommitResult::LostRace();
  }
  CommitResult result = roll_.store_->Commit(listening);
  open_ = !result.committed();
  return result;
}

CommitResult SharedRoll::View::CommitStep(const ProvenState& listening) {
  if (Unreachable()) return CommitResult::Failed("the database cannot be reached");
  if (run_of_another_) return CommitResult::LostRace();
  CommitResult result = roll_.store_->CommitStep(listening);
  open_ = !result.committed();
  if (result.committed() && result.wrote) roll_.runner_ = id_;
  return result;
}

Result<Membership> SharedRoll::View::RenewMembership(const ListeningReport& own, const Settings& settings,
                                                     absl::Duration tick) {
  if (Unreachable()) return StoreUnavailable{"the database cannot be reached"};
  ++roll_.daemons_[id_].beat;
  roll_.daemons_[id_].timeout = settings.heartbeat_timeout;
  leads_ = roll_.leader_ == id_;
  if (leads_) {
    ++roll_.leader_beat_;
    if (own.state.proven >= roll_.report_.state.proven) roll_.report_ = own;
    roll_.report_.advancing = own.advancing;
    roll_.report_.because = own.because;
    roll_.reported_at_ = roll_.clock_.MonotonicNow();
  }
  if (leader_seen_ != roll_.leader_) leader_ = {};
  leader_seen_ = roll_.leader_;
  const auto leader = roll_.daemons_.find(roll_.leader_);
  const int same = leader_.Look(leader == roll_.daemons_.end() ? -1 : leader->second.beat);
  const int ticks = TicksUntilLost(tick);
  if (!leads_ && (roll_.leader_.empty() || same >= ticks)) {
    roll_.leader_ = id_;
    ++roll_.leader_beat_;
    leads_ = true;
  }
  Membership membership;
  membership.leads = leads_;
  for (const auto& [id, daemon] : roll_.daemons_) {
    membership.longest_timeout = std::max(membership.longest_timeout, daemon.timeout);
  }
  membership.heard = roll_.report_;
  const absl::Duration age = std::clamp(roll_.clock_.MonotonicNow() - roll_.reported_at_,
                                        absl::ZeroDuration(), kMaxTicksForward * tick);
  membership.heard.running = membership.heard.running + age;
  if (membership.heard.advancing) membership.heard.state.proven = membership.heard.state.proven + age;
  if (leads_) {
    membership.daemon_lost = StrikeOffTheLost(ticks);
  } else {
    others_.clear();
  }
  return membership;
}

bool SharedRoll::View::StrikeOffTheLost(int ticks) {
  bool lost = false;
  for (auto daemon = roll_.daemons_.begin(); daemon != roll_.daemons_.end();) {
    if (daemon->first != id_ && others_[daemon->first].Look(daemon->second.beat) >= ticks) {
      others_.erase(daemon->first);
      if (roll_.runner_ == daemon->first) roll_.runner_.clear();
      daemon = roll_.daemons_.erase(daemon);
      lost = true;
    } else {
      ++daemon;
    }
  }
  return lost;
}

void SharedRoll::View::Leave() {
  if (Unreachable()) return;
  EndRun();
  if (roll_.leader_ == id_) roll_.leader_.clear();
  roll_.daemons_.erase(id_);
}

}  // namespace muster::sim
