// Accepts connections on the loop's thread.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>

#include "http/engine/loop.h"

namespace muster::http {

/// One for each listening socket. Used only on the loop's thread. It must outlive that thread, and the loop
/// and the socket must outlive it.
class Acceptor {
 public:
  Acceptor(Loop& loop, int listening);
  ~Acceptor();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  void Open();
  /// No more connections after this. The socket stays open.
  void Close();

 private:
  // Asio's own acceptor would accept by itself; this one only tells that there is something to accept.
  using Waiting = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

  void AcceptSome();
  void Welcome(net::Acceptor::Arrival arrival);
  void OpenLater();

  Loop& loop_;
  const int listening_;
  Waiting waiting_;
  Timer pause_;
};

}  // namespace muster::http
