#include "workerctl/connection.h"

#include <grpc/support/time.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "workerctl/arguments.h"
#include "workerctl/interrupt.h"

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

gpr_timespec After(absl::Duration timeout) {
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_micros(absl::ToInt64Microseconds(timeout), GPR_TIMESPAN));
}

}  // namespace

Connection::Connection(std::string server, absl::Duration timeout, Interrupt* interrupt)
    : server_(std::move(server)),
      timeout_(timeout),
      interrupt_(interrupt),
      channel_(NewChannel(server_)),
      commands_(v1::WorkerCommands::NewStub(channel_)),
      queries_(v1::WorkerQueries::NewStub(channel_)) {}

bool Connection::WaitUntilReachable() {
  return channel_->WaitForConnected(After(timeout_));
}

Connection::Started::Started(Connection& connection, grpc::ClientContext& context) : connection_(connection) {
  context.set_deadline(After(connection.timeout_));
  if (connection_.interrupt_ != nullptr) connection_.interrupt_->Watch(&context);
}

Connection::Started::~Started() {
  if (connection_.interrupt_ != nullptr) connection_.interrupt_->Watch(nullptr);
}

}  // namespace muster::ctl
