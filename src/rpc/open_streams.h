// The open streams of heartbeats: how many there may be, and how they end when the daemon stops.
//
// The Gate lets a unary call in, and the call is over soon. A stream stays, and would delay a stop for as
// long as its client wants: so the service knows its streams, and ends them.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "muster/errors.h"
#include "muster/result.h"
#include "runtime/mutex.h"

namespace muster::rpc {

/// Thread-safe.
class OpenStreams {
 public:
  class Stream {
   public:
    /// The daemon stops: take in nothing more, send the answers that are due, and end with this error.
    /// Called with the lock that Remove takes: must not wait for Remove.
    virtual void EndWith(const WorkerError& error) = 0;

   protected:
    ~Stream() = default;
  };

  /// `too_many`: what the error for too many streams says; a literal.
  OpenStreams(std::size_t most, std::string_view too_many) : max_(most), too_many_(too_many) {}

  /// Overloaded if there are too many streams; after EndAll, the error of EndAll. On an error the stream
  /// must end itself, and must not be removed.
  Outcome Add(Stream& stream);
  /// When it returns, EndWith is not running on the stream and will not be called. Precondition: it was
  /// added.
  void Remove(Stream& stream);
  /// Ends all open streams, and every stream that comes later.
  void EndAll(const WorkerError& error);

 private:
  const std::size_t max_;
  const std::string_view too_many_;
  Mutex mu_;
  absl::flat_hash_set<Stream*> streams_ ABSL_GUARDED_BY(mu_);
  std::optional<WorkerError> ended_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::rpc
