// The daemons that share the roll, on the writer: at every tick this one takes part, and learns its part.
#include <utility>
#include <variant>

#include "absl/strings/str_join.h"
#include "registry/writer.h"
#include "runtime/log.h"
#include "store/store.h"

namespace muster {

void Registry::Writer::RenewMembership() {
  last_renewed_ = now_;
  const bool led_before = listening_.Now(now_).leads;
  Result<Membership> renewed = coordination_->RenewMembership(listening_.Report(now_), *settings_,
                                                              ProbedClock::TickLength(*settings_));
  membership_error_.reset();
  if (!renewed.ok()) {
    membership_error_ = StoreUnavailable{MessageOf(renewed.error())};
    if (const auto* away = std::get_if<StoreUnavailable>(&renewed.error())) membership_error_ = *away;
    return listening_.CommitFailed(clock_.MonotonicNow());
  }
  SayWhatChanged(*renewed, led_before);
  longest_timeout_ = renewed->longest_timeout;
  if (renewed->leads) {
    listening_.Lead(now_, store_->LastListening(), *settings_);
  } else {
    listening_.Follow(now_, renewed->heard, *settings_);
  }
  if (renewed->daemon_lost) listening_.DaemonLost();
  listening_.CommitWorked();
  {
    const MutexLock lock(mu_);
    differing_settings_ = std::move(renewed->differing_settings);
  }
  PutTimeoutInForce();
}

void Registry::Writer::SayWhatChanged(const Membership& membership, bool led_before) {
  if (membership.leads && !led_before) Log(LogLevel::kInfo, "this daemon leads: it runs the scheduled jobs");
  if (!membership.leads && led_before) {
    Log(LogLevel::kWarning, "this daemon does not lead any more",
        {{"because", membership.heard.because.empty() ? "another one does" : membership.heard.because}});
  }
  if (membership.differing_settings == said_differing_settings_) return;
  said_differing_settings_ = membership.differing_settings;
  if (said_differing_settings_.empty()) {
    Log(LogLevel::kInfo, "the daemons of this roll have the same settings now");
  } else {
    Log(LogLevel::kWarning, "the daemons of this roll have different settings: give all of them the same",
        {{"settings", absl::StrJoin(said_differing_settings_, "; ")}});
  }
}

}  // namespace muster
