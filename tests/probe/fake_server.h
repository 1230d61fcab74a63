// A server that says exactly what a test wants, to clients that the test drives on the same thread.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "probe/socket_address.h"
#include "probe/socket_target.h"

namespace muster::probe {

/// Listens on a free port or a path, and has one client at a time. Waits last 10 s at most; then the test
/// fails.
class FakeServer {
 public:
  enum class Families { kAsTheSystemDoes, kV6Only };

  /// As in --grpc-listen, with numbers (port 0: a free one) or a path.
  explicit FakeServer(const std::string& listen = "127.0.0.1:0",
                      Families families = Families::kAsTheSystemDoes);
  ~FakeServer();
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;

  /// What the daemon would probe.
  SocketAddress Address() const;
  const ListenAddress& listen() const { return listen_; }

  /// Takes the connection that waits, instead of the one before.
  void Accept();
  /// The port from which the client came; 0 on a unix socket.
  int PortOfClient() const;
  bool HasClient() const { return client_ >= 0; }
  /// What the client has sent since the last call.
  std::string Heard();
  void Say(std::string_view bytes);
  /// Says as much as the client takes, without waiting. Returns how much that was.
  std::size_t SayWithoutEnd(std::string_view bytes);
  void Close();
  void Reset();
  void StopListening();

 private:
  ListenAddress listen_;
  int listener_ = -1;
  int client_ = -1;
};

/// A target, and what its probes came to.
struct Probed {
  Probed(const SocketAddress& address, SocketTarget::NewDialog dialog)
      : target("it", address, std::move(dialog), &local) {}

  void Send(bool fresh = false);
  /// Lets the target work until `done`. Fails the test after 10 s.
  void Drive(const std::function<bool()>& done);
  void DriveUntilAnswered() {
    Drive([this] { return answers == sent; });
  }
  /// Lets the target do what it can at once.
  void Settle();

  net::LocalConnections local;
  SocketTarget target;
  int sent = 0;
  int answers = 0;
  std::optional<std::string> failure;  // of the last answer
};

/// Whether a socket has something for us within `millis`.
bool Readable(int fd, int millis);

// Frames of HTTP/2, as a server sends them.

std::string Frame(char type, char flags, int stream, std::string_view payload);
/// A head with these fields, in full and without compression.
std::string Field(std::string_view name, std::string_view value);
std::string SettingsFrame();
/// GOAWAY: calls up to `last_stream` are still answered.
std::string GoAway(int last_stream);
/// The whole of an answer to a call of gRPC.
std::string GrpcAnswer(int stream, std::string_view grpc_status);

}  // namespace muster::probe
