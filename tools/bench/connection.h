// One HTTP/2 connection with gRPC calls in flight: a fixed number of them, each followed by the next one (a
// closed loop), or as many as it is told to send, by a schedule that does not wait for answers (an open
// loop).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "http2_client.h"
#include "workloads.h"

namespace muster::bench {

/// What all connections of a run count together.
struct Tally {
  bool stop = false;                    // set by the run: no more new calls
  bool measure = false;                 // set by the run: answers count for rate and latency
  std::int64_t answered = 0;            // with any status, measured or not
  std::int64_t ok = 0;                  // with grpc-status 0 and an answer in it
  std::int64_t accepted = 0;            // what the answers of `ok` accepted
  std::map<int, std::int64_t> refused;  // by grpc-status; -1: none came
  std::string first_refusal;            // its grpc-message
  std::int64_t measured = 0;            // ok while measuring
  std::int64_t measured_accepted = 0;
  std::vector<std::uint32_t> latencies_us;  // of `measured`

  // Of RESOURCE_EXHAUSTED.
  std::vector<std::uint32_t> retry_delays_us;  // as the refusals said
  std::int64_t without_retry_delay = 0;

  // Of an open loop, where offered = sent + unsent + held_back.
  std::int64_t offered = 0;                 // as the schedule says
  std::int64_t sent = 0;                    // submitted; all of them were answered if the run completed
  std::int64_t unsent = 0;                  // all is in flight that may be, or the generator was late
  std::int64_t held_back = 0;               // the caller waits as it was told to
  std::vector<std::uint32_t> lateness_us;   // between the scheduled moment and the submission
  std::vector<std::int64_t> held_until_ns;  // by caller; empty where retry delays are not honoured
};

/// Owns its socket. Not thread-safe; workload and tally must outlive it.
class Connection {
 public:
  enum class Loop { kClosed, kOpen };

  Connection(int port, int in_flight, Loop loop, Workload& workload, Tally& tally);

  int fd() const { return client_.fd(); }
  bool idle() const { return calls_in_flight_ == 0; }
  bool wants_write() const { return client_.wants_write(); }

  /// Open loop: sends the workload's next call, which was due at `scheduled_ns`, with the next Write. False
  /// if the workload is done.
  bool Offer(std::int64_t scheduled_ns);

  /// False where the connection is lost.
  [[nodiscard]] bool Start();
  [[nodiscard]] bool Read() { return client_.Read() && Write(); }
  [[nodiscard]] bool Write() { return client_.Write(); }

 private:
  struct Call {
    Connection* connection = nullptr;
    std::string request;
    std::size_t sent = 0;
    std::string response;
    std::size_t caller = 0;
    std::int64_t started_ns = 0;  // in an open loop, when it was due
    int status = -1;
    std::optional<std::int64_t> retry_delay_us;
  };
  struct Callbacks;

  /// As the server said: more would wait here.
  int StreamsAllowed() const;
  void SubmitNext(Call& call);
  /// The call's request is there.
  void Submit(Call& call, std::int64_t started_ns);
  void Finish(Call& call);
  void CountRefusal(const Call& call);

  Workload& workload_;
  Tally& tally_;
  const Loop loop_;
  Http2Client client_;
  std::string path_;
  std::vector<Call> calls_;
  std::vector<Call*> free_;  // of an open loop
  std::string request_;      // the one that is offered
  int calls_in_flight_ = 0;
};

}  // namespace muster::bench
