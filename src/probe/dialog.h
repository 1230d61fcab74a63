// What is said on one connection: which bytes a client sends for a heartbeat, and what the bytes that come
// back mean. One for each protocol. No I/O, so that tests and fuzzers can play any server.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace muster::probe {

/// What became of a heartbeat.
struct Answer {
  /// None: the server answered OK. Else what it did instead, for people: "answered UNAVAILABLE".
  std::optional<std::string> failure;
};

/// Not thread-safe. Remembers no more than some KiB, whatever the server sends.
class Dialog {
 public:
  virtual ~Dialog() = default;

  /// Adds a heartbeat to `unsent`. Precondition: usable.
  virtual void Ask(std::string_view worker_id, std::string_view instance_id) = 0;
  /// Takes what the server sent, and may add replies to `unsent`. Returns the answer to the heartbeat with
  /// the bytes that complete it, or that can be no part of one; nothing before and after that.
  virtual std::optional<Answer> Receive(std::string_view bytes) = 0;
  /// Whether another heartbeat may follow on this connection. False while one is not answered yet, and for
  /// ever once the server has ended the connection, or sent something that it must not.
  virtual bool usable() const = 0;
  /// The server will not answer the heartbeat here: it had ended the connection before it saw it, or sent
  /// something that it must not. The connection is lost.
  virtual bool lost() const = 0;

  std::string unsent;  // the caller takes away what the socket took
};

}  // namespace muster::probe
