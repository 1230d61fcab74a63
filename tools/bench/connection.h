// One HTTP/2 connection that keeps a fixed number of gRPC calls in flight.
#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

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
};

/// Owns its socket. Not thread-safe; workload and tally must outlive it.
class Connection {
 public:
  Connection(int port, int in_flight, Workload& workload, Tally& tally);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  int fd() const { return fd_; }
  bool idle() const { return calls_in_flight_ == 0; }
  bool wants_write() const { return !unsent_.empty(); }

  /// False where the connection is lost.
  [[nodiscard]] bool Start();
  [[nodiscard]] bool Read();
  [[nodiscard]] bool Write();

 private:
  struct Call {
    Connection* connection = nullptr;
    std::string request;
    std::size_t sent = 0;
    std::string response;
    std::int64_t started_ns = 0;
    int status = -1;
  };
  struct Callbacks;

  void Submit(Call& call);
  void Finish(Call& call);

  Workload& workload_;
  Tally& tally_;
  int fd_ = -1;
  nghttp2_session* session_ = nullptr;
  std::string path_;
  std::string authority_;
  std::vector<Call> calls_;
  int calls_in_flight_ = 0;
  std::string unsent_;  // what the socket did not take
};

}  // namespace muster::bench
