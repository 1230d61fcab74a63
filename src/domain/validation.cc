#include "domain/validation.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "domain/text.h"

namespace muster {
namespace {

constexpr std::string_view kNotText = "must be valid UTF-8 without control characters";

// Every heartbeat checks every byte of an id: a table is the cheapest test of a byte.
constexpr std::array<bool, 256> IdBytes() {
  std::array<bool, 256> table = {};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = true;
  for (const char c : {'.', '_', ':', '@', '-'}) table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kIdBytes = IdBytes();

InvalidArgument Complain(std::string_view field, std::string reason) {
  return {std::string(field), std::move(reason)};
}

FieldError CheckId(std::string_view field, std::string_view id, std::size_t limit) {
  if (id.empty() || id.size() > limit) {
    return Complain(
        field, Concat({"must be 1 to ", absl::StrCat(limit), " bytes long, has ", absl::StrCat(id.size())}));
  }
  const bool known =
      std::all_of(id.begin(), id.end(), [](char c) { return kIdBytes[static_cast<unsigned char>(c)]; });
  if (!known || !absl::ascii_isalnum(static_cast<unsigned char>(id.front()))) {
    return Complain(field,
                    "must start with a letter or digit of ASCII, followed only by those and by . _ : @ -");
  }
  return std::nullopt;
}

FieldError CheckLine(std::string_view field, std::string_view text, std::size_t limit) {
  if (text.empty() || text.size() > limit) {
    return Complain(field, Concat({"must be 1 to ", absl::StrCat(limit), " bytes long, has ",
                                   absl::StrCat(text.size())}));
  }
  if (!IsText(text)) return Complain(field, std::string(kNotText));
  return std::nullopt;
}

}  // namespace

FieldError CheckWorkerId(std::string_view worker_id) {
  if (FieldError complaint = CheckId("worker_id", worker_id, kMaxWorkerIdBytes)) return complaint;
  if (worker_id == "active") return Complain("worker_id", "must not be \"active\": the name is reserved");
  return std::nullopt;
}

FieldError CheckInstanceId(std::string_view instance_id) {
  return CheckId("instance_id", instance_id, kMaxInstanceIdBytes);
}

FieldError CheckRegion(std::string_view region) {
  return CheckLine("region", region, kMaxRegionBytes);
}

FieldError CheckCapacity(std::int32_t capacity) {
  if (capacity > 0) return std::nullopt;
  return Complain("capacity", Concat({"must be more than 0, is ", absl::StrCat(capacity)}));
}

FieldError CheckCapability(std::string_view field, std::string_view capability) {
  return CheckLine(field, capability, kMaxCapabilityBytes);
}

FieldError CheckMetadata(const Metadata& metadata) {
  if (metadata.size() > kMaxMetadataEntries) {
    return Complain("metadata", Concat({"must have at most ", absl::StrCat(kMaxMetadataEntries),
                                        " entries, has ", absl::StrCat(metadata.size())}));
  }
  std::size_t bytes = 0;
  for (const auto& [key, value] : metadata) bytes += key.size() + value.size();
  if (bytes > kMaxMetadataBytes) {
    return Complain("metadata", Concat({"must have at most ", absl::StrCat(kMaxMetadataBytes),
                                        " bytes, keys and values together, has ", absl::StrCat(bytes)}));
  }
  for (const auto& [key, value] : metadata) {
    if (key.empty()) return Complain("metadata", "must not have an empty key");
    if (!IsText(key)) {
      return Complain(Concat({"metadata[", Excerpt(key), "]"}), Concat({"its key ", kNotText}));
    }
    if (!IsText(value, Layout::kTabsAndNewlines)) {
      return Complain(Concat({"metadata[", Excerpt(key), "]"}),
                      Concat({kNotText, " other than tabs and newlines"}));
    }
  }
  return std::nullopt;
}

FieldError CheckConfig(const WorkerConfig& config) {
  if (FieldError complaint = CheckRegion(config.region)) return complaint;
  if (FieldError complaint = CheckCapacity(config.capacity)) return complaint;
  const auto& capabilities = config.capabilities;
  if (capabilities.size() > kMaxCapabilities) {
    return Complain("capabilities", Concat({"must have at most ", absl::StrCat(kMaxCapabilities),
                                            " entries, has ", absl::StrCat(capabilities.size())}));
  }
  for (std::size_t i = 0; i < capabilities.size(); ++i) {
    const auto name = [i] { return Concat({"capabilities[", absl::StrCat(i), "]"}); };
    if (FieldError complaint = CheckCapability("", capabilities[i])) {
      complaint->field = name();
      return complaint;
    }
    const auto here = capabilities.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(capabilities.begin(), here, *here) != here) {
      return Complain(name(), Concat({"must not occur twice: \"", *here, "\""}));
    }
  }
  return CheckMetadata(config.metadata);
}

FieldError CheckReason(std::string_view reason) {
  if (reason.size() > kMaxReasonBytes) {
    return Complain("reason", Concat({"must be at most ", absl::StrCat(kMaxReasonBytes), " bytes long, has ",
                                      absl::StrCat(reason.size())}));
  }
  if (!IsText(reason)) return Complain("reason", std::string(kNotText));
  return std::nullopt;
}

FieldError CheckInUse(std::optional<std::int32_t> in_use) {
  if (!in_use || *in_use >= 0) return std::nullopt;
  return Complain("in_use", Concat({"must be 0 or more, is ", absl::StrCat(*in_use)}));
}

FieldError CheckStatus(std::string_view field, WorkerStatus status) {
  for (const WorkerStatus known : kAllStatuses) {
    if (status == known) return std::nullopt;
  }
  return Complain(field, "must be Pending, Active, Offline or Failed");
}

}  // namespace muster
