// Where connections come in: accepts them, as many as there may be.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <memory>

#include "http/engine/listening.h"
#include "http/engine/loop.h"

namespace muster::http {

/// One for each listening socket. Only on the loop's thread; must outlive it, and the loop must outlive the
/// doorway.
class Acceptor {
 public:
  Acceptor(Loop& loop, const Listening& listening);

  void Open();
  /// No more connections after this.
  void Close();

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol,
                                                      boost::asio::io_context::executor_type>;

  void Accept();
  void RetryAccept();

  Loop& loop_;
  Acceptor acceptor_;
  Timer pause_;
  Socket next_;
  boost::asio::generic::stream_protocol::endpoint peer_;
};

}  // namespace muster::http
