#include "store/postgres/membership.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace muster::postgres {
namespace {

constexpr int kTicks = 5;
constexpr absl::Duration kAtLeast = absl::Seconds(1);
constexpr int kMostTicksForward = 2;

constexpr Sql kCountUp = {"count_up",
                          "INSERT INTO daemons (id, holder, beat) VALUES ($1, $2, 1) "
                          "ON CONFLICT (id) DO UPDATE SET beat = daemons.beat + 1"};
constexpr Sql kReportClock = {
    "report_clock",
    "UPDATE roll SET leader_beat = leader_beat + 1, "
    "allowance_credit = CASE WHEN coalesce(listening, $2) <= $2 THEN $3 ELSE allowance_credit END, "
    "listening = greatest(listening, $2), advancing = $4, not_listening = $5, "
    "reported_at = clock_timestamp() WHERE leader = $1"};
constexpr Sql kListDaemons = {"list_daemons", "SELECT id, beat FROM daemons"};
constexpr Sql kTakeLead = {"take_lead",
                           "UPDATE roll SET leader = $1, leader_beat = leader_beat + 1 "
                           "WHERE leader = $2 AND leader_beat = $3"};
constexpr Sql kStrikeOff = {"strike_off", "DELETE FROM daemons WHERE id = $1 AND beat = $2"};
constexpr Sql kGiveLeadBack = {"give_lead_back", "UPDATE roll SET leader = '' WHERE leader = $1"};
constexpr Sql kGiveRunBack = {"give_run_back", "UPDATE roll SET runner = '' WHERE runner = $1"};
constexpr Sql kLeave = {"leave", "DELETE FROM daemons WHERE id = $1"};

Parameters Id(std::string_view id) {
  Parameters parameters;
  parameters.Text(id);
  return parameters;
}

// What the leader said, brought forward by the age that the server gives it. That is the server's wall clock,
// which may step: so by no more than two ticks.
ListeningReport Heard(const RollRow& roll, absl::Duration tick) {
  ListeningReport heard;
  heard.state = roll.clock.value_or(ListeningState());
  heard.advancing = roll.advancing;
  heard.because = roll.not_listening;
  if (heard.advancing) {
    heard.state.now = heard.state.now + std::clamp(roll.age, absl::ZeroDuration(), kMostTicksForward * tick);
  }
  return heard;
}

}  // namespace

int TicksUntilLost(absl::Duration tick) {
  return std::max(kTicks, static_cast<int>(std::ceil(absl::FDivDuration(kAtLeast, tick))));
}

Reply<Membership::Attended> Membership::Attend(const Session& session, const ListeningReport& own,
                                               absl::Duration tick) {
  Pipeline pipeline;
  Parameters count;
  count.Text(id_).Text(holder_);
  pipeline.Add(kCountUp, std::move(count));
  if (leads_) {
    Parameters report;
    report.Text(id_).Int64(own.state.now.micros());
    report.Int64(absl::ToInt64Microseconds(own.state.allowance_credit)).Bool(own.advancing).Text(own.because);
    pipeline.Add(kReportClock, std::move(report));
  }
  const std::size_t roll_at = pipeline.Add(kReadRoll);
  const std::size_t daemons_at = pipeline.Add(kListDaemons);
  const Reply<std::vector<Rows>> answers = session.Run(pipeline);
  if (!answers.ok()) return answers.failure();

  Attended attended;
  attended.roll = ReadRoll((*answers)[roll_at]);
  const int ticks = TicksUntilLost(tick);
  leads_ = attended.roll.leader == id_;
  const int same = leader_.Look(attended.roll.leader, attended.roll.leader_beat);
  if (!leads_ && (attended.roll.leader.empty() || same >= ticks)) {
    const Reply<bool> taken = TakeLead(session, attended.roll);
    if (!taken.ok()) return taken.failure();
    leads_ = *taken;
  }
  attended.standing.leads = leads_;
  attended.standing.workers = attended.roll.workers;
  attended.standing.heard = Heard(attended.roll, tick);
  if (leads_) {
    const Reply<bool> lost = StrikeOffTheLost(session, (*answers)[daemons_at], ticks);
    if (!lost.ok()) return lost.failure();
    attended.standing.daemon_lost = *lost;
  } else {
    others_.clear();
  }
  return attended;
}

Reply<bool> Membership::TakeLead(const Session& session, const RollRow& roll) {
  Parameters parameters;
  parameters.Text(id_).Text(roll.leader).Int64(roll.leader_beat);
  const Reply<Rows> taken = session.Run(kTakeLead, std::move(parameters));
  if (!taken.ok()) return taken.failure();
  return taken->affected() == 1;
}

Reply<bool> Membership::StrikeOffTheLost(const Session& session, const Rows& daemons, int ticks) {
  Pipeline pipeline;
  std::map<std::string, StandsStill, std::less<>> there;
  for (int row = 0; row < daemons.size(); ++row) {
    std::string id(daemons.Text(row, 0));
    if (id == id_) continue;
    const std::int64_t beat = daemons.Int64(row, 1);
    StandsStill& seen = there[id] = others_[id];
    if (seen.Look(id, beat) < ticks) continue;
    Parameters parameters;
    parameters.Text(id).Int64(beat);
    pipeline.Add(kStrikeOff, std::move(parameters));
  }
  others_ = std::move(there);
  if (pipeline.empty()) return false;
  const Reply<std::vector<Rows>> struck = session.Run(pipeline);
  if (!struck.ok()) return struck.failure();
  return std::any_of(struck->begin(), struck->end(), [](const Rows& rows) { return rows.affected() > 0; });
}

void Membership::Leave(const Session& session) {
  Pipeline pipeline;
  pipeline.Add(kGiveLeadBack, Id(id_));
  pipeline.Add(kGiveRunBack, Id(id_));
  pipeline.Add(kLeave, Id(id_));
  (void)session.Run(pipeline);  // whoever cannot say good-bye is missed a few ticks later
  leads_ = false;
}

}  // namespace muster::postgres
