// A client that sends exactly the bytes that a test gives it, over a real socket, and waits for what comes
// back.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "runtime/listen_address.h"

namespace muster::http {

struct RawAnswer {
  int status = 0;
  Fields headers;
  std::string body;

  /// The first value; empty if there is none.
  std::string Header(std::string_view name) const;
  std::vector<std::string> AllOf(std::string_view name) const;
};

/// Waits at most ten seconds for anything; then the test fails.
class RawClient {
 public:
  explicit RawClient(const ListenAddress& address);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False if the server has closed.
  bool Send(std::string_view bytes);
  /// As much as fits at once without waiting.
  std::size_t SendSome(std::string_view bytes);
  /// No more will be sent.
  void EndSending();
  /// The next answer; nothing if the connection ends before it is complete. `head_only`: it was HEAD.
  std::optional<RawAnswer> Receive(bool head_only = false);
  /// Sends and receives.
  std::optional<RawAnswer> Ask(std::string_view bytes);
  /// Whether the server closes without sending more.
  bool Closes();
  /// Whatever comes until the server closes.
  std::string ReceiveAll();
  /// Exactly the next bytes, fewer if the connection ends.
  std::string ReceiveBytes(std::size_t size);
  /// The address of this end.
  std::string Local() const;

 private:
  bool More();

  int socket_;
  std::string in_;
};

}  // namespace muster::http
