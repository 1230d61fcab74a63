#include "workerctl/connection.h"

#include <grpc/support/time.h>

#include "absl/strings/str_cat.h"
#include "workerctl/arguments.h"

namespace muster::ctl {
namespace {

// Pages are about 1 MiB; but a summary has an entry for each region, however many there are.
constexpr int kMaxReplyBytes = 64 * 1024 * 1024;

std::shared_ptr<grpc::Channel> NewChannel(const std::string& server) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxReplyBytes);
  arguments.SetUserAgentPrefix(absl::StrCat("workerctl/", MUSTER_VERSION));
  if (IsLoopback(server))
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);  // http_proxy is not meant for these
  return grpc::CreateCustomChannel(server, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

Connection::Connection(const std::string& server, absl::Duration timeout)
    : timeout_(timeout),
      channel_(NewChannel(server)),
      commands_(v1::WorkerCommands::NewStub(channel_)),
      queries_(v1::WorkerQueries::NewStub(channel_)) {}

void Connection::SetDeadline(grpc::ClientContext& context) const {
  context.set_deadline(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                                    gpr_time_from_micros(absl::ToInt64Microseconds(timeout_), GPR_TIMESPAN)));
}

}  // namespace muster::ctl
