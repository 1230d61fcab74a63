// Every state that a stream of heartbeats can reach, and everything that can happen there.
#include "rpc/stream_state.h"

#include <compare>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "catch.h"
#include "death.h"

namespace muster::rpc {
namespace {

enum class Input { kRead, kReadingEnded, kDecided, kRegistryClosed, kWritten, kWriteFailed, kEnd };
constexpr Input kAllInputs[] = {
    Input::kRead,    Input::kReadingEnded, Input::kDecided, Input::kRegistryClosed,
    Input::kWritten, Input::kWriteFailed,  Input::kEnd};
constexpr std::string_view kInputNames[] = {"a heartbeat is read", "reading ended", "decided",
                                            "the roll is closed",  "written",       "writing failed",
                                            "the daemon stops"};

/// A stream and its environment: gRPC, the roll, and the heartbeats, of which each burst has a number.
class World {
 public:
  explicit World(std::size_t window) : window_(window), state_(window) {}

  bool finished() const { return finished_; }
  bool quiet() const { return !reading_ && !in_roll_ && !writing_; }

  bool CanCome(Input input) const {
    switch (input) {
      case Input::kRead:
      case Input::kReadingEnded:
        return reading_;
      case Input::kDecided:
      case Input::kRegistryClosed:
        return in_roll_;
      case Input::kWritten:
      case Input::kWriteFailed:
        return writing_;
      case Input::kEnd:
        return true;
    }
    return false;
  }

  void Come(Input input) {
    INFO(kInputNames[static_cast<int>(input)] << ", with a window of " << window_);
    const StreamState::Steps steps = Feed(input);
    Must(!finished_ || !(steps.read || steps.write || steps.submit || steps.finish),
         "no step after the last");
    // If gRPC did not call it, a driver may be deleted once it has done its other steps.
    if (steps.read) Must(input == Input::kRead || input == Input::kWritten, "reads when gRPC calls");
    if (steps.write) Write();
    if (steps.submit) Submit();
    if (steps.read) Read();
    if (steps.finish) {
      Must(!steps.read && !steps.write && !steps.submit, "finishes alone");
      Finish();
    }
    Look();
  }

  friend auto operator<=>(const World&, const World&) = default;

 private:
  static void Must(bool holds, std::string_view what) {
    if (!holds) FAIL(what);
  }

  StreamState::Steps Feed(Input input) {
    switch (input) {
      case Input::kRead:
        reading_ = false;
        Must(state_.TakesIn() == !ended_, "takes in until it ends, and not after that");
        if (state_.TakesIn()) ++gathering_;
        return state_.HeartbeatRead();
      case Input::kReadingEnded:
        reading_ = false;
        ended_ = true;
        return state_.ReadingEnded();
      case Input::kDecided:
        in_roll_ = false;
        if (deaf_) submitted_ = 0;
        return state_.Decided();
      case Input::kRegistryClosed:
        in_roll_ = false;
        ended_ = closed_ = true;
        submitted_ = gathering_ = 0;
        return state_.RegistryClosed();
      case Input::kWritten:
        writing_ = false;
        answering_ = 0;
        return state_.Written();
      case Input::kWriteFailed:
        writing_ = false;
        answering_ = 0;
        ended_ = deaf_ = true;
        if (!in_roll_) submitted_ = 0;
        return state_.WriteFailed();
      case Input::kEnd:
        ended_ = true;
        return state_.End();
    }
    return {};
  }

  void Write() {
    Must(!writing_, "one write at a time");
    Must(!in_roll_ && submitted_ > 0, "writes what is decided");
    Must(answering_ == 0, "no answer is lost");
    Must(!deaf_, "writes to nobody");
    writing_ = true;
    answering_ = submitted_;
    submitted_ = 0;
  }
  void Submit() {
    Must(!in_roll_, "is one command in the roll");
    Must(submitted_ == 0, "no decision is lost");
    Must(gathering_ > 0, "submits something");
    Must(!closed_, "submits nothing to a closed roll");
    in_roll_ = true;
    submitted_ = gathering_;
    gathering_ = 0;
  }
  void Read() {
    Must(!reading_, "one read at a time");
    Must(!ended_, "reads no more once it ends");
    reading_ = true;
  }
  void Finish() {
    Must(!finished_, "finishes once");
    Must(ended_, "finishes for a reason");
    Must(!in_roll_ && !writing_, "finishes when nothing is under way in the roll or being written");
    Must(gathering_ + submitted_ + answering_ == 0, "finishes when each heartbeat is answered");
    finished_ = true;
  }
  void Look() const {
    const std::size_t unanswered = gathering_ + submitted_ + answering_;
    Must(state_.unanswered() == unanswered, "counts as many as there are");
    Must(unanswered + (reading_ ? 1 : 0) <= window_, "keeps to the window");
    Must(gathering_ == 0 || submitted_ > 0, "gathers only while a burst is in the roll");
    Must(submitted_ == 0 || in_roll_ || writing_, "waits with a decision only for a write");
    if (ended_) {
      Must(finished_ || in_roll_ || writing_, "finishes as soon as it can");
    } else {
      Must(reading_ || in_roll_ || writing_, "never waits for nothing");
    }
  }

