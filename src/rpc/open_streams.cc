#include "rpc/open_streams.h"

#include "muster/check.h"

namespace muster::rpc {
namespace {

// Long enough for other streams to end. A client without a stream can send single heartbeats meanwhile.
constexpr absl::Duration kRetryAfter = absl::Seconds(10);

}  // namespace

Outcome OpenStreams::Add(Stream& stream) {
  const MutexLock lock(mu_);
  if (ended_) return *ended_;
  if (streams_.size() >= max_) return Overloaded{kRetryAfter, too_many_};
  streams_.insert(&stream);
  return Ok();
}

void OpenStreams::Remove(Stream& stream) {
  const MutexLock lock(mu_);
  MUSTER_CHECK(streams_.erase(&stream) == 1, "only what was added is removed");
}

void OpenStreams::EndAll(const WorkerError& error) {
  const MutexLock lock(mu_);
  ended_ = error;
  for (Stream* stream : streams_) stream->EndWith(error);
}

}  // namespace muster::rpc
