#include "probe/grpc_dialog.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/numbers.h"
#include "domain/text.h"
#include "muster/check.h"

namespace muster::probe {
namespace {

constexpr std::string_view kPath = "/muster.v1.WorkerCommands/Heartbeat";
// Of HeartbeatRequest: field number and wire type.
constexpr char kWorkerId = 1 << 3 | 2;
constexpr char kInstanceId = 2 << 3 | 2;
// More replies than this wait only for a server that asks for many and takes none.
constexpr std::size_t kMaxUnsent = 64 << 10;
// The value of a header that we look at is a number.
constexpr std::size_t kMaxValue = 3;

constexpr std::array<std::string_view, 17> kStatusNames = {
    "OK",        "CANCELLED",       "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS",  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",    "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED",
};

void AddField(char tag, std::string_view text, std::string& message) {
  MUSTER_CHECK(text.size() < 128, "a length of one byte");
  message.push_back(tag);
  message.push_back(static_cast<char>(text.size()));
  message.append(text);
}

/// A HeartbeatRequest as a message of gRPC: not compressed, with its length.
std::string MessageOf(std::string_view worker_id, std::string_view instance_id) {
  std::string fields;
  AddField(kWorkerId, worker_id, fields);
  AddField(kInstanceId, instance_id, fields);
  std::string message(5, '\0');
  message[3] = static_cast<char>(fields.size() >> 8);
  message[4] = static_cast<char>(fields.size() & 0xff);
  return message + fields;
}

nghttp2_nv Header(std::string_view name, std::string_view value) {
  // nghttp2 does not write through these.
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NONE};
}

}  // namespace

struct GrpcDialog::Callbacks {
  static int OnHeader(nghttp2_session* /*session*/, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                      std::uint8_t /*flags*/, void* user) {
    auto& self = *static_cast<GrpcDialog*>(user);
    if (frame->hd.stream_id == self.stream_) {
      self.OnHeader({reinterpret_cast<const char*>(name), name_size},
                    {reinterpret_cast<const char*>(value), value_size});
    }
    return 0;
  }
  static int OnStreamClosed(nghttp2_session* /*session*/, std::int32_t stream, std::uint32_t error,
                            void* user) {
    auto& self = *static_cast<GrpcDialog*>(user);
    if (stream == self.stream_) self.OnStreamClosed(error);
    return 0;
  }
  static ssize_t ReadBody(nghttp2_session* /*session*/, std::int32_t /*stream*/, std::uint8_t* to,
                          std::size_t room, std::uint32_t* flags, nghttp2_data_source* /*source*/,
                          void* user) {
    auto& self = *static_cast<GrpcDialog*>(user);
    const std::size_t size = std::min(room, self.body_.size() - self.body_sent_);
    std::copy_n(self.body_.data() + self.body_sent_, size, to);
    self.body_sent_ += size;
    if (self.body_sent_ == self.body_.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }
};

GrpcDialog::GrpcDialog(std::string authority) : authority_(std::move(authority)) {
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::OnHeader);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::OnStreamClosed);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  const nghttp2_settings_entry no_push = {NGHTTP2_SETTINGS_ENABLE_PUSH, 0};
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, &no_push, 1);
}

GrpcDialog::~GrpcDialog() {
  nghttp2_session_del(session_);
}

void GrpcDialog::Ask(std::string_view worker_id, std::string_view instance_id) {
  MUSTER_CHECK(usable(), "one heartbeat is under way at most");
  body_ = MessageOf(worker_id, instance_id);
  body_sent_ = 0;
  http_status_.clear();
  grpc_status_.clear();
  const std::array headers = {Header(":method", "POST"),
                              Header(":scheme", "http"),
                              Header(":path", kPath),
                              Header(":authority", authority_),
                              Header("content-type", "application/grpc"),
                              Header("te", "trailers")};
  nghttp2_data_provider body = {};
  body.read_callback = Callbacks::ReadBody;
  stream_ = nghttp2_submit_request(session_, nullptr, headers.data(), headers.size(), &body, nullptr);
  if (stream_ < 0) {
    stream_ = 0;
    lost_ = true;
    return;
  }
  Send();
}

std::optional<Answer> GrpcDialog::Receive(std::string_view bytes) {
  if (lost_) return std::nullopt;
  const ssize_t taken =
      nghttp2_session_mem_recv(session_, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0) Send();
  // nghttp2 has given the connection up: what came is no HTTP/2, or the server ends it.
  if (taken < 0 || nghttp2_session_want_read(session_) == 0) {
    if (std::exchange(stream_, 0) != 0) answer_ = Answer{"an answer that is not HTTP/2"};
    lost_ = true;
  }
  return std::exchange(answer_, std::nullopt);
}

bool GrpcDialog::usable() const {
  return !lost_ && stream_ == 0 && nghttp2_session_check_request_allowed(session_) != 0;
}

void GrpcDialog::Send() {
  const std::uint8_t* data = nullptr;
  ssize_t size = 0;
  while ((size = nghttp2_session_mem_send(session_, &data)) > 0) {
    unsent.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
    if (unsent.size() > kMaxUnsent) break;
  }
  if (size != 0) lost_ = true;
}

void GrpcDialog::OnHeader(std::string_view name, std::string_view value) {
  if (value.size() > kMaxValue) value = "too long";
  if (name == ":status") http_status_ = value;
  if (name == "grpc-status") grpc_status_ = value;
}

void GrpcDialog::OnStreamClosed(std::uint32_t error) {
  stream_ = 0;
  // The server ends the connection, and did not see this call; or it did not take this call.
  if (error == NGHTTP2_REFUSED_STREAM) {
    lost_ = true;
    return;
  }
  std::uint32_t status = 0;
  if (error != NGHTTP2_NO_ERROR) {
    answer_ = Answer{"the call was reset"};
  } else if (http_status_ != "200") {
    answer_ = Answer{Concat({"answered HTTP ", http_status_})};
  } else if (!absl::SimpleAtoi(grpc_status_, &status) || status >= kStatusNames.size()) {
    answer_ = Answer{"an answer without a status of gRPC"};
  } else if (status != 0) {
    answer_ = Answer{Concat({"answered ", kStatusNames[status]})};
  } else {
    answer_ = Answer{};
  }
}

}  // namespace muster::probe
