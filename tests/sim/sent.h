// A command that a simulated client sends, and what became of it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "absl/functional/any_invocable.h"
#include "muster/clock.h"
#include "muster/registry.h"
#include "muster/result.h"
#include "tests/sim/home.h"

namespace muster::sim {

enum class Fate {
  kCommitted,  // OK: durable
  kRefused,    // decided, with an error: nothing was changed
  kNotDone,    // the daemon said that nothing happened
  kInDoubt,    // the daemon said that it does not know, or died before it answered
};

template <typename T>
struct Answer {
  Fate fate = Fate::kNotDone;
  std::optional<Result<T>> result;  // with kCommitted and kRefused
  std::optional<Moment> decided;    // when it was decided last
};

/// Whether the daemon that got a command is dead by now: then no client gets its answer.
class Death {
 public:
  Death(const Home& home, std::shared_ptr<const bool> killed) : home_(&home), killed_(std::move(killed)) {}
  bool Came() const { return *killed_ || home_->dead(); }

 private:
  const Home* home_;  // outlives all lives of its daemon
  std::shared_ptr<const bool> killed_;
};

template <typename T>
using Decision = absl::AnyInvocable<Result<T>(WriteTx&, const Moment&)>;
template <typename T>
using Answered = absl::AnyInvocable<void(Answer<T>)>;

/// Deletes itself when it is finished.
template <typename T>
class Sent final : public Command {
 public:
  Sent(std::string worker_id, bool heartbeat, Decision<T> apply, Answered<T> answered, Death death)
      : worker_id_(std::move(worker_id)),
        heartbeat_(heartbeat),
        apply_(std::move(apply)),
        answered_(std::move(answered)),
        death_(std::move(death)) {
    heartbeats_asked_ = heartbeat ? 1 : 0;
  }

  void CollectKeys(BatchKeys& keys) const override {
    keys.ids.push_back(worker_id_);
    if (!heartbeat_) keys.only_heartbeats = false;
  }
  void Apply(WriteTx& tx, const Moment& now) override {
    answer_.decided = now;
    answer_.result.emplace(apply_(tx, now));
    heartbeats_recorded_ = heartbeat_ && answer_.result->ok() ? 1 : 0;
  }
  void Finish(const WorkerError* not_durable) override {
    const std::unique_ptr<Sent> self(this);
    if (death_.Came()) {
      // What was never decided never happened.
      answer_.fate = answer_.decided ? Fate::kInDoubt : Fate::kNotDone;
    } else if (not_durable == nullptr) {
      answer_.fate = answer_.result->ok() ? Fate::kCommitted : Fate::kRefused;
    } else {
      const auto* unavailable = std::get_if<StoreUnavailable>(not_durable);
      answer_.fate = unavailable != nullptr && unavailable->in_doubt ? Fate::kInDoubt : Fate::kNotDone;
    }
    answered_(std::move(answer_));
  }

 private:
  const std::string worker_id_;
  const bool heartbeat_;
  Decision<T> apply_;
  Answered<T> answered_;
  const Death death_;
  Answer<T> answer_;
};

}  // namespace muster::sim
