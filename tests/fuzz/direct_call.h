// Calls of a gRPC service without gRPC: the request goes straight to the method, the answer comes straight
// back. gRPC's headers offer the classes of a call for this.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/slice.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/check.h"
#include "runtime/mutex.h"

namespace muster::fuzz {

/// `pieces`: how many slices the bytes come in, 1 or 2.
inline grpc::ByteBuffer BufferOf(std::string_view bytes, int pieces = 1) {
  const std::size_t first = pieces == 2 ? bytes.size() / 2 : bytes.size();
  const grpc::Slice slices[] = {grpc::Slice(bytes.data(), first),
                                grpc::Slice(bytes.data() + first, bytes.size() - first)};
  return grpc::ByteBuffer(slices, static_cast<std::size_t>(pieces));
}

inline std::string BytesIn(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string bytes;
  if (!buffer.Dump(&slices).ok()) return bytes;
  for (const grpc::Slice& slice : slices)
    bytes.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return bytes;
}

/// A unary call. Answered on any thread.
class DirectCall final : public grpc::ServerCallbackUnary {
 public:
  using Method = std::function<grpc::ServerUnaryReactor*(grpc::CallbackServerContext*,
                                                         const grpc::ByteBuffer*, grpc::ByteBuffer*)>;

  /// Begins the call.
  DirectCall(const Method& method, grpc::ByteBuffer request) : request_(std::move(request)) {
    reactor_ = method(&context_, &request_, &reply_);
    BindReactor(reactor_);
  }
  /// Precondition: answered.
  ~DirectCall() override { reactor()->OnDone(); }

  /// Waits for a thread that still works on it.
  const grpc::Status& Await() {
    const MutexLock lock(mu_);
    if (!status_) answered_.WaitWithTimeout(mu_, absl::Seconds(30));
    MUSTER_CHECK(status_.has_value(), "every call gets an answer");
    return *status_;
  }
  /// Precondition: answered with OK.
  std::string reply() const { return BytesIn(reply_); }

 private:
  void Finish(grpc::Status status) override {
    const MutexLock lock(mu_);
    MUSTER_CHECK(!status_, "a call is answered once");
    status_ = std::move(status);
    answered_.SignalAll();
  }
  void SendInitialMetadata() override {}
  grpc::internal::ServerReactor* reactor() override { return reactor_; }
  void CallOnDone() override {}

  // Not members: the thread that answers may still be about to leave them when the call goes.
  static inline Mutex mu_;
  static inline CondVar answered_;

  grpc::CallbackServerContext context_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer reply_;
  grpc::ServerUnaryReactor* reactor_ = nullptr;
  std::optional<grpc::Status> status_;
};

/// A call with a stream in both directions, for one thread.
class DirectStream final : public grpc::ServerCallbackReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  using Reactor = grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>;

  explicit DirectStream(const std::function<Reactor*(grpc::CallbackServerContext*)>& method) {
    reactor_ = method(&context_);
    BindReactor(reactor_);
  }
  /// Precondition: ended.
  ~DirectStream() override { reactor()->OnDone(); }

  /// Whether the service reads. If so, it may be sent one message.
  bool reads() const { return reading_ != nullptr; }
  void Send(grpc::ByteBuffer message) {
    grpc::ByteBuffer* const into = std::exchange(reading_, nullptr);
    *into = std::move(message);
    reactor_->OnReadDone(true);
  }
  void HalfClose() {
    reading_ = nullptr;
    reactor_->OnReadDone(false);
  }
  /// Takes one answer, if there is one. The service may then write the next.
  std::optional<std::string> TakeAnswer() {
    if (!written_) return std::nullopt;
    std::string answer = *std::exchange(written_, std::nullopt);
    reactor_->OnWriteDone(true);
    return answer;
  }
  /// Set once the stream has ended.
  const std::optional<grpc::Status>& end() const { return end_; }

 private:
  void Read(grpc::ByteBuffer* message) override {
    MUSTER_CHECK(reading_ == nullptr && !end_, "one message is read at a time");
    reading_ = message;
  }
  void Write(const grpc::ByteBuffer* message, grpc::WriteOptions /*options*/) override {
    MUSTER_CHECK(!written_ && !end_, "one answer is written at a time");
    written_ = BytesIn(*message);
  }
  void WriteAndFinish(const grpc::ByteBuffer* message, grpc::WriteOptions options,
                      grpc::Status status) override {
    Write(message, options);
    Finish(std::move(status));
  }
  void Finish(grpc::Status status) override {
    MUSTER_CHECK(!end_, "a stream ends once");
    end_ = std::move(status);
  }
  void SendInitialMetadata() override {}
  grpc::internal::ServerReactor* reactor() override { return reactor_; }
  void CallOnDone() override {}

  grpc::CallbackServerContext context_;
  Reactor* reactor_ = nullptr;
  grpc::ByteBuffer* reading_ = nullptr;
  std::optional<std::string> written_;
  std::optional<grpc::Status> end_;
};

}  // namespace muster::fuzz
