#include "registry/listening.h"

#include <utility>

namespace muster {

void Listening::Start(absl::Duration now, std::string boot_id, const std::optional<ProvenState>& last,
                      std::vector<std::string> sockets, const Settings& settings) {
  const MutexLock lock(mu_);
  clock_.Start(now, std::move(boot_id), last, std::move(sockets), settings);
}

void Listening::Configure(const Settings& settings) {
  const MutexLock lock(mu_);
  clock_.Configure(settings);
}

void Listening::Tick(absl::Duration now) {
  const MutexLock lock(mu_);
  clock_.Tick(now);
}

void Listening::ProbeSent(std::size_t socket, absl::Duration now) {
  const MutexLock lock(mu_);
  clock_.ProbeSent(socket, now);
}

void Listening::ProbeAnswered(std::size_t socket, absl::Duration sent, absl::Duration now) {
  const MutexLock lock(mu_);
  clock_.ProbeAnswered(socket, sent, now);
}

void Listening::ProbeFailed(std::size_t socket, absl::Duration sent, std::string_view why,
                            absl::Duration now) {
  const MutexLock lock(mu_);
  clock_.ProbeFailed(socket, sent, why, now);
}

}  // namespace muster
