#include "probe/probe_thread.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <utility>

#include "domain/text.h"
#include "muster/check.h"
#include "probe/grpc_dialog.h"
#include "probe/http_dialog.h"
#include "probe/socket_address.h"

namespace muster::probe {
namespace {

// The longest wait for a socket. No tick is further away.
constexpr absl::Duration kLongestWait = absl::Seconds(1);

template <typename SomeDialog>
std::vector<std::unique_ptr<SocketTarget>> Targets(std::string_view protocol, const ListenAddress& address,
                                                   net::LocalConnections* local) {
  std::vector<std::unique_ptr<SocketTarget>> targets;
  for (SocketAddress& each : OwnAddresses(address)) {
    // A path is no name of a host.
    std::string host = each.on_path() ? "localhost" : each.text;
    std::string name = Concat({protocol, " ", each.text});
    auto new_dialog = [host = std::move(host)] { return std::make_unique<SomeDialog>(host); };
    targets.push_back(
        std::make_unique<SocketTarget>(std::move(name), std::move(each), std::move(new_dialog), local));
  }
  return targets;
}

std::vector<SocketTarget*> PointersTo(const std::vector<std::unique_ptr<SocketTarget>>& targets) {
  std::vector<SocketTarget*> pointers;
  pointers.reserve(targets.size());
  for (const auto& target : targets) pointers.push_back(target.get());
  return pointers;
}

std::vector<std::unique_ptr<ProbeTarget>> ForProber(std::vector<std::unique_ptr<SocketTarget>> targets) {
  return {std::make_move_iterator(targets.begin()), std::make_move_iterator(targets.end())};
}

}  // namespace

std::vector<std::unique_ptr<SocketTarget>> GrpcTargets(const ListenAddress& address,
                                                       net::LocalConnections* local) {
  return Targets<GrpcDialog>("grpc", address, local);
}

std::vector<std::unique_ptr<SocketTarget>> HttpTargets(const ListenAddress& address,
                                                       net::LocalConnections* local) {
  return Targets<HttpDialog>("http", address, local);
}

ProbeThread::ProbeThread(Registry& registry, const Clock& clock,
                         std::vector<std::unique_ptr<SocketTarget>> targets)
    : clock_(clock),
      sockets_(PointersTo(targets)),
      prober_(registry, clock, ForProber(std::move(targets))),
      stop_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  MUSTER_CHECK(stop_ >= 0, "there is a descriptor for the thread that probes");
}

ProbeThread::~ProbeThread() {
  Stop();
  ::close(stop_);
}

void ProbeThread::Start() {
  MUSTER_CHECK(!thread_.joinable(), "the thread is started once");
  thread_ = std::thread([this] { Run(); });
  (void)::pthread_setname_np(thread_.native_handle(), "probe");
}

void ProbeThread::Stop() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  (void)!::write(stop_, &one, sizeof one);
  thread_.join();
}

void ProbeThread::Run() {
  absl::Duration next = clock_.MonotonicNow();
  do {
    if (clock_.MonotonicNow() >= next) next = prober_.Tick();
    NoteFirstAnswers();
  } while (WaitForSockets(next));
  for (SocketTarget* socket : sockets_) socket->GiveUp();
}

void ProbeThread::NoteFirstAnswers() {
  if (first_answers_.HasBeenNotified()) return;
  const bool all = std::all_of(sockets_.begin(), sockets_.end(),
                               [](const SocketTarget* socket) { return socket->has_finished(); });
  if (all) first_answers_.Notify();
}

bool ProbeThread::WaitForSockets(absl::Duration until) {
  // poll counts in milliseconds. Rounded up: a wait that ends too early would be followed by many short ones.
  const absl::Duration wait = std::clamp(until - clock_.MonotonicNow(), absl::ZeroDuration(), kLongestWait);
  const auto millis = static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(wait, absl::Milliseconds(1))));
  waits_for_.clear();
  waits_for_.push_back({stop_, POLLIN, 0});
  for (const SocketTarget* socket : sockets_) waits_for_.push_back({socket->fd(), socket->events(), 0});
  if (::poll(waits_for_.data(), waits_for_.size(), millis) <= 0) return true;  // nothing, or a signal
  if (waits_for_[0].revents != 0) return false;
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    if (waits_for_[i + 1].revents != 0) sockets_[i]->OnReady();
  }
  return true;
}

}  // namespace muster::probe
