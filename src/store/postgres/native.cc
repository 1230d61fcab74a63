#include "store/postgres/native.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "runtime/log.h"

namespace muster::postgres {
namespace {

// Messages of libpq end in a newline, and some have several lines.
std::string OneLine(const char* message) {
  std::string line = message == nullptr ? "" : message;
  absl::StripTrailingAsciiWhitespace(&line);
  return absl::StrReplaceAll(line, {{"\n", "; "}, {"\t", " "}});
}

void LogNotice(void* /*unused*/, const char* message) {
  Log(LogLevel::kDebug, "postgres says", {{"notice", OneLine(message)}});
}

Failure Away(std::string detail) {
  Failure failure;
  failure.kind = FailureKind::kAway;
  failure.detail = std::move(detail);
  return failure;
}

// The events that happened; 0 when the deadline has passed.
short Await(int socket, short events, const Deadline& deadline) {
  pollfd descriptor = {socket, events, 0};
  while (true) {
    const absl::Duration left = deadline.Left();
    constexpr absl::Duration kLongest = absl::Hours(1);  // fits poll's int
    const absl::Duration wait =
        std::clamp(absl::Ceil(left, absl::Milliseconds(1)), absl::ZeroDuration(), kLongest);
    const int ready = poll(&descriptor, 1, static_cast<int>(absl::ToInt64Milliseconds(wait)));
    if (ready > 0) return descriptor.revents;
    if (ready == 0 && wait < kLongest) return 0;
    if (ready < 0 && errno != EINTR) return POLLERR;
  }
}

}  // namespace

void FinishConnection::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

void ClearResult::operator()(pg_result* result) const {
  PQclear(result);
}

absl::Duration Deadline::Left() const {
  return std::max(absl::ZeroDuration(), at_ - clock_->MonotonicNow());
}

Failure Deadline::Passed() const {
  return Away(absl::StrCat("no answer within ", absl::FormatDuration(timeout_)));
}

Failure LostFailure(pg_conn* connection) {
  return Away(OneLine(PQerrorMessage(connection)));
}

Failure FailureOf(const pg_result* result, std::string_view doing) {
  const auto field = [&](int code) {
    const char* value = PQresultErrorField(result, code);
    return std::string(value == nullptr ? "" : value);
  };
  Failure failure;
  failure.sqlstate = field(PG_DIAG_SQLSTATE);
  failure.kind = KindOf(failure.sqlstate);
  failure.statement = doing;
  failure.detail = absl::StrCat(OneLine(PQresultErrorMessage(result)), " (in ", std::string(doing), ")");
  return failure;
}

Reply<NativeConnection> Connect(const Target& target, const Deadline& deadline) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : target) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  NativeConnection connection(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (connection == nullptr) return Away("out of memory");
  PQsetNoticeProcessor(connection.get(), &LogNotice, nullptr);

  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (PQstatus(connection.get()) != CONNECTION_BAD && state != PGRES_POLLING_FAILED) {
    if (state == PGRES_POLLING_OK) {
      if (PQsetnonblocking(connection.get(), 1) != 0) break;
      return connection;
    }
    const short events = state == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (Await(PQsocket(connection.get()), events, deadline) == 0) {
      const char* host = PQhost(connection.get());
      Failure failure = deadline.Passed();
      absl::StrAppend(&failure.detail, " from ", host == nullptr ? "" : host, ":", PQport(connection.get()));
      return failure;
    }
    state = PQconnectPoll(connection.get());
  }
  return LostFailure(connection.get());
}

Reply<NativeResult> NextResult(pg_conn* connection, const Deadline& deadline) {
  while (PQisBusy(connection) != 0) {
    const int unsent = PQflush(connection);
    if (unsent < 0) return LostFailure(connection);
    const short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
    const short ready = Await(PQsocket(connection), events, deadline);
    if (ready == 0) return deadline.Passed();
    // A server that ends the session says why before it closes the connection. That is read even then.
    if ((ready & ~POLLOUT) != 0 && PQconsumeInput(connection) == 0 && PQisBusy(connection) != 0) {
      return LostFailure(connection);
    }
  }
  return NativeResult(PQgetResult(connection));
}

bool IsStillThere(pg_conn* connection) {
  pollfd descriptor = {PQsocket(connection), POLLIN, 0};
  while (PQstatus(connection) == CONNECTION_OK) {
    if (poll(&descriptor, 1, 0) <= 0) return true;
    if (PQconsumeInput(connection) == 0) return false;
    (void)PQisBusy(connection);  // reads what came: a notice, or why the server closes the connection
  }
  return false;
}

}  // namespace muster::postgres
