// One listening socket of the daemon, as a client of it sees it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/functional/any_invocable.h"

namespace muster {

/// Belongs to one thread, the one that probes.
class ProbeTarget {
 public:
  virtual ~ProbeTarget() = default;

  /// For people: "grpc 127.0.0.1:50051".
  virtual const std::string& name() const = 0;

  /// Nothing if the heartbeat was answered with OK; else why it was not, for people: "refused", "reset".
  using Answered = absl::AnyInvocable<void(std::optional<std::string> failure)>;

  /// Sends a heartbeat of the hidden worker `probe_id`, with `token` as its instance id. Never blocks.
  /// `fresh`: over a new connection, which is kept instead of the one before; else over the kept one, or a
  /// new one if there is none. `answered` is called once, on this thread, unless GiveUp comes first.
  /// Precondition: no probe is under way.
  virtual void Send(std::string_view probe_id, std::string_view token, bool fresh, Answered answered) = 0;
  /// Forgets the probe that is under way, if there is one, and closes its connection.
  virtual void GiveUp() = 0;
};

}  // namespace muster
