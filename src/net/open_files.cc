#include "net/open_files.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "net/acceptor_thread.h"
#include "runtime/log.h"

namespace muster::net {
namespace {

// For the store, its database connections and its files, gRPC's and our own polling, and HTTP clients that
// are told that there are too many.
constexpr std::size_t kOtherFiles = 1000;
constexpr std::size_t kFewestOtherFiles = 96;
// With fewer, the limit is taken for a mistake.
constexpr std::size_t kFewFiles = 4096;

std::size_t OtherFiles(std::size_t files) {
  return std::clamp(files / 4, kFewestOtherFiles, kOtherFiles);
}

ConnectionLimits Limits(std::size_t in_all, const std::optional<std::size_t>& from_one_address) {
  in_all = std::clamp<std::size_t>(in_all, 1, kMostConnections);
  return {in_all, from_one_address.value_or((in_all + 1) / 2)};
}

}  // namespace

std::size_t RaiseOpenFiles() {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return kFewFiles;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) {
    Log(LogLevel::kWarning, "the limit of open files cannot be raised",
        {{"because", std::strerror(errno)}, {"limit", absl::StrCat(before)}});
    limit.rlim_cur = before;
  }
  Log(LogLevel::kDebug, "open files",
      {{"limit", absl::StrCat(limit.rlim_cur)}, {"before", absl::StrCat(before)}});
  return limit.rlim_cur;
}

ConnectionPlan PlanConnections(std::size_t files, const WantedConnections& wanted) {
  const std::size_t other = OtherFiles(files);
  const std::size_t rest = files - std::min(files, other);
  const std::size_t http =
      wanted.http_on ? wanted.http.value_or(std::min(kUsualHttpConnections, rest / 4)) : 0;
  const std::size_t grpc =
      wanted.grpc.value_or(std::max(rest - std::min(http, rest), rest / 4) / kFilesOfConnection);
  const std::size_t needed = http + grpc * kFilesOfConnection;
  ConnectionPlan plan;
  // What is too much is taken from both alike.
  const auto share = [&](std::size_t connections) {
    return needed <= rest ? connections : connections * rest / needed;
  };
  plan.grpc = Limits(share(grpc), wanted.from_one_address);
  plan.http = Limits(share(http), wanted.from_one_address);
  const bool asked_for_more = (wanted.grpc && plan.grpc.in_all < *wanted.grpc) ||
                              (wanted.http_on && wanted.http && plan.http.in_all < *wanted.http);
  if (asked_for_more) plan.files_needed = needed + kOtherFiles;
  if (!asked_for_more && files < kFewFiles && !wanted.grpc) plan.files_needed = kFewFiles;
  return plan;
}

}  // namespace muster::net
