#include "net/acceptor.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>

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

const char* ReasonOf(ConnectionRefusal why) {
  switch (why) {
    case ConnectionRefusal::kOpenFiles:
      return "too many files are open in this process or on this machine";
    case ConnectionRefusal::kInAll:
      return "there are as many as there may be";
    case ConnectionRefusal::kByAddress:
      return "there are as many from this address as there may be";
  }
  return "";
}

std::string_view NameOf(Interface interface) {
  return LabelOf(interface).values[static_cast<std::size_t>(interface)];
}

}  // namespace

bool Acceptor::RefusalLog::Due(const Source& source, absl::Duration now) {
  if (now - since_ >= kLogPeriod) {
    since_ = now;
    told_.clear();
  }
  return told_.size() < kLoggedSources && told_.insert(source).second;
}

Acceptor::Acceptor(const Options& options, const Clock& clock) : options_(options), clock_(clock) {
  OpenReserve();
}

Acceptor::~Acceptor() {
  connections_open.Add(-static_cast<std::int64_t>(open_), options_.interface);
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
    ++open_;
    connections_open.Add(1, options_.interface);
    connections_accepted.Add(1, options_.interface);
  } else {
    const bool in_all = arrival.verdict == Verdict::kTooMany;
    Refused(in_all ? ConnectionRefusal::kInAll : ConnectionRefusal::kByAddress, arrival.source);
  }
  return Next::kTaken;
}

Acceptor::Verdict Acceptor::Judge(const Source& source, bool counted) const {
  if (open_ >= options_.limits.in_all) return Verdict::kTooMany;
  if (!counted) return Verdict::kWelcome;
  const auto found = by_source_.find(source);
  const std::size_t present = found == by_source_.end() ? 0 : found->second;
  return present < options_.limits.from_one_address ? Verdict::kWelcome : Verdict::kTooManyFromAddress;
}

void Acceptor::Left(const Source& source, bool counted) {
  --open_;
  connections_open.Add(-1, options_.interface);
  if (!counted) return;
  const auto found = by_source_.find(source);
  if (found != by_source_.end() && --found->second == 0) by_source_.erase(found);
}

void Acceptor::LeftForFiles(const Source& source, bool counted) {
  Left(source, counted);
  Refused(ConnectionRefusal::kOpenFiles, source);
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
  Refused(ConnectionRefusal::kOpenFiles, Source::Of(reinterpret_cast<const sockaddr&>(peer)));
  return Next::kTaken;
}

void Acceptor::Refused(ConnectionRefusal why, const Source& source) {
  connections_refused.Add(1, options_.interface, why);
  if (!log_.Due(source, clock_.MonotonicNow())) return;
  const std::size_t limit = why == ConnectionRefusal::kInAll       ? options_.limits.in_all
                            : why == ConnectionRefusal::kByAddress ? options_.limits.from_one_address
                                                                   : 0;
  Log(LogLevel::kWarning, absl::StrCat("a connection was refused: ", ReasonOf(why)),
      {{"server", std::string(NameOf(options_.interface))},
       {"from", source.ToString()},
       {"limit", limit == 0 ? "files" : absl::StrCat(limit)},
       {"open", absl::StrCat(open_)},
       {"refused", absl::StrCat(connections_refused.value(options_.interface, why))}});
}

}  // namespace muster::net
