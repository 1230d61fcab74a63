#include "store/postgres/daemon_group.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "store/postgres/settings_record.h"

namespace muster::postgres {
namespace {

constexpr int kTicks = 5;
constexpr absl::Duration kAtLeast = absl::Seconds(1);
constexpr int kMaxTicksForward = 2;
// How long to wait for transactions of other daemons, which hold the row of the roll while they commit. After
// so many ticks it must be another program that holds the row; then the wait is short.
constexpr absl::Duration kMaxWait = absl::Milliseconds(250);
constexpr absl::Duration kShortWait = absl::Milliseconds(20);
constexpr int kTicksOfOthers = 3;
constexpr char kRegistryIsHeld[] = "another program holds the roll's row in the database";

constexpr Sql kCountUp = {
    "count_up",
    "INSERT INTO daemons (id, holder, beat, settings) VALUES ($1, $2, 1, $3) "
    "ON CONFLICT (id) DO UPDATE SET beat = daemons.beat + 1, settings = excluded.settings"};
#define MUSTER_REPORT_CLOCK                                                                        \
  "UPDATE roll SET leader_beat = leader_beat + 1, "                                                \
  "allowance_credit = CASE WHEN coalesce(listening, $2) <= $2 THEN $3 ELSE allowance_credit END, " \
  "allowance_left = CASE WHEN coalesce(listening, $2) <= $2 THEN $6 ELSE allowance_left END, "     \
  "boot_id = CASE WHEN coalesce(listening, $2) <= $2 THEN $7 ELSE boot_id END, "                   \
  "proven_at = CASE WHEN coalesce(listening, $2) <= $2 THEN $8 ELSE proven_at END, "               \
  "running = greatest(running, $9), "                                                              \
  "listening = greatest(listening, $2), advancing = $4, not_listening = $5, "                      \
  "reported_at = clock_timestamp() WHERE leader = $1"
// Only if no transaction holds the row.
#define MUSTER_ROLL_IF_FREE "only_row IN (SELECT only_row FROM roll FOR UPDATE SKIP LOCKED)"
constexpr Sql kReportClock = {"report_clock", MUSTER_REPORT_CLOCK " AND " MUSTER_ROLL_IF_FREE};
constexpr Sql kReportClockAgain = {"report_clock_again", MUSTER_REPORT_CLOCK};
constexpr Sql kWait = {"wait_for_so_long", "SELECT set_config('lock_timeout', $1, true)"};
constexpr Sql kListDaemons = {"list_daemons", "SELECT id, beat, holder, settings FROM daemons"};
constexpr Sql kTakeLead = {"take_lead",
                           "UPDATE roll SET leader = $1, leader_beat = leader_beat + 1 "
                           "WHERE leader = $2 AND leader_beat = $3 AND " MUSTER_ROLL_IF_FREE};
constexpr Sql kStrikeOff = {"strike_off", "DELETE FROM daemons WHERE id = $1 AND beat = $2"};
constexpr Sql kGiveLeadBack = {"give_lead_back", "UPDATE roll SET leader = '' WHERE leader = $1"};
constexpr Sql kGiveRunBack = {"give_run_back", "UPDATE roll SET runner = '' WHERE runner = $1"};
constexpr Sql kLeave = {"leave", "DELETE FROM daemons WHERE id = $1"};

Parameters ClockReport(std::string_view id, const ListeningReport& own) {
  Parameters report;
  report.Text(id).Int64(own.state.proven.micros());
  report.Int64(absl::ToInt64Microseconds(own.state.credit)).Bool(own.advancing).Text(own.because);
  report.Int64(absl::ToInt64Microseconds(own.state.allowance_left)).Text(own.state.boot_id);
  report.Int64(absl::ToInt64Microseconds(own.state.proven_at)).Int64(own.running.micros());
  return report;
}

Parameters Id(std::string_view id) {
  Parameters parameters;
  parameters.Text(id);
  return parameters;
}

// What the leader reported, brought forward by its age on the wall clock of the server. That clock may step:
// so by no more than two ticks. The running reading goes on in any case: a stamp that is too early would be
// wrong.
ListeningReport Heard(const RegistryRow& registry, absl::Duration tick) {
  ListeningReport heard;
  heard.state = registry.clock.value_or(ProvenState());
  heard.advancing = registry.advancing;
  heard.because = registry.not_listening;
  const absl::Duration age = std::clamp(registry.age, absl::ZeroDuration(), kMaxTicksForward * tick);
  heard.running = registry.running + age;
  if (heard.advancing) heard.state.proven = heard.state.proven + age;
  return heard;
}

Reply<std::vector<DaemonSettings>> ReadSettings(const Rows& daemons) {
  std::vector<DaemonSettings> all;
  all.reserve(static_cast<std::size_t>(daemons.size()));
  for (int row = 0; row < daemons.size(); ++row) {
    all.push_back({std::string(daemons.Text(row, 2)),
                   daemons.IsNull(row, 3) ? std::string() : std::string(daemons.Json(row, 3))});
  }
  return Checked(daemons, std::move(all));
}

// The number of a daemon in the table; -1 if it is not there. A daemon counts there even while it cannot
// write to the row of the roll.
std::int64_t BeatOf(std::string_view daemon, const Rows& daemons) {
  for (int row = 0; row < daemons.size(); ++row) {
    if (daemons.Text(row, 0) == daemon) return daemons.Int64(row, 1);
  }
  return -1;
}

}  // namespace

int TicksUntilLost(absl::Duration tick) {
  return std::max(kTicks, static_cast<int>(std::ceil(absl::FDivDuration(kAtLeast, tick))));
}

Reply<DaemonGroup::Renewed> DaemonGroup::Renew(Session& session, const ListeningReport& own,
                                               const std::string& settings, absl::Duration tick) {
  Pipeline pipeline;
  Parameters count;
  count.Text(id_).Text(holder_).Json(settings);
  pipeline.Add(kCountUp, std::move(count));
  const bool reports = leads_;
  const std::size_t report_at = pipeline.size();
  if (reports) pipeline.Add(kReportClock, ClockReport(id_, own));
  const std::size_t registry_at = pipeline.Add(kReadRegistry);
  const std::size_t daemons_at = pipeline.Add(kListDaemons);
  const Reply<std::vector<Rows>> answers = session.Run(pipeline);
  if (!answers.ok()) return answers.error();

  Reply<RegistryRow> registry = ReadRegistry((*answers)[registry_at]);
  if (!registry.ok()) return registry.error();
  Renewed renewed;
  renewed.registry = *std::move(registry);
  Reply<std::vector<DaemonSettings>> all = ReadSettings((*answers)[daemons_at]);
  if (!all.ok()) return std::move(all).error();
  renewed.membership.differing_settings = DifferingSettings(*all);
  renewed.membership.longest_timeout = LongestTimeout(*all);
  const int ticks = TicksUntilLost(tick);
  leads_ = renewed.registry.leader == id_;
  const int same =
      leader_.Look(renewed.registry.leader, BeatOf(renewed.registry.leader, (*answers)[daemons_at]));
  if (!leads_ && (renewed.registry.leader.empty() || same >= ticks)) {
    const Reply<bool> taken = TakeLead(session, renewed.registry);
    if (!taken.ok()) return taken.error();
    leads_ = *taken;
  }
  bool reported = true;
  if (reports && leads_ && (*answers)[report_at].affected() == 0) {
    const Reply<bool> again = ReportAgain(session, own, tick);
    if (!again.ok()) return again.error();
    reported = *again;
  }
  unreported_ = reported ? 0 : unreported_ + 1;
  renewed.membership.leads = leads_;
  renewed.membership.heard = Heard(renewed.registry, tick);
  if (unreported_ > kMaxTicksForward) {  // the clocks of the others do not go further
    renewed.membership.leads = false;
    renewed.membership.heard.state = renewed.registry.clock.value_or(ProvenState());
    renewed.membership.heard.advancing = false;
    renewed.membership.heard.because = kRegistryIsHeld;
    return renewed;
  }
  if (leads_) {
    const Reply<bool> lost = StrikeOffTheLost(session, (*answers)[daemons_at], ticks);
    if (!lost.ok()) return lost.error();
    renewed.membership.daemon_lost = *lost;
  } else {
    others_.clear();
  }
  return renewed;
}

Reply<bool> DaemonGroup::ReportAgain(Session& session, const ListeningReport& own, absl::Duration tick) {
  const absl::Duration wait = unreported_ < kTicksOfOthers ? std::min(kMaxWait, tick / 2) : kShortWait;
  Parameters timeout;
  timeout.Text(absl::StrCat(absl::ToInt64Milliseconds(wait), "ms"));
  Pipeline pipeline;
  pipeline.Add(kWait, std::move(timeout));
  pipeline.Add(kReportClockAgain, ClockReport(id_, own));
  const Reply<std::vector<Rows>> answers = session.Run(pipeline);
  if (answers.ok()) return true;
  if (IsHeld(answers.error())) return false;
  return answers.error();
}

Reply<bool> DaemonGroup::TakeLead(Session& session, const RegistryRow& registry) {
  Parameters parameters;
  parameters.Text(id_).Text(registry.leader).Int64(registry.leader_beat);
  const Reply<Rows> taken = session.Run(kTakeLead, std::move(parameters));
  if (!taken.ok()) return taken.error();
  return taken->affected() == 1;
}

Reply<bool> DaemonGroup::StrikeOffTheLost(Session& session, const Rows& daemons, int ticks) {
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
  if (!struck.ok()) return struck.error();
  return std::any_of(struck->begin(), struck->end(), [](const Rows& rows) { return rows.affected() > 0; });
}

void DaemonGroup::Leave(Session& session) {
  Pipeline pipeline;
  pipeline.Add(kGiveLeadBack, Id(id_));
  pipeline.Add(kGiveRunBack, Id(id_));
  pipeline.Add(kLeave, Id(id_));
  (void)session.Run(pipeline);  // if this fails, the others see that its number stands still
  leads_ = false;
}

}  // namespace muster::postgres
