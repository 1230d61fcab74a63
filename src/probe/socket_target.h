// One of the daemon's sockets, probed over connections to it. Nothing here ever blocks: the thread that
// drives it waits for fd() with poll.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/descriptor.h"
#include "net/local_connections.h"
#include "probe/dialog.h"
#include "probe/socket_address.h"
#include "registry/probe_target.h"

namespace muster::probe {

/// One connection at most. If the server has ended the kept one, which it may at any time, the heartbeat is
/// sent once more over a new one. Bytes go through Write and Read alone, where TLS would be.
class SocketTarget final : public ProbeTarget {
 public:
  /// Makes the dialog of a new connection.
  using NewDialog = std::function<std::unique_ptr<Dialog>()>;

  /// `name`: see ProbeTarget. Connections over the loopback are registered with `local`, which may be null,
  /// or must outlive the target: the limit of connections by address does not hold for them.
  SocketTarget(std::string name, SocketAddress address, NewDialog new_dialog, net::LocalConnections* local);
  ~SocketTarget() override;

  const std::string& name() const override { return name_; }
  /// May call `answered` before it returns.
  void Send(std::string_view probe_id, std::string_view token, bool fresh, Answered answered) override;
  /// Closes a connection without a probe as well: a server that stops waits for its connections.
  void GiveUp() override;

  /// Whether a probe has been answered, or has failed.
  bool has_finished() const { return has_finished_; }

  /// The connection; -1 if there is none. Changes with every call.
  int fd() const { return socket_.get(); }
  /// What to wait for, as poll calls it.
  short events() const;
  /// Call it when poll has found something on fd().
  void OnReady();

 private:
  void RegisterAsLocal();
  /// A reason if there can be no connection.
  std::optional<std::string> Connect();
  void ConnectAndAsk();
  void Write();
  void Read();
  void Take(std::string_view bytes);
  /// The connection has ended, or is of no use any more.
  void Lose(std::string_view why);
  void Finish(std::optional<std::string> failure);
  void Close();

  const std::string name_;
  const SocketAddress address_;
  const NewDialog new_dialog_;
  net::LocalConnections* const local_;

  net::Descriptor socket_;
  int local_port_ = 0;  // where it is registered; else 0
  bool connecting_ = false;
  std::unique_ptr<Dialog> dialog_;  // null without a connection
  std::size_t received_ = 0;        // since the last probe was sent

  // The probe that is under way.
  Answered answered_;
  std::string probe_id_;
  std::string token_;
  bool on_kept_ = false;  // on a connection that was there before
  bool has_finished_ = false;
};

}  // namespace muster::probe
