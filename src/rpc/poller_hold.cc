#include "rpc/poller_hold.h"

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <algorithm>

#include "absl/synchronization/notification.h"

namespace muster::rpc {
namespace {

constexpr absl::Duration kAnswerWithin = absl::Seconds(1);

}  // namespace

// The version of Debian 12 and of Debian 13. For another version: check that the test passes there, and add
// it.
bool PollersAreKnown(std::string_view grpc_version) {
  return grpc_version.starts_with("1.51.");
}

int PollersStarted(int cores) {
  return std::clamp(cores / 2, 2, 16);  // CallbackAlternativeCQ::Ref
}

int PollersToHold(int cores, int usable_cores) {
  return std::max(0, PollersStarted(cores) - std::max(1, usable_cores / 2));
}

/// A call to a method that does not exist. Its answer comes on a poller, and the poller waits there until
/// GoOn.
class PollerHold::Call {
 public:
  explicit Call(const std::shared_ptr<grpc::Channel>& channel) : stub_(channel) {
    stub_.UnaryCall(&context_, "/muster.internal/None", {}, &request_, &response_,
                    [this](const grpc::Status&) {
                      answered_.Notify();
                      go_on_.WaitForNotification();
                      gone_on_.Notify();
                    });
  }
  ~Call() {
    GoOn();
    gone_on_.WaitForNotification();
  }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  bool Answered() const { return answered_.WaitForNotificationWithTimeout(kAnswerWithin); }
  void GoOn() {
    if (!go_on_.HasBeenNotified()) go_on_.Notify();
  }

 private:
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub_;
  grpc::ClientContext context_;
  const grpc::Slice nothing_;
  const grpc::ByteBuffer request_{&nothing_, 1};
  grpc::ByteBuffer response_;
  absl::Notification answered_;
  absl::Notification go_on_;
  absl::Notification gone_on_;
};

PollerHold::PollerHold(const std::shared_ptr<grpc::Channel>& channel, int pollers) {
  for (int i = 0; i < pollers; ++i) {
    held_.push_back(std::make_unique<Call>(channel));
    Call check(channel);
    check.GoOn();
    if (held_.back()->Answered() && check.Answered()) continue;
    held_.clear();  // no poller is left: all go on, and the check is answered
    return;
  }
}

PollerHold::~PollerHold() = default;

}  // namespace muster::rpc
