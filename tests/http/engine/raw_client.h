// A client that sends exactly the bytes of a test, over a real socket, and waits for the answers.
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

/// Every wait lasts at most ten seconds; then the test fails.
class RawClient {
 public:
  explicit RawClient(const ListenAddress& address);
  ~RawClient();
  RawClient(RawClient&& other) noexcept;
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// False if the server has closed the connection.
  bool Send(std::string_view bytes);
  /// Sends as much as is possible without waiting.
  std::size_t SendSome(std::string_view bytes);
  /// Ends the sending half of the connection.
  void EndSending();
  /// The next answer. Nothing if the connection ends before it is complete. `head_only`: to a HEAD request.
  std::optional<RawAnswer> Receive(bool head_only = false);
  /// Sends and receives.
  std::optional<RawAnswer> Ask(std::string_view bytes);
  /// Whether the server closes and sends nothing more.
  bool Closes();
  /// All bytes until the server closes.
  std::string ReceiveAll();
  /// The next `size` bytes, or fewer if the connection ends.
  std::string ReceiveBytes(std::size_t size);
  /// The address of this end.
  std::string Local() const;

 private:
  bool More();

  int socket_;
  std::string in_;
};

}  // namespace muster::http
