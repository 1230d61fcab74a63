// One client's connection: reads a request, hands it to the handler, writes the answer, and so on. One
// request at a time: what a client sends ahead waits in its socket, so pipelined requests are answered in
// order and a client that does not read its answers is not read from either.
//
// A later protocol on the same port begins where the socket comes in (TLS) or where the answer is written (a
// stream of events); nothing else here would change.
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
#include "http/engine/exchange.h"
#include "http/engine/gzip.h"
#include "http/engine/head.h"
#include "http/engine/head_scanner.h"
#include "http/engine/inbox.h"
#include "http/engine/loop.h"
#include "http/engine/refusal.h"

namespace muster::http {

/// Lives in the loop's set of connections until it is closed, and beyond that while its own handlers are
/// queued. Only on the loop's thread.
class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(Loop& loop, Socket socket, std::string peer);

  /// Waits for the first request.
  void Start();
  /// Says that there are too many connections, and closes.
  void RejectBusy();
  /// Closes if no request is under way; otherwise after the answer to it.
  void Drain();
  /// At once, whatever is under way.
  void Close();

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
  // Deadlines: each is for a phase, and forgotten with it.
  void Enter(Phase phase, absl::Duration within);
  void OnDeadline();

  Loop& loop_;
  Socket socket_;
  Timer timer_;
  const std::string peer_;
  Phase phase_ = Phase::kIdle;
  std::uint64_t deadline_ = 0;  // counts them: one that was set anew may still fire
  bool waiting_ = false;        // for bytes
  // The client is gone. Shared with those who still work on its request.
  const std::shared_ptr<std::atomic<bool>> gone_ = std::make_shared<std::atomic<bool>>(false);

  Inbox inbox_;
  HeadScanner scanner_;
  std::optional<Parser> parser_;
  Head head_;

  std::uint64_t number_ = 0;  // of the request: an answer is to one, and counts once
  Exchange exchange_;
  Response response_;
  std::unique_ptr<Gzip> gzip_;
  std::string out_;       // the answer's head
  std::size_t sent_ = 0;  // of it and the body
  bool slow_ = false;     // the client is; there is a deadline
};

}  // namespace muster::http
