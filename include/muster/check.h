// Checks of what must hold, in release builds too.
//
// They are for what a header calls a precondition, where a room is entered. A broken precondition is a fault
// in the program that no answer can repair: to continue would turn it into a wrong answer or a wrong roll.
// So the process ends, with one line on standard error. What was answered with OK is in the store, and the
// next start finds it there.
//
// What comes from outside (clients, disks, other daemons) is never checked like this: it gets an error.
#pragma once

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string_view>

/// Ends the process unless `condition` is true. `message` says what must hold: a literal.
///
///     MUSTER_CHECK(!empty(), "only what is there is taken");
#define MUSTER_CHECK(condition, message)               \
  (static_cast<bool>(condition) ? static_cast<void>(0) \
                                : ::muster::internal::CheckFailed(__FILE__, __LINE__, #condition, message))

namespace muster::internal {

/// Set by the log once it is in use. It writes the line (given without its end) after those that wait,
/// without blocking on the reader of standard error. False: it was not written, and is to be written
/// directly.
inline constinit std::atomic<bool (*)(std::string_view line) noexcept> print_failed_check = nullptr;

/// Prints the place, as "check failed at registry/command_queue.cc:12: …", and aborts.
[[noreturn, gnu::cold, gnu::noinline]] inline void CheckFailed(const char* file, int line,
                                                               const char* condition,
                                                               const char* message) noexcept {
  std::string_view place = file;  // its last two parts
  const std::size_t name = place.rfind('/');
  if (name != std::string_view::npos && name > 0) {
    if (const std::size_t folder = place.rfind('/', name - 1); folder != std::string_view::npos) {
      place.remove_prefix(folder + 1);
    }
  }
  char text[512];
  (void)std::snprintf(text, sizeof text - 1, "check failed at %s:%d: %s: %s", place.data(), line, condition,
                      message);
  std::size_t end = std::string_view(text).size();
  const auto print = print_failed_check.load(std::memory_order_acquire);
  if (print == nullptr || !print({text, end})) {
    text[end++] = '\n';
    (void)std::fwrite(text, 1, end, stderr);  // not buffered: in one piece
  }
  std::abort();
}

}  // namespace muster::internal
