#include "rpc/wire.h"

#include <google/protobuf/unknown_field_set.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "domain/text.h"
#include "rpc/wire_error.h"

namespace muster::rpc {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

/// The path of the first text that is not UTF-8, as "heartbeats[3].worker_id". Only for messages that were
/// refused, so it may be slow. Follows messages as deep as ours go.
std::optional<std::string> FieldNotUtf8(const Descriptor& type, std::string_view bytes, int depth = 4) {
  UnknownFieldSet fields;
  if (depth == 0 || !fields.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  std::vector<int> seen(static_cast<std::size_t>(type.field_count()));
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& value = fields.field(i);
    const FieldDescriptor* field = type.FindFieldByNumber(value.number());
    if (field == nullptr || value.type() != UnknownField::TYPE_LENGTH_DELIMITED) continue;
    const int index = seen[static_cast<std::size_t>(field->index())]++;
    std::string path = field->name();
    if (field->is_repeated() && !field->is_map()) absl::StrAppend(&path, "[", index, "]");
    if (field->type() == FieldDescriptor::TYPE_STRING && !IsUtf8(value.length_delimited())) return path;
    if (field->type() == FieldDescriptor::TYPE_MESSAGE) {
      const auto inner = FieldNotUtf8(*field->message_type(), value.length_delimited(), depth - 1);
      if (inner) return field->is_map() ? path : absl::StrCat(path, ".", *inner);
    }
  }
  return std::nullopt;
}

}  // namespace

InvalidArgument Malformed(const Descriptor& type, std::string_view bytes) {
  if (const auto field = FieldNotUtf8(type, bytes)) return {*field, "is not valid UTF-8"};
  return {"request", absl::StrCat("is not a ", type.full_name(), ": its bytes cannot be read")};
}

grpc::Slice BytesOf(const grpc::ByteBuffer& received) {
  grpc::Slice slice;
  if (!received.TrySingleSlice(&slice).ok()) (void)received.DumpToSingleSlice(&slice);
  return slice;
}

std::optional<InvalidArgument> Read(const grpc::ByteBuffer& received, google::protobuf::Message& message) {
  const grpc::Slice slice = BytesOf(received);
  const std::string_view bytes = View(slice);
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
  return Malformed(*message.GetDescriptor(), bytes);
}

void Write(const google::protobuf::Message& message, grpc::ByteBuffer& out) {
  const grpc::Slice slice(message.ByteSizeLong());
  message.SerializeWithCachedSizesToArray(const_cast<std::uint8_t*>(slice.begin()));  // not shared yet
  grpc::ByteBuffer whole(&slice, 1);
  out.Swap(&whole);
}

grpc::Status ToStatus(const WorkerError& error) {
  const google::rpc::Status status = Describe(error);
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), status.message(),
                      status.SerializeAsString());
}

}  // namespace muster::rpc
