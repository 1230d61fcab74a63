#include "http/engine/acceptor.h"

#include <netinet/in.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <utility>

#include "http/engine/connection.h"

namespace muster::http {
namespace {

// Connections beyond the limit that get an answer at the same time. Further ones are closed without one.
constexpr std::size_t kToldSo = 100;
constexpr absl::Duration kPause = absl::Milliseconds(100);

}  // namespace

Acceptor::Acceptor(Loop& loop, const Listening& listening)
    : loop_(loop),
      acceptor_(loop.io, boost::asio::generic::stream_protocol(listening.family, 0), listening.socket),
      pause_(loop.io),
      next_(loop.io) {}

void Acceptor::Open() {
  acceptor_.async_accept(next_, peer_, [this](boost::system::error_code error) {
    if (!acceptor_.is_open()) return;
    if (!error) Accept();
    // A client that gave up while it waited is no reason to pause. If files or memory are used up, other
    // connections must end first.
    if (error && error != boost::asio::error::connection_aborted) return RetryAccept();
    Open();
  });
}

void Acceptor::Accept() {
  Socket socket = std::exchange(next_, Socket(loop_.io));
  const std::size_t present = loop_.connections.size();
  if (present >= loop_.limits.connections + kToldSo) return;
  boost::system::error_code ignored;
  if (peer_.data()->sa_family != AF_UNIX) socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  auto connection = std::make_shared<Connection>(loop_, std::move(socket), AddressOfPeer(*peer_.data()));
  loop_.connections.insert(connection);
  present < loop_.limits.connections ? connection->Start() : connection->RejectBusy();
}

void Acceptor::RetryAccept() {
  pause_.expires_after(ForTimer(kPause));
  pause_.async_wait([this](boost::system::error_code error) {
    if (!error && acceptor_.is_open()) Open();
  });
}

void Acceptor::Close() {
  boost::system::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

}  // namespace muster::http
