#include "store/postgres/failure.h"

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "runtime/log.h"

namespace muster::postgres {
namespace {

// Class 08 is about the connection, 57P about an action of an operator on the server, 53 about resources that
// the server lacks.
constexpr std::string_view kConnection = "08";
constexpr std::string_view kOperator = "57P";
constexpr std::string_view kResources = "53";

constexpr std::string_view kDiskFull = "53100";
constexpr std::string_view kReadOnly = "25006";       // a standby, or a primary that became one
constexpr std::string_view kQueryCanceled = "57014";  // by a time limit of the server, or by an operator
constexpr std::string_view kIdleTimeouts[] = {"25P03", "25P04"};
// A statement that was prepared before the schema changed, or before a proxy gave us another session.
constexpr std::string_view kPlanGone[] = {"0A000", "26000"};
// Class 22 is a value that does not fit its type, 23 one that breaks a constraint. The division by zero is
// our own check: see beats.cc.
constexpr std::string_view kValues[] = {"22", "23"};
constexpr std::string_view kDivisionByZero = "22012";
constexpr std::string_view kLockNotAvailable = "55P03";
constexpr std::string_view kConflicts[] = {"40001", "40P01", kLockNotAvailable};

template <typename List>
bool Contains(const List& list, std::string_view sqlstate) {
  return std::find(std::begin(list), std::end(list), sqlstate) != std::end(list);
}

}  // namespace

bool EndsConnection(std::string_view sqlstate) {
  return sqlstate.starts_with(kConnection) || sqlstate.starts_with(kOperator) || sqlstate == kReadOnly ||
         Contains(kIdleTimeouts, sqlstate) || Contains(kPlanGone, sqlstate);
}

FailureKind KindOf(std::string_view sqlstate) {
  if (sqlstate == kDiskFull) return FailureKind::kRefused;
  if (sqlstate.empty() || EndsConnection(sqlstate) || sqlstate.starts_with(kResources) ||
      sqlstate == kQueryCanceled) {
    return FailureKind::kAway;
  }
  if (Contains(kConflicts, sqlstate)) return FailureKind::kConflict;
  return sqlstate != kDivisionByZero && Contains(kValues, sqlstate.substr(0, 2)) ? FailureKind::kBadValue
                                                                                 : FailureKind::kRefused;
}

StoreUnavailable WhyUnavailable(const Failure& failure) {
  if (failure.sqlstate == kDiskFull) return {"the disk of the store is full"};
  switch (failure.kind) {
    case FailureKind::kAway:
      return {failure.in_doubt ? "it went away before it confirmed" : "it cannot be reached",
              failure.in_doubt};
    case FailureKind::kConflict:
      return {failure.sqlstate == kLockNotAvailable ? "another program holds what is needed in the database"
                                                    : "the store is busy with conflicting changes"};
    case FailureKind::kBadValue:
      return {"the store cannot hold a value that it was given"};
    case FailureKind::kOutdated:
      return {"the daemon is too old for the schema of its database"};
    case FailureKind::kRefused:
      break;
  }
  return {"the store failed"};
}

StoreUnavailable Report(const Failure& failure, std::string_view doing) {
  Log(failure.logged ? LogLevel::kDebug : LogLevel::kWarning, "the store failed",
      {{"doing", std::string(doing)},
       {"sqlstate", failure.sqlstate},
       {"in_doubt", failure.in_doubt ? "yes" : "no"},
       {"detail", failure.detail}});
  return WhyUnavailable(failure);
}

absl::Status StatusOf(const Failure& failure, std::string_view doing) {
  const std::string text = absl::StrCat(std::string(doing), ": ", failure.detail);
  switch (failure.kind) {
    case FailureKind::kAway:
      return absl::UnavailableError(text);
    case FailureKind::kConflict:
      return absl::AbortedError(text);
    case FailureKind::kBadValue:
    case FailureKind::kOutdated:
    case FailureKind::kRefused:
      break;
  }
  return absl::FailedPreconditionError(text);
}

}  // namespace muster::postgres
