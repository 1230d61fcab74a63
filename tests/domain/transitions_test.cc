// The status machine, walked in full: every status, every target, every cause.
#include "domain/transitions.h"

#include <set>
#include <string>
#include <tuple>

#include "catch.h"

using namespace muster;
using enum muster::WorkerStatus;

namespace {

constexpr MoveCause kAllCauses[] = {MoveCause::kOperator, MoveCause::kActivation, MoveCause::kStaleDetection,
                                    MoveCause::kReactivation};

std::string MoveName(WorkerStatus from, WorkerStatus to, MoveCause by) {
  return std::string(StatusName(from)) + " -> " + std::string(StatusName(to)) + " by " +
         std::to_string(static_cast<int>(by));
}

}  // namespace

TEST_CASE("the legal moves are those of the contract, and no others") {
  // The table of the design, repeated here on purpose.
  const std::set<std::tuple<WorkerStatus, WorkerStatus, MoveCause>> legal = {
      {kPending, kActive, MoveCause::kActivation},     {kPending, kActive, MoveCause::kOperator},
      {kActive, kOffline, MoveCause::kStaleDetection}, {kActive, kOffline, MoveCause::kOperator},
      {kOffline, kActive, MoveCause::kReactivation},   {kOffline, kActive, MoveCause::kOperator},
      {kPending, kFailed, MoveCause::kOperator},       {kActive, kFailed, MoveCause::kOperator},
      {kOffline, kFailed, MoveCause::kOperator},
  };
  for (const WorkerStatus from : kAllStatuses) {
    for (const WorkerStatus to : kAllStatuses) {
      for (const MoveCause by : kAllCauses) {
        INFO(MoveName(from, to, by));
        const Verdict expected = from == to                       ? Verdict::kStay
                                 : legal.contains({from, to, by}) ? Verdict::kMove
                                                                  : Verdict::kRefuse;
        CHECK(Decide(from, to, by) == expected);
      }
    }
  }
}

TEST_CASE("an id is handed over in every status but Failed") {
  CHECK(MayBeReplaced(kPending));
  CHECK(MayBeReplaced(kActive));
  CHECK(MayBeReplaced(kOffline));
  CHECK_FALSE(MayBeReplaced(kFailed));
}

TEST_CASE("the moves that a message offers are the legal ones") {
  CHECK(LegalMovesByHand(kPending) == "Active or Failed");
  CHECK(LegalMovesByHand(kActive) == "Offline or Failed");
  CHECK(LegalMovesByHand(kOffline) == "Active or Failed");
  CHECK(LegalMovesByHand(kFailed).empty());
}

TEST_CASE("a move changes the status and what belongs to it, and nothing else") {
  Worker worker;
  worker.id = "w";
  worker.config.region = "eu";
  worker.instance_id = "a";
  worker.status = kOffline;
  worker.revision = 3;
  worker.activated_by_hand_at = ListeningTime::FromMicros(5);
  worker.called_offline_at = ListeningTime::FromMicros(6);
  const Moment now{absl::FromUnixSeconds(100), ListeningTime::FromMicros(7)};

  const Worker moved = Moved(worker, kActive, MoveCause::kOperator, now, "back from repair", 9);
  CHECK(moved.status == kActive);
  CHECK(moved.status_reason == "back from repair");
  CHECK(moved.status_changed_at == now.wall);
  CHECK(moved.revision == 9);
  CHECK(moved.activated_by_hand_at == now.listening);
  CHECK_FALSE(moved.called_offline_at);
  CHECK(moved.id == "w");
  CHECK(moved.config == worker.config);
  CHECK(moved.instance_id == "a");

  SECTION("a job that activates it leaves the moment of the last activation by hand alone") {
    CHECK(Moved(worker, kActive, MoveCause::kReactivation, now, "", 9).activated_by_hand_at ==
          ListeningTime::FromMicros(5));
  }
  SECTION("only stale detection calls a worker Offline; an operator just moves it") {
    worker.status = kActive;
    CHECK(Moved(worker, kOffline, MoveCause::kStaleDetection, now, "", 9).called_offline_at == now.listening);
    CHECK_FALSE(Moved(worker, kOffline, MoveCause::kOperator, now, "", 9).called_offline_at);
  }
}
