// The long streams that are open: how many there may be, and how they end when the daemon does.
//
// A unary call is let in by the Gate and soon over. A stream stays, and would hold a stop up for as long as
// its client likes: so the service knows its streams, and tells them.
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
    /// The daemon stops: take in nothing more, answer what is owed, and end with this error. Called with the
    /// lock held that Remove takes: must not wait for it.
    virtual void EndWith(const WorkerError& error) = 0;

   protected:
    ~Stream() = default;
  };

  /// `too_many` says so to people: a literal.
  OpenStreams(std::size_t most, std::string_view too_many) : max_(most), too_many_(too_many) {}

  /// Overloaded where there are too many, the error of EndAll after that: then the stream must end by itself,
  /// and must not be removed.
  Outcome Add(Stream& stream);
  /// Returns once EndWith is not running on it, and never will. Precondition: it was added.
  void Remove(Stream& stream);
  /// Ends all that are open, and any that comes later.
  void EndAll(const WorkerError& error);

 private:
  const std::size_t max_;
  const std::string_view too_many_;
  Mutex mu_;
  absl::flat_hash_set<Stream*> streams_ ABSL_GUARDED_BY(mu_);
  std::optional<WorkerError> ended_ ABSL_GUARDED_BY(mu_);
};

}  // namespace muster::rpc
