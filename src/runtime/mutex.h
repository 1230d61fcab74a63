// absl::Mutex, made visible to the ThreadSanitizer.
//
// The distribution's Abseil is not built with the sanitizer. So the sanitizer does not see its locks and
// would report every access that they protect. These wrappers report the locks; without the sanitizer they
// are absl::Mutex and nothing else.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

#if defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#define MUSTER_TSAN_ACQUIRE(address) __tsan_acquire(address)
#define MUSTER_TSAN_RELEASE(address) __tsan_release(address)
namespace muster::internal {
// Abseil's search for deadlocks keeps a table, under a lock that the sanitizer does not see either.
inline const bool kNoSearchForDeadlocks = [] {
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  return true;
}();
}  // namespace muster::internal
#else
#define MUSTER_TSAN_ACQUIRE(address) (void)0
#define MUSTER_TSAN_RELEASE(address) (void)0
#endif

namespace muster {

class ABSL_LOCKABLE Mutex {
 public:
  void Lock() ABSL_EXCLUSIVE_LOCK_FUNCTION() {
    mu_.Lock();
    MUSTER_TSAN_ACQUIRE(&mu_);
  }
  void Unlock() ABSL_UNLOCK_FUNCTION() {
    MUSTER_TSAN_RELEASE(&mu_);
    mu_.Unlock();
  }
  void ReaderLock() ABSL_SHARED_LOCK_FUNCTION() {
    mu_.ReaderLock();
    MUSTER_TSAN_ACQUIRE(&mu_);
  }
  void ReaderUnlock() ABSL_UNLOCK_FUNCTION() {
    MUSTER_TSAN_RELEASE(&mu_);
    mu_.ReaderUnlock();
  }

 private:
  friend class CondVar;
  absl::Mutex mu_;
};

class ABSL_SCOPED_LOCKABLE MutexLock {
 public:
  explicit MutexLock(Mutex& mu) ABSL_EXCLUSIVE_LOCK_FUNCTION(mu) : mu_(mu) { mu_.Lock(); }
  ~MutexLock() ABSL_UNLOCK_FUNCTION() { mu_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mu_;
};

class ABSL_SCOPED_LOCKABLE ReaderMutexLock {
 public:
  explicit ReaderMutexLock(Mutex& mu) ABSL_SHARED_LOCK_FUNCTION(mu) : mu_(mu) { mu_.ReaderLock(); }
  ~ReaderMutexLock() ABSL_UNLOCK_FUNCTION() { mu_.ReaderUnlock(); }
  ReaderMutexLock(const ReaderMutexLock&) = delete;
  ReaderMutexLock& operator=(const ReaderMutexLock&) = delete;

 private:
  Mutex& mu_;
};

class CondVar {
 public:
  /// Waits for a signal or the end of `timeout`; may return without a reason. Call it with `mu` held. Older
  /// versions of Abseil measure the timeout on the wall clock: good for giving up, not for timers (the
  /// executor has those).
  void WaitWithTimeout(Mutex& mu, absl::Duration timeout) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu) {
    MUSTER_TSAN_RELEASE(&mu.mu_);
    cv_.WaitWithTimeout(&mu.mu_, timeout);
    MUSTER_TSAN_ACQUIRE(&mu.mu_);
  }
  void Signal() { cv_.Signal(); }
  void SignalAll() { cv_.SignalAll(); }

 private:
  absl::CondVar cv_;
};

}  // namespace muster
