#include "workloads.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "google/protobuf/message_lite.h"
#include "muster/v1/commands.pb.h"

namespace muster::bench {
namespace {

constexpr std::int64_t kBatch = 1000;

std::string WorkerId(std::int64_t worker) {
  return absl::StrCat("bench-", worker);
}
std::string InstanceId(std::int64_t worker) {
  return absl::StrCat("instance-", worker * 31 + 7);
}

/// gRPC's framing: not compressed, four bytes of length, the message.
void Frame(const google::protobuf::MessageLite& message, std::string& out) {
  const auto size = static_cast<std::uint32_t>(message.ByteSizeLong());
  out.assign({'\0', static_cast<char>(size >> 24), static_cast<char>(size >> 16),
              static_cast<char>(size >> 8), static_cast<char>(size)});
  message.AppendToString(&out);
}

void Describe(std::int64_t worker, v1::HeartbeatRequest& heartbeat) {
  heartbeat.set_worker_id(WorkerId(worker));
  if (worker % 2 == 0) heartbeat.set_instance_id(InstanceId(worker));
  if (worker % 3 == 0) heartbeat.set_in_use(static_cast<std::int32_t>(worker % 50));
}

}  // namespace

bool RegisterWorkload::Next(std::string& body) {
  if (next_ == workers_) return false;
  const std::int64_t worker = next_++;
  v1::RegisterWorkerRequest request;
  request.set_worker_id(WorkerId(worker));
  request.set_instance_id(InstanceId(worker));
  request.set_region(absl::StrCat("region-", worker % 8));
  request.set_capacity(static_cast<std::int32_t>(1 + worker % 64));
  request.add_capabilities(worker % 2 == 0 ? "gpu" : "cpu");
  (*request.mutable_metadata())["rack"] = absl::StrCat("r", worker % 100);
  Frame(request, body);
  return true;
}

HeartbeatWorkload::HeartbeatWorkload(std::int64_t workers) {
  bodies_.resize(static_cast<std::size_t>(workers));
  v1::HeartbeatRequest request;
  for (std::int64_t worker = 0; worker < workers; ++worker) {
    request.Clear();
    Describe(worker, request);
    Frame(request, bodies_[static_cast<std::size_t>(worker)]);
  }
}

bool BadWorkload::Next(std::string& body) {
  const std::int64_t number = next_++;
  v1::HeartbeatRequest request;
  request.set_worker_id(WorkerId(number * 7919 % workers_));
  if (number % 2 == 0) {
    request.set_in_use(-1);
  } else {
    request.set_instance_id("another");
  }
  Frame(request, body);
  return true;
}

bool HeartbeatWorkload::Next(std::string& body) {
  caller_ = next_;
  body = bodies_[caller_];
  // A prime, so that the order is not the order of registration and every worker has its turn.
  next_ = (next_ + 7919) % bodies_.size();
  return true;
}

BatchWorkload::BatchWorkload(std::int64_t workers, bool once) : once_(once) {
  const std::int64_t batches = std::max<std::int64_t>(1, workers / kBatch);
  bodies_.resize(static_cast<std::size_t>(batches));
  v1::BatchHeartbeatRequest request;
  for (std::int64_t batch = 0; batch < batches; ++batch) {
    request.Clear();
    for (std::int64_t i = 0; i < kBatch; ++i)
      Describe((batch + i * batches) % workers, *request.add_heartbeats());
    Frame(request, bodies_[static_cast<std::size_t>(batch)]);
  }
}

bool BatchWorkload::Next(std::string& body) {
  if (done_) return false;
  caller_ = next_;
  body = bodies_[caller_];
  next_ = (next_ + 1) % bodies_.size();
  done_ = once_ && next_ == 0;
  return true;
}

std::int64_t BatchWorkload::Accepted(std::string_view message) const {
  v1::BatchHeartbeatResponse response;
  if (!response.ParseFromArray(message.data(), static_cast<int>(message.size()))) return 0;
  return std::count_if(response.results().begin(), response.results().end(),
                       [](const v1::HeartbeatResult& result) { return !result.has_error(); });
}

}  // namespace muster::bench
