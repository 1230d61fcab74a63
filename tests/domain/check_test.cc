// A broken precondition ends the process, in release builds too, and says where.
#include "muster/check.h"

#include <csignal>
#include <string>
#include <utility>

#include "death.h"
#include "domain/transitions.h"
#include "muster/result.h"

namespace muster {
namespace {

using testing::CheckDies;
using testing::Death;
using testing::DeathOf;

TEST_CASE("A check that holds does nothing else, and is evaluated once") {
  int evaluated = 0;
  MUSTER_CHECK(++evaluated == 1, "it is");
  CHECK(evaluated == 1);
}

TEST_CASE("A check that fails ends the process with one line: the place, the condition, what must hold") {
  const Death death = DeathOf([] { MUSTER_CHECK(1 + 1 == 3, "sums are right"); });
  CHECK(death.signal == SIGABRT);
  const std::string line = std::to_string(__LINE__ - 2);
  CHECK(death.said == "check failed at domain/check_test.cc:" + line + ": 1 + 1 == 3: sums are right\n");
}

TEST_CASE("Even if the message is long, the line is complete") {
  static const std::string long_message(2'000, 'x');
  const Death death = DeathOf([] { MUSTER_CHECK(false, long_message.c_str()); });
  CHECK(death.signal == SIGABRT);
  CHECK(death.said.size() > 400);
  CHECK(death.said.find('\n') == death.said.size() - 1);
}

TEST_CASE("A Result gives no value where it has an error, and no error where it has a value") {
  static Result<std::string> error = WorkerNotFound{"w"};
  static Result<std::string> value = std::string("v");
  const std::string no_value = "a value is read only where there is one";
  CheckDies([] { (void)*error; }, no_value);
  CheckDies([] { (void)error->size(); }, no_value);
  CheckDies([] { (void)*std::move(error); }, no_value);
  CheckDies([] { (void)*std::as_const(error); }, no_value);
  const std::string no_error = "an error is read only where there is one";
  CheckDies([] { (void)value.error(); }, no_error);
  CheckDies([] { (void)std::move(value).error(); }, no_error);
  CHECK(*value == "v");
  CHECK(ReasonOf(error.error()) == "WORKER_NOT_FOUND");
}

TEST_CASE("A worker is moved along a legal move, or not at all") {
  static Worker failed;
  failed.status = WorkerStatus::kFailed;
  CheckDies([] { (void)Moved(failed, WorkerStatus::kActive, MoveCause::kOperator, {}, "", 2); },
            "only legal moves are made");
}

}  // namespace
}  // namespace muster
