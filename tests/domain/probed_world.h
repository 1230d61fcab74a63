// A world around a ProbedClock: a process with listening sockets, a store and a probing thread, and what is
// true of them. It checks after each step what must always hold.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "domain/probed_clock.h"
#include "muster/settings.h"

namespace muster {

class ProbedWorld {
 public:
  enum class Answers { kYes, kRefuses, kNever };

  explicit ProbedWorld(absl::Duration timeout, std::size_t sockets = 2,
                       const std::optional<ProvenState>& last = std::nullopt)
      : sockets_(sockets) {
    SetTimeout(timeout);
    if (last) counted_before_ = last->proven - ListeningTime();
    Begin(last);
  }

  // What may happen.

  void Work(absl::Duration time) {
    const absl::Duration end = now_ + time;
    while (now_ < end) OneTick(std::min(tick(), end - now_));
    CheckCounted();
  }
  void Ticks(int count) { Work(count * tick()); }
  /// The process does not run: SIGSTOP, or a machine that sleeps.
  void Freeze(absl::Duration time) {
    const bool short_gap = time <= 4 * tick();
    if (short_gap && Hears()) heard_ += time;
    if (!short_gap) Break();
    now_ += time;
    ticked_ += short_gap ? std::min(time, 2 * tick()) : absl::ZeroDuration();
    Turn();
    CheckCounted();
  }
  /// The probing thread alone stands still; the rest of the process works.
  void Stick(int ticks) {
    for (int i = 0; i < ticks; ++i) {
      now_ += tick();
      if (Hears()) heard_ += tick();
      if (ticks <= 4 && i < 2) ticked_ += tick();
      Heartbeat();
    }
    if (ticks > 4) Break();
    Turn();
    CheckCounted();
  }
  /// kill -9, and a start after `away`. `boot` is the id of the boot after it.
  void Restart(absl::Duration away, std::string boot = "") {
    const ProvenState stored = clock_.stored_state();
    now_ += away;
    if (!boot.empty()) boot_ = std::move(boot);
    clock_ = ProbedClock();
    draining_ = store_away_ = false;
    Break();
    running_ = std::numeric_limits<std::int64_t>::min();
    Begin(stored);
    Turn();
    CheckCounted();
  }
  void SetAnswers(std::size_t socket, Answers answers) {
    sockets_[socket].answers = answers;
    if (answers != Answers::kYes) sockets_[socket].answer_at = absl::InfiniteDuration();
  }
  Answers answers(std::size_t socket) const { return sockets_[socket].answers; }
  /// Each answer takes so long from now on.
  void SetDelay(absl::Duration delay) {
    for (std::size_t i = 0; i < sockets_.size(); ++i) SetDelay(i, delay);
  }
  void SetDelay(std::size_t socket, absl::Duration delay) { sockets_[socket].delay = delay; }
  void StoreFails() {
    if (store_away_) return;
    store_away_ = true;
    Break();
    clock_.CommitFailed(now_);
    Check();
  }
  void StoreWorks() {
    store_away_ = false;
    clock_.CommitWorked();
    Check();
  }
  void Reload(absl::Duration timeout) {
    SetTimeout(timeout);
    clock_.Configure(settings_);
    Check();
  }
  void Drain() {
    draining_ = true;
    clock_.Stop();
  }
  void Heal() {
    for (std::size_t i = 0; i < sockets_.size(); ++i) SetAnswers(i, Answers::kYes);
    SetDelay(absl::ZeroDuration());
    if (store_away_) StoreWorks();
    if (draining_) Restart(tick());
  }

  // What is to be seen.

  absl::Duration now() const { return now_; }
  absl::Duration tick() const { return ProbedClock::TickLength(settings_); }
  absl::Duration proven() const { return clock_.proven() - ListeningTime(); }
  absl::Duration Running() { return clock_.Running(now_) - ListeningTime(); }
  absl::Duration credit() const {
    return absl::Trunc(clock_.stored_state().credit + absl::Microseconds(500), absl::Milliseconds(1));
  }
  std::string why() const { return clock_.NotListeningBecause(now_); }
  ProbedClock& clock() { return clock_; }
  /// Time in which all sockets were open, and the process and its store at work.
  absl::Duration heard() const { return heard_; }
  /// Of that, what two good probes of each socket prove.
  absl::Duration Provable() const {
    absl::Duration sum = provable_before_;
    for (const Interval& first : sockets_[0].proven) sum += Common(first.from, first.to, 1);
    return sum;
  }
  absl::Duration longest_cap() const { return longest_cap_; }
  absl::Duration longest_limit() const { return longest_limit_; }
  absl::Duration longest_tick() const { return longest_tick_; }
  /// The first thing that did not hold; empty if all did.
  const std::string& broken() const { return broken_; }

 private:
  struct Interval {
    absl::Duration from;
    absl::Duration to;
  };
  struct Socket {
    Answers answers = Answers::kYes;
    absl::Duration delay;
    bool under_way = false;
    bool lost = false;  // no answer can be good any longer
    absl::Duration sent;
    absl::Duration sent_ticked;
    absl::Duration limit;
    absl::Duration answer_at;
    bool broken_off = true;  // the next good probe begins a new interval
    std::vector<Interval> proven;
  };

  void SetTimeout(absl::Duration timeout) {
    settings_.heartbeat_timeout = timeout;
    longest_cap_ = std::max(longest_cap_, LongestReconnectAllowance(timeout));
    longest_limit_ = std::max(longest_limit_, ProbedClock::ProbeLimit(settings_));
    longest_tick_ = std::max(longest_tick_, tick());
  }

