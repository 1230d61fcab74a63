// Accepts connections, up to the limit.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <memory>

#include "http/engine/listening.h"
#include "http/engine/loop.h"

namespace muster::http {

/// One for each listening socket. Used only on the loop's thread. It must outlive that thread, and the loop
/// must outlive it.
class Acceptor {
 public:
  Acceptor(Loop& loop, const Listening& listening);

  void Open();
  /// No more connections after this.
  void Close();

 private:
  using ListeningSocket = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol,
                                                             boost::asio::io_context::executor_type>;

  void Accept();
  void RetryAccept();

  Loop& loop_;
  ListeningSocket acceptor_;
  Timer pause_;
  Socket next_;
  boost::asio::generic::stream_protocol::endpoint peer_;
};

}  // namespace muster::http
