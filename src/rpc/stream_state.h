// The next steps of a stream of heartbeats, as a pure state machine: events in, steps out.
//
// A heartbeat passes through three bursts, and each burst moves as a whole: *gathering* (read, not submitted
// yet), *submitted* (in the roll, not decided yet; or decided while earlier answers are still written), and
// *answering*. The machine counts the heartbeats; its driver keeps them.
//
// It does not use gRPC, so a test can visit every state that it can reach, and ThreadSanitizer can watch
// three threads drive it.
#pragma once

#include <compare>
#include <cstddef>

namespace muster::rpc {

/// Not thread-safe: its driver holds one lock around each event. Every event returns the steps that it makes
/// possible. Each step is returned once, and counts as under way from then on.
class StreamState {
 public:
  struct Steps {
    bool read = false;    // read the next heartbeat; only after HeartbeatRead and Written
    bool write = false;   // the submitted burst becomes the one that is answered: write its answers
    bool submit = false;  // the gathering burst is submitted to the roll; the one before it is dropped
    bool finish = false;  // end the stream. Always alone, and always the last step
  };

  /// A stream whose first read is under way. `window`: how many heartbeats may be unanswered. Precondition:
  /// at least 1.
  explicit StreamState(std::size_t window);

  /// Whether a heartbeat that is read now is added to the gathering burst. Ask before HeartbeatRead. Once
  /// the stream ends, nothing more is taken in.
  bool TakesIn() const { return !ending_; }

  // Precondition: a read is under way.
  Steps HeartbeatRead();
  /// The client half-closed, is gone, or sent bytes that are not a heartbeat. The stream ends.
  Steps ReadingEnded();

  // Precondition: a burst is submitted, not decided yet.
  Steps Decided();
  /// The roll takes nothing more: the submitted burst and the gathering one are dropped unanswered. The
  /// stream ends.
  Steps RegistryClosed();

  // Precondition: a burst is being answered.
  /// All of its answers are written.
  Steps Written();
  /// An answer could not be written: the client reads no more answers. The stream ends.
  Steps WriteFailed();

  /// The daemon stops; may come at any time. The stream ends.
  Steps End();

  /// The heartbeats in all three bursts.
  std::size_t unanswered() const { return gathering_ + submitted_ + answering_; }

  /// States are values: for the test that visits them all.
  friend auto operator<=>(const StreamState&, const StreamState&) = default;

 private:
  enum class Progress { kNothing, kQueued, kDecided };

  void ReadDone();
  void ChooseWindow();
  /// The steps that the state allows; they count as under way.
  Steps Next();

  std::size_t max_window_;
  std::size_t window_;  // another heartbeat is read while fewer than this are unanswered
  std::size_t gathering_ = 0;
  std::size_t submitted_ = 0;
  std::size_t answering_ = 0;
  unsigned alone_ = 0;  // successive bursts of one heartbeat with no other behind it; see ChooseWindow
  Progress progress_ = Progress::kNothing;
  bool reading_ = true;
  bool writing_ = false;
  bool broken_ = false;  // the client reads no more answers
  bool ending_ = false;  // nothing more is taken in, so the stream will finish
  bool finished_ = false;
};

}  // namespace muster::rpc
