// A value, or the error that prevented it.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "muster/check.h"
#include "muster/errors.h"

namespace muster {

/// One of the errors in an E that is not a T: a Result<T, E> can be made of it.
template <typename Other, typename T, typename E>
concept ErrorOtherThan =
    !std::is_same_v<E, Other> && std::is_convertible_v<Other, E> && !std::is_constructible_v<T, Other>;

/// Result<T> is returned by everything that can fail. Not thread-safe; owns its content. Inside a room the
/// error can be of another type.
///
///     Result<WorkerView> found = GetWorker(tx, "worker-1");
///     if (!found.ok()) return found.error();
///     Use(*found);
template <typename T, typename E = WorkerError>
class [[nodiscard]] Result {
 public:
  // NOLINTBEGIN(google-explicit-constructor)
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(E error) : state_(std::in_place_index<1>, std::move(error)) {}
  template <ErrorOtherThan<T, E> Other>
  Result(Other error) : state_(std::in_place_index<1>, std::move(error)) {}
  // NOLINTEND(google-explicit-constructor)

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

  // Precondition: !ok().
  const E& error() const& {
    MUSTER_CHECK(!ok(), "an error is read only where there is one");
    return *std::get_if<1>(&state_);
  }
  E&& error() && {
    MUSTER_CHECK(!ok(), "an error is read only where there is one");
    return std::move(*std::get_if<1>(&state_));
  }

 private:
  std::variant<T, E> state_;
};

struct Nothing {};

/// Ok(), or why not.
using Outcome = Result<Nothing>;
inline Outcome Ok() {
  return Nothing{};
}

}  // namespace muster
