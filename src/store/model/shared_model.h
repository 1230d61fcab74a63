// The model as the writer and the readers share it.
//
// Only the writer's thread changes the model, and only with the lock held exclusively, for the short while
// that a committed batch takes to apply: never while anything is written to disk. Its own reads need no lock.
// Readers hold the lock shared, for bounded work at a time.
#pragma once

#include "absl/base/thread_annotations.h"
#include "runtime/mutex.h"
#include "store/model/model.h"

namespace muster {

struct SharedModel {
  /// The writer's thread only.
  const Model& ForWriter() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return model; }

  mutable Mutex mu;
  Model model ABSL_GUARDED_BY(mu);
};

}  // namespace muster
