#include "http/engine/acceptor.h"

#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "http/engine/connection.h"

namespace muster::http {
namespace {

// Connections beyond the limit that get an answer at the same time. Further ones are closed without one.
constexpr std::size_t kToldSo = 100;
constexpr std::size_t kToldAtLeast = 8;
// Taken before the loop serves the connections that are there.
constexpr int kAtOnce = 64;

}  // namespace

Acceptor::Acceptor(Loop& loop, int listening)
    : loop_(loop), listening_(listening), waiting_(loop.io, listening), pause_(loop.io) {}

Acceptor::~Acceptor() {
  Close();
}

void Acceptor::Open() {
  waiting_.async_wait(Waiting::wait_read, [this](boost::system::error_code error) {
    if (!waiting_.is_open()) return;
    error ? OpenLater() : AcceptSome();
  });
}

void Acceptor::AcceptSome() {
  for (int i = 0; i < kAtOnce; ++i) {
    net::Acceptor::Arrival arrival;
    const net::Acceptor::Next next = loop_.acceptor.Take(listening_, arrival);
    if (next == net::Acceptor::Next::kPause) return OpenLater();
    if (next == net::Acceptor::Next::kNone) break;
    // Before one more is refused, the loop looks whether one that is there has ended.
    const bool refused = arrival.verdict != net::Acceptor::Verdict::kWelcome;
    if (arrival.socket.open()) Welcome(std::move(arrival));
    if (refused) break;
  }
  Open();
}

void Acceptor::Welcome(net::Acceptor::Arrival arrival) {
  const net::ConnectionLimits& limits = loop_.acceptor.limits();
  const bool welcome = arrival.verdict == net::Acceptor::Verdict::kWelcome;
  // A small limit has few files beside it.
  const std::size_t told = std::min(kToldSo, limits.in_all / 4 + kToldAtLeast);
  if (!welcome && loop_.told_so >= told) return;
  Socket socket(loop_.io);
  boost::system::error_code error;
  socket.assign(boost::asio::generic::stream_protocol(AF_UNSPEC, 0), arrival.socket.get(), error);
  if (error) {
    if (welcome) loop_.acceptor.LeftForFiles(arrival.source, arrival.counted);
    return;
  }
  (void)arrival.socket.Release();
  auto connection = std::make_shared<Connection>(
      loop_, std::move(socket), std::move(arrival.peer),
      Place{.welcome = welcome, .counted = arrival.counted, .source = arrival.source});
  loop_.connections.insert(connection);
  if (welcome) return connection->Start();
  ++loop_.told_so;
  connection->RejectBusy(
      arrival.verdict == net::Acceptor::Verdict::kTooMany
          ? absl::StrCat("there are ", limits.in_all, " connections already")
          : absl::StrCat("there are ", limits.from_one_address, " connections from this address already"));
}

void Acceptor::OpenLater() {
  pause_.expires_after(ForTimer(net::Acceptor::kPause));
  pause_.async_wait([this](boost::system::error_code error) {
    if (!error && waiting_.is_open()) Open();
  });
}

void Acceptor::Close() {
  if (waiting_.is_open()) (void)waiting_.release();
  pause_.cancel();
}

}  // namespace muster::http
