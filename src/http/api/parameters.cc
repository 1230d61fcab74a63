#include "http/api/parameters.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>
#include <utility>

#include "domain/text.h"
#include "http/api/json.h"

namespace muster::http {
namespace {

std::optional<std::int64_t> Number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

void Parameters::Complain(std::string_view name, std::string reason) {
  if (!wrong_) wrong_ = InvalidArgument{std::string(name), std::move(reason)};
}

const std::string* Parameters::Find(std::string_view name) {
  const std::string* found = nullptr;
  for (const auto& [key, value] : fields_) {
    if (key != name) continue;
    if (found != nullptr) Complain(name, "must not be given twice");
    found = &value;
  }
  return found;
}

std::string Parameters::Text(std::string_view name) {
  const std::string* value = Find(name);
  return value == nullptr ? "" : *value;
}

std::int64_t Parameters::Int64(std::string_view name) {
  const std::string* value = Find(name);
  if (value == nullptr) return 0;
  const std::optional<std::int64_t> number = Number(*value);
  if (!number)
    Complain(name, Concat({"must be a whole number of at most 64 bits, is \"", Excerpt(*value), "\""}));
  return number.value_or(0);
}

bool Parameters::Flag(std::string_view name) {
  const std::string* value = Find(name);
  if (value == nullptr || *value == "false") return false;
  if (*value != "true") Complain(name, Concat({"must be true or false, is \"", Excerpt(*value), "\""}));
  return true;
}

PageRequest Parameters::Page() {
  // A value that is clamped here is also out of range in the use case. Its error says what the range is.
  const std::int64_t size = std::clamp<std::int64_t>(Int64("pageSize"), std::numeric_limits<int>::min(),
                                                     std::numeric_limits<int>::max());
  return {static_cast<int>(size), Text("pageToken")};
}

std::vector<WorkerStatus> Parameters::Statuses(std::string_view name) {
  std::vector<WorkerStatus> statuses;
  for (const auto& [key, value] : fields_) {
    if (key != name) continue;
    std::string_view rest = value;
    for (bool more = true; more;) {
      const std::size_t comma = rest.find(',');
      const std::string_view each = rest.substr(0, comma);
      more = comma != std::string_view::npos;
      if (more) rest.remove_prefix(comma + 1);
      const std::optional<WorkerStatus> status = StatusFrom(each);
      if (status) {
        statuses.push_back(*status);
      } else {
        Complain(name, Concat({kStatusRule, ", is \"", Excerpt(each), "\""}));
      }
    }
  }
  return statuses;
}

Metadata Parameters::Entries(std::string_view name) {
  Metadata entries;
  for (const auto& [key, value] : fields_) {
    const std::string_view text = key;
    std::string_view entry_key;
    std::string_view entry_value = value;
    if (text == name) {
      const std::size_t equals = entry_value.find('=');
      if (equals == std::string_view::npos) {
        Complain(name, Concat({"must be KEY=VALUE, is \"", Excerpt(value), "\""}));
        continue;
      }
      entry_key = entry_value.substr(0, equals);
      entry_value.remove_prefix(equals + 1);
    } else if (text.size() > name.size() && text.starts_with(name) && text[name.size()] == '.') {
      entry_key = text.substr(name.size() + 1);
    } else {
      continue;
    }
    const bool fresh = entries.emplace(std::string(entry_key), std::string(entry_value)).second;
    if (!fresh) Complain(name, Concat({"must not name \"", Excerpt(entry_key), "\" twice"}));
  }
  return entries;
}

bool Parameters::WantsHeartbeats() {
  const std::string* view = Find("view");
  if (view == nullptr || *view == "basic") return false;
  if (*view != "heartbeats")
    Complain("view", Concat({"must be basic or heartbeats, is \"", Excerpt(*view), "\""}));
  return true;
}

}  // namespace muster::http
