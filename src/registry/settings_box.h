// The settings in force: seldom replaced, and read for every answer.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "muster/settings.h"
#include "runtime/mutex.h"

namespace muster {

/// Thread-safe. If the settings did not change since its last call, a reader takes no lock and shares no
/// counter with other threads: each thread keeps its own copy.
class SettingsBox {
 public:
  explicit SettingsBox(const Settings& settings) { Set(settings); }
  void Set(const Settings& settings) {
    auto made = std::make_shared<const Settings>(settings);
    const MutexLock lock(mu_);
    // The old settings are freed after the new ones exist, so the new ones cannot get their address.
    const std::shared_ptr<const Settings> old = std::exchange(current_, std::move(made));
    address_.store(current_.get(), std::memory_order_release);
  }
  /// The same pointer on the same thread, until the next Set.
  std::shared_ptr<const Settings> Get() const {
    thread_local ThreadsCopy mine;
    if (mine.original.get() != address_.load(std::memory_order_acquire)) {
      const MutexLock lock(mu_);
      mine.original = current_;
      mine.copy = std::make_shared<const Settings>(*current_);
    }
    return mine.copy;
  }

 private:
  struct ThreadsCopy {
    std::shared_ptr<const Settings> original;  // held, so that no other settings can get its address
    std::shared_ptr<const Settings> copy;
  };

  mutable Mutex mu_;
  std::shared_ptr<const Settings> current_ ABSL_GUARDED_BY(mu_);
  std::atomic<const Settings*> address_ = nullptr;
};

}  // namespace muster
