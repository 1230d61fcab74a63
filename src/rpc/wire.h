// Decodes and encodes the messages and errors of calls.
//
// gRPC's own decoding answers a message that it cannot read with UNIMPLEMENTED and without a reason (the
// callback API of 1.51). So the services take bytes, and decode them here: bytes that cannot be decoded are
// an InvalidArgument that names the field, also for text that is not UTF-8. Thread-safe.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>
#include <grpcpp/support/status.h>

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

/// Why `bytes` are not a message of this type: the field whose text is not UTF-8, or that they cannot be
/// decoded.
InvalidArgument Malformed(const google::protobuf::Descriptor& type, std::string_view bytes);

/// Writes `message` into `out`.
void Write(const google::protobuf::Message& message, grpc::ByteBuffer& out);

/// The error as the status that ends a call; wire_error.h makes its code and its details.
grpc::Status ToStatus(const WorkerError& error);

}  // namespace muster::rpc
