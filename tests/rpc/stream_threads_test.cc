// Three threads drive a stream's state as gRPC and the roll do. For ThreadSanitizer, which cannot see gRPC.
#include <atomic>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "rpc/heartbeat_burst.h"
#include "rpc/open_streams.h"
#include "rpc/stream_state.h"
#include "runtime/mutex.h"

namespace muster::rpc {
namespace {

/// Things to do for one thread.
class Inbox {
 public:
  void Add() {
    const MutexLock lock(mu_);
    ++waiting_;
    changed_.Signal();
  }
  void Close() {
    const MutexLock lock(mu_);
    closed_ = true;
    changed_.Signal();
  }
  /// Waits for the next one. False once it is closed.
  bool Take() {
    const MutexLock lock(mu_);
    while (waiting_ == 0 && !closed_) changed_.WaitWithTimeout(mu_, absl::Seconds(1));
    if (waiting_ == 0) return false;
    --waiting_;
    return true;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  int waiting_ ABSL_GUARDED_BY(mu_) = 0;
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

/// A HeartbeatStream without gRPC and without a roll. It handles the state, the bursts and the lock in the
/// same way.
class Driven final : public OpenStreams::Stream {
 public:
  Driven(OpenStreams& streams, int heartbeats) : streams_(streams), heartbeats_(heartbeats) {}

  /// Until the stream is at its end.
  void Run() {
    REQUIRE(streams_.Add(*this).ok());
    reads_.Add();
    std::thread reader([this] {
      while (reads_.Take()) OnRead();
    });
    std::thread writer([this] {
      while (submits_.Take()) Decide();
    });
    std::thread answers([this] {
      while (writes_.Take()) Answer();
    });
    for (std::thread* each : {&reader, &writer, &answers}) each->join();
    streams_.Remove(*this);
  }

  void EndWith(const WorkerError&) override {
    Steps steps;
    {
      const MutexLock lock(mu_);
      steps = Claim(state_.End());
    }
    Do(steps);
  }

  std::atomic<int> fail_at = -1;   // the answer that cannot be written
  std::atomic<int> close_at = -1;  // the burst that the roll does not take
  std::atomic<int> answered = 0;

  // After Run.
  int taken_in = 0;
  int finished = 0;
  std::vector<std::string> answers_;

 private:
  using Steps = StreamState::Steps;

  void OnRead() {
    Steps steps;
    if (read_ == heartbeats_) {
      const MutexLock lock(mu_);
      steps = Claim(state_.ReadingEnded());
    } else {
      HeartbeatCommand heartbeat;
      const std::string id = absl::StrCat("w", read_++);
      heartbeat.worker_id = id;
      const MutexLock lock(mu_);
      if (state_.TakesIn()) {
        gathering_.Add(heartbeat);
        ++taken_in;
      }
      steps = Claim(state_.HeartbeatRead());
    }
    Do(steps);
  }

  void Decide() {
    const bool closed = bursts_++ == close_at;
    if (!closed) submitted_.Refuse(WorkerNotFound{"w"});
    Steps steps;
    {
      const MutexLock lock(mu_);
      steps = Claim(closed ? state_.RegistryClosed() : state_.Decided());
    }
    Do(steps);
  }

  void Answer() {
    bool ok = true;
    for (std::size_t i = 0; i < answering_.size() && ok; ++i) {
      ok = answered != fail_at;
      v1::StreamHeartbeatsResponse response;
      answering_.Describe(i, response);
      answers_.push_back(response.worker_id());
      ++answered;
    }
    answering_.Clear();
    Steps steps;
    {
      const MutexLock lock(mu_);
      steps = Claim(ok ? state_.Written() : state_.WriteFailed());
    }
    Do(steps);
  }

  Steps Claim(Steps steps) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    if (steps.write) std::swap(submitted_, answering_);
    if (steps.submit) {
      submitted_.Clear();
      std::swap(gathering_, submitted_);
    }
    return steps;
  }

  void Do(Steps steps) {
    if (steps.write) writes_.Add();
    if (steps.submit) submits_.Add();
    if (steps.read) reads_.Add();
    if (steps.finish) {
      ++finished;
      for (Inbox* each : {&reads_, &submits_, &writes_}) each->Close();
    }
  }

  OpenStreams& streams_;
  const int heartbeats_;
  int read_ = 0;    // by the thread that reads
  int bursts_ = 0;  // by the roll
  Inbox reads_, submits_, writes_;
  HeartbeatBurst submitted_;
  HeartbeatBurst answering_;

  Mutex mu_;
  StreamState state_ ABSL_GUARDED_BY(mu_) = StreamState(16);
  HeartbeatBurst gathering_ ABSL_GUARDED_BY(mu_);
};

/// The answers are those to w0, w1, …, without a gap.
void CheckOrder(const Driven& stream) {
  for (std::size_t i = 0; i < stream.answers_.size(); ++i) {
    REQUIRE(stream.answers_[i] == absl::StrCat("w", i));
  }
}

constexpr int kHeartbeats = 2'000;

TEST_CASE("On three threads every heartbeat is read, decided, and answered once and in order") {
  OpenStreams streams(1, "full");
  Driven stream(streams, kHeartbeats);
  stream.Run();
  CHECK(stream.finished == 1);
  CHECK(stream.answers_.size() == kHeartbeats);
  CheckOrder(stream);
}

TEST_CASE("If the daemon ends a stream in the middle, it answers what it took in") {
  OpenStreams streams(1, "full");
  Driven stream(streams, 100 * kHeartbeats);
  std::thread daemon([&] {
    while (stream.answered < kHeartbeats / 10) std::this_thread::yield();
    streams.EndAll(StoreUnavailable{"the daemon is stopping"});
  });
  stream.Run();
  daemon.join();
  CHECK(stream.finished == 1);
  CHECK(stream.answers_.size() == static_cast<std::size_t>(stream.taken_in));
  CheckOrder(stream);
}

TEST_CASE("A stream whose client is gone, or whose roll is closed, reaches its end") {
  OpenStreams streams(1, "full");
  Driven stream(streams, 100 * kHeartbeats);
  const int at = GENERATE(0, 1, 17, 300);
  SECTION("nobody takes an answer") {
    stream.fail_at = at;
  }
  SECTION("the roll takes nothing more") {
    stream.close_at = at;
  }
  stream.Run();
  CHECK(stream.finished == 1);
  CheckOrder(stream);
}

}  // namespace
}  // namespace muster::rpc
