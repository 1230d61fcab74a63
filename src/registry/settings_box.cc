#include "registry/settings_box.h"

#include <utility>

namespace muster {
namespace {

struct ThreadsCopy {
  std::shared_ptr<const Settings> original;  // held, so that its address cannot come to mean other settings
  std::shared_ptr<const Settings> copy;
};

}  // namespace

void SettingsBox::Set(const Settings& settings) {
  auto made = std::make_shared<const Settings>(settings);
  const MutexLock lock(mu_);
  // The old ones go after the new ones are there: their address is not reused for them.
  const std::shared_ptr<const Settings> old = std::exchange(current_, std::move(made));
  address_.store(current_.get(), std::memory_order_release);
}

std::shared_ptr<const Settings> SettingsBox::Get() const {
  thread_local ThreadsCopy mine;
  if (mine.original.get() != address_.load(std::memory_order_acquire)) {
    const MutexLock lock(mu_);
    mine.original = current_;
    mine.copy = std::make_shared<const Settings>(*current_);
  }
  return mine.copy;
}

}  // namespace muster
