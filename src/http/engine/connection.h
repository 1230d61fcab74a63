// One client's connection: reads a request, passes it to the handler, writes the answer, and so on. It
// handles one request at a time. Bytes that a client sends ahead wait in its socket; so pipelined requests
// are answered in order, and from a client that does not read its answers nothing is read either.
//
// To add a protocol on the same port, change the place where the socket comes in (TLS) or where the answer is
// written (a stream of events). Nothing else here would change.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "http/engine/answer_head.h"
#include "http/engine/compression.h"
#include "http/engine/head.h"
#include "http/engine/head_scanner.h"
#include "http/engine/loop.h"

namespace muster::http {

/// The bytes that have arrived on a connection and are not yet taken. Not thread-safe.
class Inbox {
 public:
  void Append(std::string_view bytes) {
    bytes_.erase(0, taken_);
    taken_ = 0;
    bytes_.append(bytes);
  }
  std::string_view rest() const { return std::string_view(bytes_).substr(taken_); }
  void Take(std::size_t bytes) {
    taken_ += bytes;
    if (taken_ < bytes_.size()) return;
    taken_ = 0;
    bytes_.clear();
    // A connection that waits must not keep the memory of its largest request.
    if (bytes_.capacity() > kKeptBytes) bytes_.shrink_to_fit();
  }

 private:
  static constexpr std::size_t kKeptBytes = 4096;
  std::string bytes_;
  std::size_t taken_ = 0;
};

/// How the loop counts a connection.
struct Place {
  bool welcome = true;  // else it is only told that there are too many
  bool counted = false;
  net::Source source = {};
};

/// Lives in the loop's set of connections until it is closed, and after that while its own handlers are
/// queued. Used only on the loop's thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Loop& loop, Socket socket, std::string peer, Place place);

  /// Waits for the first request.
  void Start();
  /// Answers that there are too many connections, and closes.
  void RejectBusy(std::string detail);
  /// Closes if no request is under way; otherwise after its answer.
  void Drain();
  /// Closes at once, even if a request is under way.
  void Close();

  const Place& place() const { return place_; }

 private:
  enum class Phase { kIdle, kHead, kBody, kHandling, kWriting, kLingering, kClosed };

  // Reading.
  void WaitForBytes();
  void Read();
  void LookWhetherGone();
  void Advance();
  void AdvanceHead();
  void AdvanceBody();
  std::optional<Refusal> TakeBody();
  bool SayContinue();
  // Answering.
  void Handle();
  void Refuse(const Refusal& refusal);
  void Finish(std::uint64_t number, Response response);
  void Compress();
  void WriteAnswer(Coding coding);
  void Flush();
  void AfterAnswer();
  void Linger();
  // Deadlines: each belongs to a phase, and ends with it.
  void Enter(Phase phase, absl::Duration within);
  void OnDeadline();

  Loop& loop_;
  Socket socket_;
  Timer timer_;
  const std::string peer_;
  const Place place_;
  Phase phase_ = Phase::kIdle;
  std::uint64_t deadline_ = 0;  // counts the deadlines: one that was replaced may still fire
  bool waiting_ = false;        // for bytes
  // The client is gone. Shared with the code that still works on its request.
  const std::shared_ptr<std::atomic<bool>> gone_ = std::make_shared<std::atomic<bool>>(false);

  Inbox inbox_;
  HeadScanner scanner_;
  std::optional<Parser> parser_;
  Head head_;

  std::uint64_t number_ = 0;  // of the request: only the first answer to the current request counts
  Exchange exchange_;
  Response response_;
  std::unique_ptr<Gzip> gzip_;
  std::string out_;       // the answer's head
  std::size_t sent_ = 0;  // bytes of the head and the body
  bool slow_ = false;     // the client reads slowly, so there is a deadline
};

}  // namespace muster::http
