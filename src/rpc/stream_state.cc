#include "rpc/stream_state.h"

#include <utility>

#include "muster/check.h"

namespace muster::rpc {

StreamState::StreamState(std::size_t window) : max_window_(window), window_(window) {
  MUSTER_CHECK(window > 0, "something may be read");
}

StreamState::Steps StreamState::HeartbeatRead() {
  ReadDone();
  if (!ending_) ++gathering_;
  return Next();
}

StreamState::Steps StreamState::ReadingEnded() {
  ReadDone();
  ending_ = true;
  return Next();
}

StreamState::Steps StreamState::Decided() {
  MUSTER_CHECK(progress_ == Progress::kQueued, "what is decided was submitted");
  const bool alone = submitted_ == 1 && gathering_ == 0;
  alone_ = alone ? alone_ + 1 : 0;
  progress_ = Progress::kDecided;
  return Next();
}

StreamState::Steps StreamState::RegistryClosed() {
  MUSTER_CHECK(progress_ == Progress::kQueued, "what the roll does not take was submitted");
  submitted_ = gathering_ = 0;
  progress_ = Progress::kNothing;
  ending_ = true;
  return Next();
}

StreamState::Steps StreamState::Written() {
  MUSTER_CHECK(writing_, "what is written was to be written");
  answering_ = 0;
  writing_ = false;
  ChooseWindow();
  return Next();
}

StreamState::Steps StreamState::WriteFailed() {
  broken_ = true;
  ending_ = true;
  return Written();
}

StreamState::Steps StreamState::End() {
  ending_ = true;
  return Next();
}

void StreamState::ReadDone() {
  MUSTER_CHECK(reading_, "what is read was to be read");
  reading_ = false;
}

/// If a client waits for each answer, as far as we can tell, its next heartbeat is read after the answer. A
/// read that finds nothing makes gRPC send a WINDOW_UPDATE at once, with its own system call; the answer
/// would have carried it along. From time to time we try whether the client sends more.
void StreamState::ChooseWindow() {
  constexpr unsigned kSure = 4;
  constexpr unsigned kTryEvery = 8;
  if (alone_ >= 2 * kTryEvery) alone_ -= kTryEvery;  // equal for this rule, and keeps the states few
  window_ = alone_ < kSure || alone_ % kTryEvery == 0 ? max_window_ : 1;
}

StreamState::Steps StreamState::Next() {
  Steps steps;
  if (progress_ == Progress::kDecided && !writing_) {
    progress_ = Progress::kNothing;
    const std::size_t decided = std::exchange(submitted_, 0);
    if (!broken_) {
      answering_ = decided;
      steps.write = writing_ = true;
    }
  }
  if (progress_ == Progress::kNothing && gathering_ > 0) {
    progress_ = Progress::kQueued;
    submitted_ = std::exchange(gathering_, 0);
    steps.submit = true;
  }
  if (!reading_ && !ending_ && unanswered() < window_) steps.read = reading_ = true;
  if (ending_ && !finished_ && progress_ == Progress::kNothing && !writing_) steps.finish = finished_ = true;
  return steps;
}

}  // namespace muster::rpc
