// A value, or the WorkerError that stood in its way.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "muster/check.h"
#include "muster/errors.h"

namespace muster {

/// One of the errors, and no T: what a Result<T> may be made of besides.
template <typename E, typename T>
concept WorkerErrorOtherThan = std::is_constructible_v<WorkerError, E> && !std::is_constructible_v<T, E> &&
                               !std::is_same_v<WorkerError, E>;

/// Result<T> is returned by everything that can fail. Not thread-safe; owns what it holds.
///
///     Result<WorkerView> found = GetWorker(tx, "worker-1");
///     if (!found.ok()) return found.error();
///     Use(*found);
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}            // NOLINT(google-explicit-constructor)
  Result(WorkerError error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)
  template <WorkerErrorOtherThan<T> E>
  Result(E error) : state_(WorkerError(std::move(error))) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }

  // Precondition: ok().
  T& operator*() & { return *operator->(); }
  const T& operator*() const& { return *operator->(); }
  T&& operator*() && { return std::move(*operator->()); }
  T* operator->() {
    MUSTER_CHECK(ok(), "a value is read only where there is one");
    return std::get_if<0>(&state_);
  }
  const T* operator->() const {
    MUSTER_CHECK(ok(), "a value is read only where there is one");
    return std::get_if<0>(&state_);
  }

  /// Precondition: !ok().
  const WorkerError& error() const {
    const WorkerError* const error = std::get_if<1>(&state_);
    MUSTER_CHECK(error != nullptr, "an error is read only where there is one");
    return *error;
  }

 private:
  std::variant<T, WorkerError> state_;
};

struct Nothing {};

/// Ok(), or why not.
using Outcome = Result<Nothing>;
inline Outcome Ok() {
  return Nothing{};
}

}  // namespace muster
