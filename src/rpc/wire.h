// Messages off the wire and onto it.
//
// gRPC's own decoding answers a message that it cannot read with UNIMPLEMENTED and not a word (the callback
// API of 1.51). So the services take bytes, and read them here: what cannot be read is an InvalidArgument
// that names the field, text that is not UTF-8 included. Thread-safe.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <optional>
#include <string_view>

#include "muster/errors.h"

namespace muster::rpc {

/// A received message in one piece: the bytes live as long as the slice. Copies only what arrived in pieces.
grpc::Slice BytesOf(const grpc::ByteBuffer& received);
inline std::string_view View(const grpc::Slice& slice) {
  return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
}

/// Fills `message`, or says what is wrong with the bytes.
std::optional<InvalidArgument> Read(const grpc::ByteBuffer& received, google::protobuf::Message& message);

/// Why `bytes` are no message of this type: the field whose text is not UTF-8, or that they cannot be read at
/// all.
InvalidArgument Malformed(const google::protobuf::Descriptor& type, std::string_view bytes);

/// Writes `message` into `out`.
void Write(const google::protobuf::Message& message, grpc::ByteBuffer& out);

}  // namespace muster::rpc
