// workerctl heartbeat
#include <algorithm>
#include <optional>

#include "absl/strings/str_cat.h"
#include "workerctl/arguments.h"
#include "workerctl/command_line.h"
#include "workerctl/listing.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

constexpr std::size_t kMaxBatch = 1000;

struct HeartbeatOptions {
  std::vector<std::string> ids;
  std::string instance_id;
  std::optional<std::int32_t> in_use;
  std::string every;
  bool follow = false;
};

struct Heard {
  std::string id;
  v1::WorkerStatus status;
};

struct Refused {
  std::string id;
  Failure failure;
};

// One heartbeat for each of the workers.
struct Round {
  std::vector<Heard> heard;
  std::vector<Refused> refused;
  std::optional<Failure> failed;  // the rest was not heard at all
  absl::Time recorded_at;
  absl::Duration next_interval;
  absl::Duration heartbeat_timeout;
};

template <typename Response>
void TakeAdvice(Round& round, const Response& response) {
  round.recorded_at = TimeOf(response.recorded_at());
  round.next_interval = DurationOf(response.next_interval());
  round.heartbeat_timeout = DurationOf(response.heartbeat_timeout());
}

v1::HeartbeatRequest RequestOf(const std::string& id, const HeartbeatOptions& options) {
  v1::HeartbeatRequest request;
  request.set_worker_id(id);
  request.set_instance_id(options.instance_id);
  if (options.in_use) request.set_in_use(*options.in_use);
  return request;
}

void BeatOne(Session& session, const HeartbeatOptions& options, const std::string& id, Round& round) {
  v1::HeartbeatResponse response;
  const grpc::Status status =
      session.connection().Call(&v1::WorkerCommands::Stub::Heartbeat, RequestOf(id, options), response);
  if (status.ok()) {
    round.heard.push_back({id, response.status()});
    TakeAdvice(round, response);
    return;
  }
  Failure failure = Explain(status, session.AttemptOf("heartbeat", id));
  if (failure.passing) {
    round.failed = std::move(failure);
  } else {
    round.refused.push_back({id, std::move(failure)});
  }
}

// In batches, each one commit. Stops at the first batch that fails as a whole.
void BeatMany(Session& session, const HeartbeatOptions& options, const std::vector<std::string>& ids,
              Round& round) {
  for (std::size_t first = 0; first < ids.size(); first += kMaxBatch) {
    const std::size_t last = std::min(ids.size(), first + kMaxBatch);
    v1::BatchHeartbeatRequest request;
    for (std::size_t i = first; i < last; ++i) *request.add_heartbeats() = RequestOf(ids[i], options);
    v1::BatchHeartbeatResponse response;
    const grpc::Status status =
        session.connection().Call(&v1::WorkerCommands::Stub::BatchHeartbeat, request, response);
    if (!status.ok()) {
      round.failed = Explain(status, session.AttemptOf("heartbeat"));
      return;
    }
    TakeAdvice(round, response);
    for (std::size_t i = first; i < last && i - first < static_cast<std::size_t>(response.results_size());
         ++i) {
      const v1::HeartbeatResult& result = response.results(static_cast<int>(i - first));
      if (result.has_error()) {
        round.refused.push_back(
            {ids[i], Explain(result.error(), session.AttemptOf("heartbeat", ids[i], true))});
      } else {
        round.heard.push_back({ids[i], result.status()});
      }
    }
  }
}

Round Beat(Session& session, const HeartbeatOptions& options, const std::vector<std::string>& ids) {
  Round round;
  if (ids.size() == 1) {
    BeatOne(session, options, ids.front(), round);
  } else {
    BeatMany(session, options, ids, round);
  }
  return round;
}

Json DocumentOf(const Heard& heard, const Round& round) {
  Json document;
  document["id"] = heard.id;
  document["status"] = StatusName(heard.status);
  document["recordedAt"] = Rfc3339(round.recorded_at);
  document["nextInterval"] = SecondsText(round.next_interval);
  document["heartbeatTimeout"] = SecondsText(round.heartbeat_timeout);
  return document;
}

std::vector<Column> Columns() {
  return {{"ID"}, {"STATUS"}, {"RECORDED AT"}, {"NEXT IN"}};
}

