#include "http/api/json.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "domain/text.h"

namespace muster::http {
namespace {

using ParseEvent = Json::parse_event_t;

// More than any request has. There must be a limit: the parser compares every key with all keys before it.
constexpr std::size_t kMaxKeys = 256;

/// Watches a parse for faults that the parser itself accepts. After the first fault it keeps nothing more.
class Watch {
 public:
  bool operator()(int depth, ParseEvent event, const Json& parsed) {
    if (wrong_) return false;
    if ((event == ParseEvent::object_start || event == ParseEvent::array_start) && depth >= kMaxDepth) {
      wrong_ = InvalidArgument{"body", absl::StrCat("is nested deeper than ", kMaxDepth, " levels")};
    } else if (event == ParseEvent::object_start) {
      keys_.emplace_back();
    } else if (event == ParseEvent::object_end) {
      keys_.pop_back();
    } else if (event == ParseEvent::key) {
      Remember(parsed.get_ref<const std::string&>());
    }
    return !wrong_;
  }

  const FieldError& wrong() const { return wrong_; }

 private:
  void Remember(const std::string& key) {
    if (!keys_.back().insert(key).second) {
      wrong_ = InvalidArgument{NameOf(key), "stands twice in one object"};
    } else if (keys_.back().size() > kMaxKeys) {
      wrong_ = InvalidArgument{"body", absl::StrCat("has an object with more than ", kMaxKeys, " fields")};
    }
  }

  std::vector<absl::flat_hash_set<std::string>> keys_;  // of the open objects
  FieldError wrong_;
};

/// Finds where and why a text is no JSON. Keeps nothing of the text.
class Diagnosis final : public nlohmann::json_sax<Json> {
 public:
  static std::string Of(std::string_view body) {
    Diagnosis diagnosis;
    (void)Json::sax_parse(body, &diagnosis);
    return diagnosis.why_;
  }

  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(std::size_t /*elements*/) override { return true; }
  bool key(string_t& /*value*/) override { return true; }
  bool end_object() override { return true; }
  bool start_array(std::size_t /*elements*/) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(std::size_t /*position*/, const std::string& /*token*/,
                   const nlohmann::detail::exception& error) override {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: …; last read: …"
    std::string_view what = error.what();
    what.remove_prefix(std::min(what.size(), what.find("] ") + 2));
    what = what.substr(0, what.find("; last read"));
    why_ = what.size() > kMaxSaid ? "a number is too large" : std::string(what);
    return false;
  }

