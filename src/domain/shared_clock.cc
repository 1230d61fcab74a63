#include "domain/shared_clock.h"

#include <algorithm>
#include <utility>

#include "domain/probed_clock.h"
#include "domain/text.h"

namespace muster {
namespace {

constexpr int kNewcomers = 3;  // so many new names at once find a full credit
constexpr std::size_t kMaxGone = 64;

}  // namespace

void SharedClock::Start(absl::Duration now, const std::optional<SharedState>& last,
                        const Settings& settings) {
  *this = SharedClock();
  Configure(settings);
  started_ = true;
  now_ = now;
  const absl::Duration cap = LongestReconnectAllowance(timeout_);
  if (!last) {
    first_ = true;
    own_ = AllowanceCredit(cap, absl::ZeroDuration(), cap);
    newcomers_ = AllowanceCredit(kNewcomers * MemberCap(), absl::ZeroDuration(), kNewcomers * MemberCap());
    return;
  }
  running_ = proven_ = last->proven - ListeningTime();
  own_ = AllowanceCredit(last->credit, last->allowance_left, cap);
  newcomers_ = AllowanceCredit(last->newcomers, absl::ZeroDuration(), kNewcomers * MemberCap());
  // If the clock of the database went back since then, nothing is known of the time between.
  const bool known = last->proven_at && *last->proven_at <= now;
  if (known) proven_to_ = last->proven_at;
  for (const SharedState::Member& member : last->members) {
    const bool present = known && member.present && member.proven_to <= now;
    const Hearing hearing = !present ? Hearing::kGone : member.deaf ? Hearing::kDeaf : Hearing::kHears;
    members_.push_back({member.name, hearing, member.blind_times, std::min(member.proven_to, now), now,
                        AllowanceCredit(member.credit, member.allowance_left, MemberCap())});
    if (hearing == Hearing::kHears) nobody_hears_ = false;
  }
  blind_ = nobody_hears_ || HeldBackBy().has_value();
}

void SharedClock::Configure(const Settings& settings) {
  timeout_ = settings.heartbeat_timeout;
  tick_ = ProbedClock::TickLength(settings);
  tick_due_ = std::max(tick_due_, tick_);
  own_.SetCap(LongestReconnectAllowance(timeout_));
  newcomers_.SetCap(kNewcomers * MemberCap());
  for (Member& member : members_) member.credit.SetCap(MemberCap());
}

void SharedClock::Join(std::string_view name, absl::Duration now) {
  Read(now);
  Member& member = Named(name);
  Drop(member, "was replaced by another process");
  member.hearing = Hearing::kNotYet;
  Advance();
}

void SharedClock::Report(std::string_view name, const MemberReport& report, absl::Duration now) {
  Read(now);
  Member& member = Named(name);
  const bool was_blind = report.blind_times != member.blind_times;
  member.reported_at = now_;
  member.blind_times = report.blind_times;
  if (member.hearing == Hearing::kHears && (!report.hears || was_blind)) {
    member.hearing = Hearing::kDeaf;
    StopRoll(member, " did not hear its workers");
  }
  if (report.hears) {
    if (member.hearing == Hearing::kHears) {
      member.proven_to = std::max(member.proven_to, now_ - report.proof_age);
    } else {
      HearAgain(member);
    }
  }
  Advance();
}

void SharedClock::SessionGone(std::string_view name, absl::Duration now) {
  Read(now);
  for (Member& member : members_) {
    if (member.name == name) Drop(member, "lost its session");
  }
  Advance();
}

std::vector<std::string> SharedClock::Tick(absl::Duration now) {
  Read(now);
  Advance();
  Forget();
  tick_due_ = tick_;
  return std::exchange(dropped_, {});
}

void SharedClock::Read(absl::Duration now) {
  absl::Duration passed = now + stepped_ - now_;
  if (passed < absl::ZeroDuration()) {
    stepped_ -= passed;
    passed = absl::ZeroDuration();
  }
  const absl::Duration most = ProbedClock::kMaxTicksCounted * tick_due_;
  if (passed > most && passed <= ProbedClock::kTicksToAGap * tick_due_) {
    stepped_ -= passed - most;
    passed = most;
  }
  now_ += passed;
  for (Member& member : members_) {
    if (member.hearing == Hearing::kDeaf && OthersHear(member)) member.credit.Charge(passed);
  }
  Judge();
}

// Rules 2, 3 and 5, as far as they follow from the time alone.
void SharedClock::Judge() {
  std::vector<Member*> missing;
  for (Member& member : members_) {
    if (member.hearing != Hearing::kHears) continue;
    if (now_ - member.reported_at > ProbedClock::kTicksToAGap * tick_due_) missing.push_back(&member);
  }
  for (Member* member : missing) member->hearing = Hearing::kDeaf;
  for (Member* member : missing) StopRoll(*member, " did not report");
  for (Member& member : members_) {
    if (!IsDeaf(member.hearing)) continue;
    if (now_ - member.proven_to >= timeout_) {
      Drop(member, Concat({"has not heard its workers for ", RoundedUp(now_ - member.proven_to)}));
    } else if (member.credit.credit() == absl::ZeroDuration() && OthersHear(member)) {
      member.hearing = Hearing::kPassedOver;
    }
  }
}

bool SharedClock::IsDeaf(Hearing hearing) {
  return hearing == Hearing::kDeaf || hearing == Hearing::kPassedOver;
}

void SharedClock::HearAgain(Member& member) {
  if (IsDeaf(member.hearing) && OthersHear(member)) {
    member.credit.Begin(ReconnectAllowance(now_ - member.proven_to, timeout_));
  }
  member.hearing = Hearing::kHears;
  member.proven_to = now_;
}

void SharedClock::Drop(Member& member, std::string_view why) {
  const Hearing was = std::exchange(member.hearing, Hearing::kGone);
  if (was == Hearing::kGone || was == Hearing::kNotYet) return;
  dropped_.push_back(Concat({member.name, " ", why}));
  if (was != Hearing::kPassedOver) StopRoll(member, " was lost");
  if (OthersHear(member)) member.credit.Begin(ReconnectAllowance(now_ - member.proven_to, timeout_));
}

// The roll has been blind since its proven moment, as far as the member's credit reaches. What it cannot pay
// counts as if the member had been passed over.
void SharedClock::StopRoll(Member& by, std::string_view why) {
  if (!AnyHears()) nobody_hears_ = true;
  if (blind_) return;
  because_ = Concat({by.name, why});
  if (OthersHear(by)) {
    const absl::Duration stop = now_ - *proven_to_;
    const absl::Duration credit = by.credit.credit();
    by.credit.Charge(stop);
    if (stop > credit) {
      *proven_to_ += credit;
      return;
    }
  }
  blind_ = true;
}

void SharedClock::Advance() {
  if (!AnyHears()) return;
  if (std::exchange(nobody_hears_, false) && !std::exchange(first_, false)) {
    own_.Begin(ReconnectAllowance(proven_to_ ? now_ - *proven_to_ : absl::InfiniteDuration(), timeout_));
  }
  absl::Duration to = absl::InfiniteDuration();
  for (const Member& member : members_) {
    if (member.hearing == Hearing::kDeaf) return;
    if (member.hearing == Hearing::kHears) to = std::min(to, member.proven_to);
  }
  if (std::exchange(blind_, false)) proven_to_ = now_;
  if (to > *proven_to_) {
    Count(to - *proven_to_);
    proven_to_ = to;
  }
  running_ = std::max(running_, proven_ + (now_ - *proven_to_) - AllowanceLeft());
}

// The allowances of several members pass at the same time.
void SharedClock::Count(absl::Duration heard) {
  absl::Duration paid = own_.Pay(heard);
  for (Member& member : members_) paid = std::max(paid, member.credit.Pay(heard));
  const absl::Duration counted = heard - paid;
  proven_ += counted;
  own_.Earn(counted);
  for (Member& member : members_) member.credit.Earn(counted);
  newcomers_.Earn(counted);
}

SharedClock::Member& SharedClock::Named(std::string_view name) {
  for (Member& member : members_) {
    if (member.name == name) return member;
  }
  const absl::Duration credit = std::min(newcomers_.credit(), MemberCap());
  newcomers_.Charge(credit);
  members_.push_back({std::string(name), Hearing::kNotYet, 0, now_, now_,
                      AllowanceCredit(credit, absl::ZeroDuration(), MemberCap())});
  return members_.back();
}

// Rule 6, within limits: names that are gone are kept while their credit is not full, 64 at most.
void SharedClock::Forget() {
  const auto idle = [](const Member& member) {
    return member.hearing == Hearing::kGone && member.credit.left() == absl::ZeroDuration();
  };
  std::erase_if(members_, [&](const Member& member) { return idle(member) && member.credit.full(); });
  std::vector<absl::Duration> credits;
  for (const Member& member : members_) {
    if (idle(member)) credits.push_back(member.credit.credit());
  }
  if (credits.size() <= kMaxGone) return;
  std::sort(credits.begin(), credits.end());
  const absl::Duration least = credits[kMaxGone];
  std::erase_if(members_,
                [&](const Member& member) { return idle(member) && member.credit.credit() >= least; });
}

bool SharedClock::AnyHears() const {
  return std::any_of(members_.begin(), members_.end(),
                     [](const Member& member) { return member.hearing == Hearing::kHears; });
}

bool SharedClock::OthersHear(const Member& member) const {
  return std::any_of(members_.begin(), members_.end(), [&](const Member& other) {
    return &other != &member && other.hearing == Hearing::kHears;
  });
}

absl::Duration SharedClock::AllowanceLeft() const {
  absl::Duration left = own_.left();
  for (const Member& member : members_) left = std::max(left, member.credit.left());
  return left;
}

absl::Duration SharedClock::MemberCap() const {
  return timeout_ + LongestReconnectAllowance(timeout_);
}

SharedState SharedClock::stored_state() const {
  SharedState state;
  state.proven = proven();
  if (proven_to_) state.proven_at = *proven_to_ - stepped_;
  state.credit = own_.credit();
  state.allowance_left = own_.left();
  state.newcomers = newcomers_.credit();
  for (const Member& member : members_) {
    const bool deaf = IsDeaf(member.hearing);
    state.members.push_back({member.name, deaf || member.hearing == Hearing::kHears, deaf, member.blind_times,
                             member.proven_to - stepped_, member.credit.credit(), member.credit.left()});
  }
  return state;
}

std::optional<SharedClock::Holder> SharedClock::HeldBackBy() const {
  const Member* longest = nullptr;
  for (const Member& member : members_) {
    if (member.hearing != Hearing::kDeaf) continue;
    if (longest == nullptr || member.proven_to < longest->proven_to) longest = &member;
  }
  if (longest == nullptr) return std::nullopt;
  return Holder{longest->name, longest->proven_to - stepped_};
}

bool SharedClock::MustGiveLeadBack(std::string_view leader) const {
  for (const Member& member : members_) {
    if (member.name != leader) continue;
    return IsDeaf(member.hearing) && OthersHear(member);
  }
  return false;
}

std::string SharedClock::NotListeningBecause() const {
  if (!started_) return "no daemon leads the roll yet";
  if (!AnyHears()) return "no daemon hears its workers; until one does";
  if (const std::optional<Holder> holder = HeldBackBy()) {
    const absl::Duration deaf = now_ - stepped_ - holder->since;
    return Concat({holder->name, " has not heard its workers for ", RoundedUp(deaf),
                   "; until it does, or is dropped in ", RoundedUp(timeout_ - deaf)});
  }
  const absl::Duration left = AllowanceLeft() - (now_ - *proven_to_);
  if (left <= absl::ZeroDuration()) return "";
  return Concat({because_.empty() ? "no daemon heard its workers" : because_, "; workers have ",
                 RoundedUp(left), " more to find their way back"});
}

}  // namespace muster
