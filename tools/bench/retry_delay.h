// What a refusal says about when to come again.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace muster::bench {

/// The delay of the RetryInfo in a grpc-status-details-bin trailer, in microseconds; nothing if there is
/// none.
std::optional<std::int64_t> RetryDelayMicros(std::string_view trailer);

}  // namespace muster::bench
