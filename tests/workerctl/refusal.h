// What the daemon sends when it says no.
#pragma once

#include <grpcpp/support/status.h>

#include <map>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"

namespace muster::ctl::testing {

inline grpc::Status Refusal(grpc::StatusCode code, const std::string& reason, const std::string& message,
                            const std::map<std::string, std::string>& metadata = {},
                            std::optional<absl::Duration> retry_after = std::nullopt,
                            const std::string& field = "") {
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("muster");
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = value;
  google::rpc::Status status;
  status.set_code(code);
  status.set_message(message);
  status.add_details()->PackFrom(info);
  if (retry_after) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(absl::ToInt64Seconds(*retry_after));
    status.add_details()->PackFrom(retry);
  }
  if (!field.empty()) {
    google::rpc::BadRequest request;
    request.add_field_violations()->set_field(field);
    status.add_details()->PackFrom(request);
  }
  return grpc::Status(code, message, status.SerializeAsString());
}

}  // namespace muster::ctl::testing
