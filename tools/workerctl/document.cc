#include "workerctl/document.h"

#include <google/protobuf/descriptor.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "muster/v1/queries.pb.h"
#include "workerctl/terminal.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

Json EnumText(const google::protobuf::EnumDescriptor& type, int value) {
  if (&type == v1::WorkerStatus_descriptor()) return StatusName(static_cast<v1::WorkerStatus>(value));
  if (&type == v1::EventType_descriptor()) return EventTypeName(static_cast<v1::EventType>(value));
  return value;
}

bool IsTime(const google::protobuf::Descriptor* type) {
  return type == google::protobuf::Timestamp::descriptor() ||
         type == google::protobuf::Duration::descriptor();
}

Json MessageValue(const Message& message) {
  if (message.GetDescriptor() == google::protobuf::Timestamp::descriptor()) {
    return Rfc3339(TimeOf(static_cast<const google::protobuf::Timestamp&>(message)));
  }
  if (message.GetDescriptor() == google::protobuf::Duration::descriptor()) {
    return SecondsText(DurationOf(static_cast<const google::protobuf::Duration&>(message)));
  }
  return DocumentOf(message);
}

Json Single(const Message& message, const Reflection& reflect, const FieldDescriptor* field) {
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return reflect.GetInt32(message, field);
    case FieldDescriptor::CPPTYPE_INT64:
      return reflect.GetInt64(message, field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return reflect.GetDouble(message, field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflect.GetBool(message, field);
    case FieldDescriptor::CPPTYPE_STRING:
      return reflect.GetString(message, field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return EnumText(*field->enum_type(), reflect.GetEnumValue(message, field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return MessageValue(reflect.GetMessage(message, field));
    default:
      return nullptr;  // the contract has no other type
  }
}

// The contract's only maps are string to string. Sorted, so that the same worker always reads the same.
Json MapValue(const Message& message, const Reflection& reflect, const FieldDescriptor* field) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (int i = 0; i < reflect.FieldSize(message, field); ++i) {
    const Message& entry = reflect.GetRepeatedMessage(message, field, i);
    const auto* type = entry.GetDescriptor();
    const Reflection& inside = *entry.GetReflection();
    entries.emplace_back(inside.GetString(entry, type->map_key()),
                         inside.GetString(entry, type->map_value()));
  }
  std::sort(entries.begin(), entries.end());
  Json object = Json::object();
  for (auto& [key, value] : entries) object[key] = std::move(value);
  return object;
}

// The contract's lists are of texts and of messages. Counts by status read as an object: {"Pending": 0, …}.
Json ListValue(const Message& message, const Reflection& reflect, const FieldDescriptor* field) {
  const bool texts = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  const bool counts = !texts && field->message_type() == v1::StatusCount::descriptor();
  Json list = counts ? Json::object() : Json::array();
  for (int i = 0; i < reflect.FieldSize(message, field); ++i) {
    if (texts) {
      list.push_back(reflect.GetRepeatedString(message, field, i));
      continue;
    }
    const Message& element = reflect.GetRepeatedMessage(message, field, i);
    if (counts) {
      const auto& count = static_cast<const v1::StatusCount&>(element);
      list[StatusName(count.status())] = count.workers();
    } else {
      list.push_back(MessageValue(element));
    }
  }
  return list;
}

// Without a worker, without a reason: over HTTP these are null where they are empty.
bool IsNullWhenEmpty(const FieldDescriptor* field) {
  return field->full_name() == "muster.v1.Event.worker_id" ||
         field->full_name() == "muster.v1.ListeningState.reason";
}

bool IsSet(const Message& message, const Reflection& reflect, const FieldDescriptor* field) {
  if (field->has_presence()) return reflect.HasField(message, field);
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) return reflect.GetEnumValue(message, field) != 0;
  return !IsNullWhenEmpty(field) || !reflect.GetString(message, field).empty();
}

// What a worker's heartbeats say of it is there only where it was asked for.
bool IsPart(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !IsTime(field->message_type());
}

// A word that no YAML reader takes for anything but a string.
bool IsPlainWord(const std::string& text) {
  if (text.empty() || !absl::ascii_isalpha(static_cast<unsigned char>(text.front()))) return false;
  const auto is_plain = [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '-' || c == '_' || c == '.' || c == '/' || c == '@';
  };
  if (!std::all_of(text.begin(), text.end(), is_plain)) return false;
  constexpr std::string_view kWords[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
  const std::string lower = absl::AsciiStrToLower(text);
  return std::find(std::begin(kWords), std::end(kWords), lower) == std::end(kWords);
}

void EmitText(YAML::Emitter& out, const std::string& text) {
  if (IsPlainWord(text)) {
    out << text;
  } else {
    out << YAML::DoubleQuoted << text;
  }
}

void Emit(YAML::Emitter& out, const Json& value) {
  if (value.is_object()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginMap;
    for (const auto& [key, inner] : value.items()) {
      out << YAML::Key;
      EmitText(out, key);
      out << YAML::Value;
      Emit(out, inner);
    }
    out << YAML::EndMap;
  } else if (value.is_array()) {
    if (value.empty()) out << YAML::Flow;
    out << YAML::BeginSeq;
    for (const Json& inner : value) Emit(out, inner);
    out << YAML::EndSeq;
  } else if (value.is_string()) {
    EmitText(out, value.get<std::string>());
  } else if (value.is_null()) {
    out << YAML::Null;
  } else {
    out << value.dump();
  }
}

constexpr auto kReplace = Json::error_handler_t::replace;

}  // namespace

Json DocumentOf(const Message& message) {
  const Reflection& reflect = *message.GetReflection();
  const auto* type = message.GetDescriptor();
  Json document = Json::object();
  for (int f = 0; f < type->field_count(); ++f) {
    const FieldDescriptor* field = type->field(f);
    if (field->is_map()) {
      document[field->json_name()] = MapValue(message, reflect, field);
    } else if (field->is_repeated()) {
      document[field->json_name()] = ListValue(message, reflect, field);
    } else if (IsSet(message, reflect, field)) {
      document[field->json_name()] = Single(message, reflect, field);
    } else if (!IsPart(field)) {
      document[field->json_name()] = nullptr;
    }
  }
  return document;
}

std::string PrettyJson(const Json& document) {
  return PrintableDocument(document.dump(2, ' ', false, kReplace)) + "\n";
}

std::string CompactJson(const Json& document) {
  return PrintableDocument(document.dump(-1, ' ', false, kReplace));
}

std::string Yaml(const Json& document) {
  YAML::Emitter out;
  out.SetNullFormat(YAML::LowerNull);
  Emit(out, document);
  return PrintableDocument(out.c_str()) + "\n";
}

}  // namespace muster::ctl