  std::size_t window_;
  StreamState state_;
  std::size_t gathering_ = 0;
  std::size_t submitted_ = 0;
  std::size_t answering_ = 0;
  bool reading_ = true;
  bool in_roll_ = false;  // submitted, and neither decided nor turned away
  bool writing_ = false;
  bool ended_ = false;
  bool closed_ = false;
  bool deaf_ = false;
  bool finished_ = false;
};

/// All states that can be reached.
std::set<World> Walk(const World& start) {
  std::set<World> seen = {start};
  std::vector<World> open = {start};
  while (!open.empty()) {
    const World from = open.back();
    open.pop_back();
    for (const Input input : kAllInputs) {
      if (!from.CanCome(input)) continue;
      World to = from;
      to.Come(input);
      if (seen.insert(to).second) open.push_back(to);
    }
  }
  return seen;
}

TEST_CASE("In every state that a stream can reach, it does what it must on every input") {
  const std::size_t window = GENERATE(1U, 2U, 3U, 5U);
  const std::set<World> all = Walk(World(window));
  CAPTURE(window, all.size());
  CHECK(all.size() > 50 * window);  // else the walk missed states
}

TEST_CASE("From every state a stream reaches its end, by what is under way and nothing else") {
  constexpr Input kOrders[][3] = {{Input::kReadingEnded, Input::kDecided, Input::kWritten},
                                  {Input::kReadingEnded, Input::kWritten, Input::kDecided},
                                  {Input::kDecided, Input::kReadingEnded, Input::kWritten},
                                  {Input::kDecided, Input::kWritten, Input::kReadingEnded},
                                  {Input::kWritten, Input::kReadingEnded, Input::kDecided},
                                  {Input::kWritten, Input::kDecided, Input::kReadingEnded}};
  for (const World& from : Walk(World(3))) {
    for (const auto& order : kOrders) {
      World world = from;
      for (int steps = 0; !world.quiet(); ++steps) {
        REQUIRE(steps < 20);
        for (const Input input : order) {
          if (!world.CanCome(input)) continue;
          world.Come(input);
          break;
        }
      }
      CHECK(world.finished());
    }
  }
}

/// One heartbeat, from read to answer. Returns whether the next one was read before the answer was written.
bool ReadsAhead(StreamState& state) {
  StreamState::Steps steps = state.HeartbeatRead();
  REQUIRE(steps.submit);
  const bool ahead = steps.read;
  steps = state.Decided();
  REQUIRE(steps.write);
  steps = state.Written();
  CHECK(steps.read == !ahead);
  return ahead;
}

TEST_CASE(
    "If a client waits for each answer, the answer goes first; from time to time more is read before it") {
  StreamState state(256);
  std::string ahead;
  for (int i = 0; i < 40; ++i) ahead += ReadsAhead(state) ? 'a' : '-';
  CHECK(ahead == "aaaa----a-------a-------a-------a-------");

  // Until another heartbeat comes before the answer.
  StreamState::Steps steps = state.HeartbeatRead();
  while (!steps.read) {
    CHECK(state.Decided().write);
    CHECK(state.Written().read);
    steps = state.HeartbeatRead();
  }
  state.HeartbeatRead();
  CHECK(state.Decided().submit);
  state.Written();
  state.Decided();
  state.Written();
  ahead.clear();
  for (int i = 0; i < 8; ++i) ahead += ReadsAhead(state) ? 'a' : '-';
  CHECK(ahead == "aaa----a");
}

TEST_CASE("A client that keeps sending is read until the window is full, and again after the answers") {
  StreamState state(4);
  CHECK(state.HeartbeatRead().read);  // in the roll
  CHECK(state.HeartbeatRead().read);
  CHECK(state.HeartbeatRead().read);
  CHECK_FALSE(state.HeartbeatRead().read);
  CHECK(state.unanswered() == 4);
  const StreamState::Steps decided = state.Decided();
  CHECK(decided.write);
  CHECK(decided.submit);  // the other three, as one
  CHECK_FALSE(decided.read);
  CHECK(state.Written().read);
  CHECK(state.unanswered() == 3);
}

TEST_CASE("Only what is under way can end") {
  testing::CheckDies([] { StreamState(0); }, "something may be read");
  testing::CheckDies([] { StreamState(1).Decided(); }, "what is decided was submitted");
  testing::CheckDies([] { StreamState(1).RegistryClosed(); }, "what the roll does not take was submitted");
  testing::CheckDies([] { StreamState(1).Written(); }, "what is written was to be written");
  testing::CheckDies([] { StreamState(1).WriteFailed(); }, "what is written was to be written");
  testing::CheckDies(
      [] {
        StreamState state(1);
        state.HeartbeatRead();
        state.HeartbeatRead();
      },
      "what is read was to be read");
}

}  // namespace
}  // namespace muster::rpc