  void Begin(const std::optional<ProvenState>& last) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < sockets_.size(); ++i) names.push_back(absl::StrCat("port ", i + 1));
    for (Socket& socket : sockets_) socket.under_way = false;
    clock_.Start(now_, boot_, last, names, settings_);
  }

  bool Hears() const {
    if (store_away_ || draining_) return false;
    return std::all_of(sockets_.begin(), sockets_.end(),
                       [](const Socket& socket) { return socket.answers == Answers::kYes; });
  }

  // No probe that is under way proves anything any longer, so the intervals are complete.
  void Break() {
    provable_before_ = Provable();
    for (Socket& socket : sockets_) {
      socket.broken_off = socket.lost = true;
      socket.proven.clear();
    }
  }

  void OneTick(absl::Duration length) {
    for (const absl::Duration part : {length / 3, length - length / 3}) {
      if (Hears()) heard_ += part;
      now_ += part;
      Heartbeat();
    }
    ticked_ += length;
    Turn();
  }

  // The probing thread: answers, a tick, and new probes; then a heartbeat of some worker.
  void Turn() {
    for (std::size_t i = 0; i < sockets_.size(); ++i) Receive(i);
    clock_.Tick(now_);
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      Send(i);
      Receive(i);
    }
    Heartbeat();
    Check();
  }

  void Send(std::size_t i) {
    Socket& socket = sockets_[i];
    if (socket.under_way) return;
    socket.under_way = true;
    socket.lost = store_away_;
    socket.sent = now_;
    socket.sent_ticked = ticked_;
    socket.limit = ProbedClock::ProbeLimit(settings_);
    socket.answer_at = socket.answers == Answers::kYes ? now_ + socket.delay : absl::InfiniteDuration();
    clock_.ProbeSent(i, now_);
    if (socket.answers == Answers::kRefuses || store_away_) {
      clock_.ProbeFailed(i, socket.sent, "refused", now_);
      socket.under_way = false;
      socket.broken_off = true;
    }
  }

  void Receive(std::size_t i) {
    Socket& socket = sockets_[i];
    if (!socket.under_way) return;
    const bool late = now_ - socket.sent > socket.limit;
    if (late) socket.broken_off = true;
    if (socket.answer_at <= now_) {
      clock_.ProbeAnswered(i, socket.sent, now_);
      socket.under_way = false;
      if (!late && !socket.lost && !draining_) {
        if (socket.broken_off) socket.proven.push_back({socket.sent_ticked, socket.sent_ticked});
        socket.proven.back().to = socket.sent_ticked;
        socket.broken_off = false;
      }
    } else if (late) {
      socket.under_way = false;
    }
  }

  absl::Duration Common(absl::Duration from, absl::Duration to, std::size_t socket) const {
    if (from >= to) return absl::ZeroDuration();
    if (socket == sockets_.size()) return to - from;
    absl::Duration sum;
    for (const Interval& other : sockets_[socket].proven) {
      sum += Common(std::max(from, other.from), std::min(to, other.to), socket + 1);
    }
    return sum;
  }

  // It is accepted wherever a socket is open.
  void Heartbeat() {
    if (store_away_) return;
    const absl::Duration stamp = Running();
    if (stamp < proven()) Fail("a stamp is earlier than the proven time");
    least_lead_ = std::min(least_lead_, stamp - heard_);
  }

  void Check() {
    if (proven() < proven_) Fail("the proven reading went back");
    proven_ = proven();
    const ListeningTime running = clock_.Running(now_);
    if (running.micros() < running_) Fail("the running reading went back");
    running_ = running.micros();
    if (running < clock_.proven()) Fail("the running reading is behind the proven one");
    if (running - clock_.proven() > 2 * longest_limit_ + 6 * longest_tick_)
      Fail("the running reading ran away");
    // A worker's silence is never longer than the time in which it could have been heard since.
    if (proven() - heard_ > least_lead_) {
      Fail(absl::StrCat("a worker seems silent for longer than it was: by ",
                        absl::FormatDuration(proven() - heard_ - least_lead_)));
    }
  }

  // What is dear to compute: once for each thing that happens.
  void CheckCounted() {
    const absl::Duration counted = proven() - counted_before_;
    const absl::Duration provable = Provable();
    if (counted > provable) Fail("more was counted than was proven");
    if (provable > heard_) Fail("the world is wrong: more was proven than was heard");
    if (counted + absl::Milliseconds(1) < (provable - longest_cap_) * 0.75) Fail("too little was counted");
  }

  void Fail(std::string what) {
    if (broken_.empty()) broken_ = absl::StrCat(what, " at ", absl::FormatDuration(now_));
  }

  Settings settings_;
  absl::Duration now_ = absl::Seconds(7200);
  absl::Duration ticked_;
  std::string boot_ = "boot 1";
  std::vector<Socket> sockets_;
  bool store_away_ = false;
  bool draining_ = false;
  ProbedClock clock_;

  absl::Duration heard_;
  absl::Duration provable_before_;  // by intervals that are complete
  absl::Duration counted_before_;
  absl::Duration proven_;
  std::int64_t running_ = std::numeric_limits<std::int64_t>::min();
  absl::Duration least_lead_ = absl::InfiniteDuration();  // of a stamp before the time heard
  absl::Duration longest_cap_;
  absl::Duration longest_limit_;
  absl::Duration longest_tick_;
  std::string broken_;
};

}  // namespace muster
