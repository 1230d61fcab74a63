// What the writer and the readers of the SQLite store share: the model, and the heartbeats that are not
// folded yet, behind the lock of the model.
#pragma once

#include "absl/base/thread_annotations.h"
#include "store/model/shared_model.h"
#include "store/sqlite/unfolded.h"

namespace muster::sqlite {

struct SharedRegistry : SharedModel {
  /// The writer's thread only, as SharedModel::ForWriter.
  const UnfoldedBeats& UnfoldedForWriter() const ABSL_NO_THREAD_SAFETY_ANALYSIS { return unfolded; }

  UnfoldedBeats unfolded ABSL_GUARDED_BY(mu);
};

}  // namespace muster::sqlite