std::vector<Cell> RowOf(const Heard& heard, const Round& round) {
  return {{heard.id},
          {StatusName(heard.status), StatusTone(heard.status)},
          {Rfc3339(round.recorded_at)},
          {DurationText(round.next_interval)}};
}

int TellFailures(Session& session, const Round& round) {
  int exit_code = kOk;
  for (const Refused& refused : round.refused) exit_code = session.Fail(refused.failure);
  return round.failed ? session.Fail(*round.failed) : exit_code;
}

int BeatOnce(Session& session, const HeartbeatOptions& options) {
  const Round round = Beat(session, options, options.ids);
  const bool as_object =
      options.ids.size() == 1 && !session.is_table() && session.form() != OutputForm::kName;
  if (as_object) {
    for (const Heard& heard : round.heard) session.Print(DocumentOf(heard, round));
    return TellFailures(session, round);
  }
  Listing listing(session, Columns());
  for (const Heard& heard : round.heard) {
    listing.Add(
        heard.id, [&] { return RowOf(heard, round); }, [&] { return DocumentOf(heard, round); });
  }
  if (options.ids.size() == 1) {
    listing.EndPage();
  } else {
    listing.End();
  }
  return TellFailures(session, round);
}

// Until no worker is left: one that is refused for good (superseded, unregistered) gets no more heartbeats.
// It waits for a daemon that is away for a while.
int BeatForever(Session& session, const HeartbeatOptions& options) {
  Listing listing(session, Columns());
  std::vector<std::string> ids = options.ids;
  absl::Duration interval = options.follow ? absl::Seconds(1) : ParseInterval(options.every);
  bool away = false;
  while (true) {
    const Round round = Beat(session, options, ids);
    for (const Heard& heard : round.heard) {
      if (session.form() == OutputForm::kJson) {
        session.out() << CompactJson(DocumentOf(heard, round)) << "\n";  // a list that never ends: one a line
      } else {
        listing.Add(
            heard.id, [&] { return RowOf(heard, round); }, [&] { return DocumentOf(heard, round); });
      }
    }
    listing.EndPage();
    if (!listing.Wanted()) return kOk;
    for (const Refused& refused : round.refused) {
      session.Fail(refused.failure);
      if (!refused.failure.passing) std::erase(ids, refused.id);
    }
    if (ids.empty()) return kRefused;
    if (round.failed && !round.failed->passing) return session.Fail(*round.failed);
    if (round.failed && !away) session.Fail(*round.failed);  // once, not at every try
    away = round.failed.has_value();
    if (options.follow && !away && round.next_interval > absl::ZeroDuration()) interval = round.next_interval;
    session.surroundings().wait(interval);
  }
}

}  // namespace

void AddHeartbeat(CommandLine& line) {
  auto options = std::make_shared<HeartbeatOptions>();
  CLI::App& command = line.Add("heartbeat", "Say that workers live",
                               "workerctl heartbeat worker-1 --in-use 3\n"
                               "workerctl heartbeat worker-1 worker-2 worker-3\n"
                               "workerctl heartbeat worker-1 --instance-id boot-2 --follow",
                               "A heartbeat does not change the status; the daemon's jobs do. With --every "
                               "and --follow it goes on until all\n"
                               "workers are refused (exit 1: unregistered, or another instance took the id "
                               "over), and waits for a daemon that\n"
                               "is away.");
  line.TakesWorkerId(command.add_option("ID", options->ids, "The workers that live")->required());
  command
      .add_option("--instance-id", options->instance_id,
                  "The instance of the registration: refused once another took the id over")
      ->type_name("ID");
  command.add_option("--in-use", options->in_use, "How much of the capacity is busy")->type_name("N");
  CLI::Option* every = command.add_option("--every", options->every, "Again and again, at this interval")
                           ->type_name("DURATION");
  command.add_flag("--follow", options->follow, "Again and again, at the interval that the daemon advises")
      ->excludes(every);
  line.OnRun(
      command,
      [options](Session& session) {
        return options->follow || !options->every.empty() ? BeatForever(session, *options)
                                                          : BeatOnce(session, *options);
      },
      [options] {
        if (!options->every.empty()) ParseInterval(options->every);
      });
}

}  // namespace muster::ctl
