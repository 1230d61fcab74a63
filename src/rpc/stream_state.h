// What a stream of heartbeats does next, as a pure machine: events in, steps out.
//
// A heartbeat passes through three bursts, each of which goes on as a whole: *gathering* (read, not submitted
// yet), *in the roll* (submitted, not decided yet, or decided while the answers before it are still written),
// and *answering*. The machine counts them; its driver keeps the heartbeats themselves.
//
// It knows nothing of gRPC, so that a test can walk every state it can reach, and ThreadSanitizer can watch
// three threads drive it.
#pragma once

#include <compare>
#include <cstddef>

namespace muster::rpc {

/// Not thread-safe: its driver holds one lock around each event. Every event returns the steps that it makes
/// possible; each step is told once, and counts as under way from then on.
class StreamState {
 public:
  struct Steps {
    bool read = false;    // read the next heartbeat; only after HeartbeatRead and Written
    bool write = false;   // the burst in the roll becomes the one being answered: write its answers
    bool submit = false;  // the gathering burst goes into the roll; what is still there is dropped
    bool finish = false;  // end the stream. Always alone, and the last step of all
  };

  /// A stream whose first read is under way. `window` is how many heartbeats may be unanswered. Precondition:
  /// at least 1.
  explicit StreamState(std::size_t window);

  /// Whether a heartbeat that is read now belongs into the gathering burst. Ask before HeartbeatRead. Once
  /// the stream ends, nothing more is taken in.
  bool TakesIn() const { return !ending_; }

  // Precondition: a read is under way.
  Steps HeartbeatRead();
  /// The client half-closed, is gone, or sent what is no heartbeat. The stream ends.
  Steps ReadingEnded();

  // Precondition: a burst is in the roll, not decided yet.
  Steps Decided();
  /// The roll takes nothing more: this burst and the gathering one are dropped unanswered. The stream ends.
  Steps RegistryClosed();

  // Precondition: a burst is being answered.
  /// All of its answers are written.
  Steps Written();
  /// An answer could not be written: nobody reads answers any more. The stream ends.
  Steps WriteFailed();

  /// The daemon stops, at any time. The stream ends.
  Steps End();

  /// In all three bursts.
  std::size_t unanswered() const { return gathering_ + in_registry_ + answering_; }

  /// States are values: for the test that walks them.
  friend auto operator<=>(const StreamState&, const StreamState&) = default;

 private:
  enum class InRegistry { kNothing, kQueued, kDecided };

  void ReadDone();
  void ChooseWindow();
  /// What the state allows, and claims it for the caller.
  Steps Next();

  std::size_t max_window_;
  std::size_t window_;  // so many may be unanswered, to read another
  std::size_t gathering_ = 0;
  std::size_t in_registry_ = 0;
  std::size_t answering_ = 0;
  unsigned alone_ = 0;  // so many bursts of one heartbeat, while which nothing else came; see ChooseWindow
  InRegistry progress_ = InRegistry::kNothing;
  bool reading_ = true;
  bool writing_ = false;
  bool broken_ = false;  // nobody reads answers any more
  bool ending_ = false;  // nothing more is taken in; so it will finish
  bool finished_ = false;
};

}  // namespace muster::rpc