 private:
  static constexpr std::size_t kMaxSaid = 200;  // only a quoted number makes the message longer
  std::string why_;
};

std::string_view TypeName(const Json& value) {
  switch (value.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "an array";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "true or false";
    default:
      return "a number";
  }
}

/// The number, if it is whole and fits in a T: 10 and 1e1, not 10.5.
template <typename T>
std::optional<T> WholeNumber(const Json& value) {
  constexpr auto kMax = std::numeric_limits<T>::max();
  constexpr auto kMin = std::numeric_limits<T>::min();
  if (value.is_number_unsigned()) {
    const auto number = value.get<std::uint64_t>();
    if (number <= static_cast<std::uint64_t>(kMax)) return static_cast<T>(number);
  } else if (value.is_number_integer()) {
    const auto number = value.get<std::int64_t>();
    if (number >= kMin && number <= kMax) return static_cast<T>(number);
  } else if (value.is_number_float()) {
    // Beyond 2^53 a double does not tell exactly which number was sent.
    constexpr double kExact = 9007199254740992;
    const auto number = value.get<double>();
    if (number == std::trunc(number) && std::abs(number) <= kExact && number >= static_cast<double>(kMin) &&
        number <= static_cast<double>(kMax)) {
      return static_cast<T>(number);
    }
  }
  return std::nullopt;
}

}  // namespace

Result<Json> ParseObject(std::string_view body) {
  if (body.empty()) return Json::object();
  if (!IsUtf8(body)) return InvalidArgument{"body", "is not valid UTF-8"};
  Watch watch;
  Json json = Json::parse(
      body.begin(), body.end(),
      [&watch](int depth, ParseEvent event, const Json& parsed) { return watch(depth, event, parsed); },
      /*allow_exceptions=*/false);
  if (watch.wrong()) return *watch.wrong();
  if (json.is_discarded()) return InvalidArgument{"body", Concat({"is not JSON: ", Diagnosis::Of(body)})};
  if (!json.is_object()) return InvalidArgument{"body", Concat({"must be an object, is ", TypeName(json)})};
  return json;
}

std::string NameOf(std::string_view sent) {
  return sent.empty() ? "\"\"" : Excerpt(sent);
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

const Json* ObjectReader::Find(std::string_view name) {
  asked_.push_back(name);
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

void ObjectReader::Complain(std::string_view name, std::string_view must_be, const Json& is) {
  if (!wrong_) wrong_ = InvalidArgument{Concat({prefix_, name}), Concat({must_be, ", is ", TypeName(is)})};
}

std::string_view ObjectReader::Text(std::string_view name) {
  const Json* value = Find(name);
  if (value == nullptr) return "";
  if (value->is_string()) return value->get_ref<const std::string&>();
  Complain(name, "must be a string", *value);
  return "";
}

template <typename T>
std::optional<T> ObjectReader::Whole(std::string_view name, std::string_view must_be) {
  const Json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  const std::optional<T> number = WholeNumber<T>(*value);
  if (number) return number;
  if (!value->is_number()) {
    Complain(name, must_be, *value);
  } else if (!wrong_) {
    wrong_ = InvalidArgument{Concat({prefix_, name}), Concat({must_be, ", is ", Excerpt(Dump(*value))})};
  }
  return std::nullopt;
}

std::optional<std::int32_t> ObjectReader::Int32(std::string_view name) {
  return Whole<std::int32_t>(name, "must be a whole number of at most 32 bits");
}

std::optional<std::int64_t> ObjectReader::Int64(std::string_view name) {
  return Whole<std::int64_t>(name, "must be a whole number of at most 64 bits");
}

bool ObjectReader::Flag(std::string_view name) {
  const Json* value = Find(name);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  Complain(name, "must be true or false", *value);
  return false;
}

std::optional<WorkerStatus> ObjectReader::Status(std::string_view name) {
  const Json* value = Find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) {
    Complain(name, kStatusRule, *value);
    return std::nullopt;
  }
  const auto& text = value->get_ref<const std::string&>();
  const std::optional<WorkerStatus> status = StatusFrom(text);
  if (!status && !wrong_) {
    wrong_ = InvalidArgument{Concat({prefix_, name}), Concat({kStatusRule, ", is \"", Excerpt(text), "\""})};
  }
  return status;
}

std::vector<std::string> ObjectReader::Texts(std::string_view name) {
  std::vector<std::string> texts;
  const Json* array = Array(name);
  if (array == nullptr) return texts;
  for (const Json& each : *array) {
    if (!each.is_string()) {
      Complain(Concat({name, "[", absl::StrCat(texts.size()), "]"}), "must be a string", each);
      return {};
    }
    texts.push_back(each.get<std::string>());
  }
  return texts;
}

Metadata ObjectReader::TextMap(std::string_view name) {
  Metadata map;
  const Json* object = Find(name);
  if (object == nullptr) return map;
  if (!object->is_object()) {
    Complain(name, "must be an object of strings", *object);
    return map;
  }
  for (const auto& [key, value] : object->items()) {
    if (!value.is_string()) {
      Complain(Concat({name, "[", Excerpt(key), "]"}), "must be a string", value);
      return {};
    }
    map.emplace(key, value.template get<std::string>());
  }
  return map;
}

const Json* ObjectReader::Array(std::string_view name) {
  const Json* value = Find(name);
  if (value == nullptr || value->is_array()) return value;
  Complain(name, "must be an array", *value);
  return nullptr;
}

FieldError ObjectReader::Wrong() {
  if (wrong_) return wrong_;
  for (const auto& [name, value] : object_.items()) {
    if (std::find(asked_.begin(), asked_.end(), name) != asked_.end()) continue;
    std::string known;
    for (const std::string_view each : asked_) known += Concat({known.empty() ? "" : ", ", each});
    return InvalidArgument{Concat({prefix_, NameOf(name)}), Concat({"is not a field of this request; it has ",
                                                                    known.empty() ? "none" : known})};
  }
  return std::nullopt;
}

std::optional<WorkerStatus> StatusFrom(std::string_view name) {
  for (const WorkerStatus status : kAllStatuses) {
    if (name == StatusName(status)) return status;
  }
  return std::nullopt;
}

}  // namespace muster::http
