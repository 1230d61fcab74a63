// The settings in force: replaced now and then, read for every answer.
#pragma once

#include <atomic>
#include <memory>

#include "muster/settings.h"
#include "runtime/mutex.h"

namespace muster {

/// Thread-safe. A reader that finds them unchanged since its last call takes no lock and shares no counter
/// with other threads: each thread keeps a copy of its own.
class SettingsBox {
 public:
  explicit SettingsBox(const Settings& settings) { Set(settings); }
  void Set(const Settings& settings);
  /// The same pointer on the same thread, until the next Set.
  std::shared_ptr<const Settings> Get() const;

 private:
  mutable Mutex mu_;
  std::shared_ptr<const Settings> current_ ABSL_GUARDED_BY(mu_);
  std::atomic<const Settings*> address_ = nullptr;
};

}  // namespace muster
