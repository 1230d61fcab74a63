#include "net/acceptor.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "runtime/log.h"

namespace muster::net {
namespace {

constexpr absl::Duration kLogPeriod = absl::Minutes(1);
constexpr std::size_t kLoggedSources = 20;  // in one period; the others are counted

int AcceptFrom(int listening, sockaddr_storage& peer) {
  socklen_t size = sizeof peer;
  return ::accept4(listening, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

bool NoFiles(int error) {
  return error == EMFILE || error == ENFILE;
}

/// The client gave up, or the network failed, while the connection waited: accept reports it, and the next
/// one may be well.
bool OnlyThisOne(int error) {
  switch (error) {
    case EINTR:
    case ECONNABORTED:
    case EPERM:
    case EPROTO:
    case ENOPROTOOPT:
    case EOPNOTSUPP:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool Acceptor::RefusalLog::Due(const Source& source, absl::Duration now) {
  if (now - since_ >= kLogPeriod) {
    since_ = now;
    told_.clear();
  }
  return told_.size() < kLoggedSources && told_.insert(source).second;
}

Acceptor::Acceptor(Options options, const Clock& clock) : options_(std::move(options)), clock_(clock) {
  OpenReserve();
}

void Acceptor::OpenReserve() {
  reserve_.Reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

Acceptor::Next Acceptor::Take(int listening, Arrival& arrival) {
  arrival = Arrival();
  sockaddr_storage peer = {};
  const int socket = AcceptFrom(listening, peer);
  if (socket < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Next::kNone;
    if (NoFiles(errno)) return RefuseForFiles(listening);
    return OnlyThisOne(errno) ? Next::kTaken : Next::kPause;
  }
  if (!reserve_.open()) OpenReserve();
  const auto& address = reinterpret_cast<const sockaddr&>(peer);
  arrival.socket.Reset(socket);
  arrival.source = Source::Of(address);
  arrival.peer = AddressOfPeer(address);
  const bool local =
      options_.local != nullptr && arrival.source.loopback() && options_.local->Has(PortOfPeer(address));
  arrival.counted = arrival.source.known() && !local;
  arrival.verdict = Judge(arrival.source, arrival.counted);
  if (arrival.verdict == Verdict::kWelcome) {
    if (arrival.counted) ++by_source_[arrival.source];
    ++accepted_;
    ++open_;
  } else {
    ++(arrival.verdict == Verdict::kTooMany ? refused_in_all_ : refused_by_address_);
    SayRefused(arrival.verdict, arrival.source);
  }
  return Next::kTaken;
}

Acceptor::Verdict Acceptor::Judge(const Source& source, bool counted) const {
  if (open_.get() >= options_.limits.in_all) return Verdict::kTooMany;
  if (!counted) return Verdict::kWelcome;
  const auto found = by_source_.find(source);
  const std::size_t present = found == by_source_.end() ? 0 : found->second;
  return present < options_.limits.from_one_address ? Verdict::kWelcome : Verdict::kTooManyFromAddress;
}

void Acceptor::Left(const Source& source, bool counted) {
  --open_;
  if (!counted) return;
  const auto found = by_source_.find(source);
  if (found != by_source_.end() && --found->second == 0) by_source_.erase(found);
}

void Acceptor::LeftForFiles(const Source& source, bool counted) {
  Left(source, counted);
  accepted_.value.fetch_sub(1, std::memory_order_relaxed);
  ++refused_for_files_;
  SayNoFiles(source);
}

Acceptor::Next Acceptor::RefuseForFiles(int listening) {
  if (!reserve_.open()) OpenReserve();  // another thread took its file the last time
  if (!reserve_.open()) return Next::kPause;
  reserve_.Reset();
  sockaddr_storage peer = {};
  Descriptor refused(AcceptFrom(listening, peer));
  const int error = errno;
  const bool taken = refused.open();
  refused.Reset();
  OpenReserve();
  if (!taken) return error == EAGAIN || error == EWOULDBLOCK ? Next::kNone : Next::kPause;
  ++refused_for_files_;
  SayNoFiles(Source::Of(reinterpret_cast<const sockaddr&>(peer)));
  return Next::kTaken;
}

void Acceptor::SayRefused(Verdict verdict, const Source& source) {
  if (!log_.Due(source, clock_.MonotonicNow())) return;
  const bool in_all = verdict == Verdict::kTooMany;
  Log(LogLevel::kWarning,
      in_all ? "a connection was refused: there are as many as there may be"
             : "a connection was refused: there are as many from this address as there may be",
      {{"server", options_.server},
       {"from", source.ToString()},
       {"limit", absl::StrCat(in_all ? options_.limits.in_all : options_.limits.from_one_address)},
       {"open", absl::StrCat(open_.get())},
       {"refused", absl::StrCat(in_all ? refused_in_all_.get() : refused_by_address_.get())}});
}

void Acceptor::SayNoFiles(const Source& source) {
  if (!log_.Due(source, clock_.MonotonicNow())) return;
  Log(LogLevel::kWarning,
      "a connection was refused: too many files are open in this process or on this machine",
      {{"server", options_.server},
       {"from", source.ToString()},
       {"open", absl::StrCat(open_.get())},
       {"refused", absl::StrCat(refused_for_files_.get())}});
}

AcceptorCounts Acceptor::counts() const {
  return {accepted_.get(), refused_in_all_.get(), refused_by_address_.get(), refused_for_files_.get(),
          open_.get()};
}

}  // namespace muster::net
