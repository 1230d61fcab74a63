#include "rpc/wire_error.h"

#include <string>
#include <variant>

#include "google/rpc/error_details.pb.h"
#include "rpc/convert.h"

namespace muster::rpc {
namespace {

// The store comes back by itself; the time is not known.
constexpr absl::Duration kRetryStore = absl::Seconds(1);

using Entries = google::protobuf::Map<std::string, std::string>;

/// The code of each error, and what it adds to ErrorInfo.metadata.
struct CodeAndMetadata {
  Entries& metadata;

  absl::StatusCode operator()(const WorkerAlreadyExists& e) {
    metadata["worker_id"] = e.id;
    return absl::StatusCode::kAlreadyExists;
  }
  absl::StatusCode operator()(const WorkerNotFound& e) {
    metadata["worker_id"] = e.id;
    return absl::StatusCode::kNotFound;
  }
  absl::StatusCode operator()(const InvalidArgument& e) {
    metadata["field"] = e.field;
    return absl::StatusCode::kInvalidArgument;
  }
  absl::StatusCode operator()(const InvalidWorkerState& e) {
    metadata["worker_id"] = e.id;
    metadata["actual"] = e.actual;
    metadata["expected"] = e.expected;
    return absl::StatusCode::kAborted;
  }
  absl::StatusCode operator()(const InvalidStateTransition& e) {
    metadata["worker_id"] = e.id;
    metadata["from"] = std::string(StatusName(e.from));
    metadata["to"] = std::string(StatusName(e.to));
    return absl::StatusCode::kFailedPrecondition;
  }
  absl::StatusCode operator()(const InstanceSuperseded& e) {
    metadata["worker_id"] = e.id;
    metadata["instance_id"] = e.instance_id;
    return absl::StatusCode::kFailedPrecondition;
  }
  absl::StatusCode operator()(const Overloaded&) { return absl::StatusCode::kResourceExhausted; }
  absl::StatusCode operator()(const StoreUnavailable& e) {
    if (e.in_doubt) metadata["in_doubt"] = "true";
    return absl::StatusCode::kUnavailable;
  }
};

}  // namespace

absl::StatusCode CodeOf(const WorkerError& error) {
  Entries ignored;
  return std::visit(CodeAndMetadata{ignored}, error);
}

std::optional<absl::Duration> RetryDelayOf(const WorkerError& error) {
  if (const auto* overloaded = std::get_if<Overloaded>(&error)) return overloaded->retry_after;
  if (std::holds_alternative<StoreUnavailable>(error)) return kRetryStore;
  return std::nullopt;
}

google::rpc::Status Describe(const WorkerError& error) {
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(ReasonOf(error)));
  info.set_domain("muster");
  const absl::StatusCode code = std::visit(CodeAndMetadata{*info.mutable_metadata()}, error);

  google::rpc::Status status;
  status.set_code(static_cast<int>(code));
  status.set_message(MessageOf(error));
  status.add_details()->PackFrom(info);
  if (const auto* invalid = std::get_if<InvalidArgument>(&error)) {
    google::rpc::BadRequest request;
    auto* violation = request.add_field_violations();
    violation->set_field(invalid->field);
    violation->set_description(invalid->reason);
    status.add_details()->PackFrom(request);
  }
  if (const auto delay = RetryDelayOf(error)) {
    google::rpc::RetryInfo retry;
    ToProto(*delay, *retry.mutable_retry_delay());
    status.add_details()->PackFrom(retry);
  }
  return status;
}

void ToProto(const WorkerError& error, v1::HeartbeatError& out) {
  out.set_code(static_cast<int>(CodeOf(error)));
  out.set_reason(std::string(ReasonOf(error)));
  out.set_message(MessageOf(error));
  if (const auto delay = RetryDelayOf(error)) ToProto(*delay, *out.mutable_retry_delay());
  const auto* unavailable = std::get_if<StoreUnavailable>(&error);
  out.set_in_doubt(unavailable != nullptr && unavailable->in_doubt);
}

}  // namespace muster::rpc
