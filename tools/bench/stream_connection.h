// One HTTP/2 connection with one StreamHeartbeats on it, which keeps a fixed number of heartbeats unanswered.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "connection.h"
#include "http2_client.h"
#include "muster/v1/commands.pb.h"
#include "workloads.h"

namespace muster::bench {

/// Owns its socket. Not thread-safe; workload and tally must outlive it. The workload gives requests of
/// Heartbeat.
class StreamConnection {
 public:
  StreamConnection(int port, int in_flight, Workload& workload, Tally& tally);

  int fd() const { return client_.fd(); }
  bool wants_write() const { return client_.wants_write(); }
  /// Every heartbeat is answered. Then HalfClose ends the stream.
  bool idle() const { return sent_ns_.empty(); }
  /// The server ended the stream.
  bool closed() const { return closed_; }
  /// Whether it ended with OK.
  bool ended_well() const { return closed_ && status_ == 0; }

  // False where the connection is lost.
  [[nodiscard]] bool Start();
  [[nodiscard]] bool Read() { return client_.Read() && Write(); }
  [[nodiscard]] bool Write();
  [[nodiscard]] bool HalfClose();

 private:
  struct Callbacks;

  void Send();
  void Receive(const std::uint8_t* data, std::size_t size);
  void Count(const char* message, std::size_t size);

  Workload& workload_;
  Tally& tally_;
  const int in_flight_;
  Http2Client client_;
  std::int32_t stream_ = -1;
  std::string request_;   // one of the workload
  std::string outgoing_;  // framed messages, from outgoing_at_
  std::size_t outgoing_at_ = 0;
  bool half_close_ = false;
  std::string incoming_;              // the beginning of a message
  std::deque<std::int64_t> sent_ns_;  // of every heartbeat that is not answered yet
  v1::StreamHeartbeatsResponse answer_;
  int status_ = -1;
  bool closed_ = false;
};

}  // namespace muster::bench
