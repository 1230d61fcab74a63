// The rules for every field that a caller sends, each in one place. Pure; an accepted value costs no
// allocation.
//
// Every function returns nothing if the value is good. Else it returns the field (by its name in the proto)
// and the rule that it broke, with the limit in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "muster/errors.h"
#include "muster/worker.h"

namespace muster {

using FieldError = std::optional<InvalidArgument>;

/// 1 to kMaxWorkerIdBytes: [A-Za-z0-9] first, then [A-Za-z0-9._:@-]; not "active", which is the name of a
/// route.
FieldError CheckWorkerId(std::string_view worker_id);

/// The alphabet of ids, 1 to kMaxInstanceIdBytes.
FieldError CheckInstanceId(std::string_view instance_id);

FieldError CheckRegion(std::string_view region);
FieldError CheckCapacity(std::int32_t capacity);
/// `field` is "capability" or "capabilities[3]".
FieldError CheckCapability(std::string_view field, std::string_view capability);
/// The number of entries, their size and their content.
FieldError CheckMetadata(const Metadata& metadata);

/// A whole configuration. The capabilities may come in any order; none twice.
FieldError CheckConfig(const WorkerConfig& config);

FieldError CheckReason(std::string_view reason);
FieldError CheckInUse(std::optional<std::int32_t> in_use);
/// `field` is "status", "expected_status" or "statuses[0]".
FieldError CheckStatus(std::string_view field, WorkerStatus status);

}  // namespace muster
