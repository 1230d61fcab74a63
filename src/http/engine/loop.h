// What the connections of one server share. All of it belongs to the server's one thread, but for the
// io_context itself, to which any thread may post.
#pragma once

#include <array>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "absl/time/time.h"
#include "http/engine/cors.h"
#include "http/engine/request_id.h"
#include "http/handler.h"
#include "http/limits.h"
#include "muster/clock.h"

namespace muster::http {

class Connection;

// TCP and unix sockets alike. The thread is one, so handlers run without a lock and without indirection.
using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol,
                                                boost::asio::io_context::executor_type>;
using Timer =
    boost::asio::basic_waitable_timer<boost::asio::steady_timer::clock_type,
                                      boost::asio::wait_traits<boost::asio::steady_timer::clock_type>,
                                      boost::asio::io_context::executor_type>;

inline std::chrono::nanoseconds ForTimer(absl::Duration duration) {
  return absl::ToChronoNanoseconds(duration);
}

/// Outlives its thread where answers are still to come: they hold it, find no connection, and are dropped.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop(const Limits& limits, std::vector<std::string> cors_origins, const Clock& clock, Handler& handler);
  ~Loop();

  boost::asio::io_context io{1};
  const Limits limits;
  const Cors cors;
  Handler& handler;
  RequestIds request_ids;
  std::unordered_set<std::shared_ptr<Connection>> connections;
  bool draining = false;               // each connection is closed with its next answer
  bool stopping = false;               // and nobody is waited for who has his answer
  std::array<char, 64 << 10> scratch;  // what is being read, before its connection takes it

  /// A connection has closed.
  void Remove(const std::shared_ptr<Connection>& connection);
  /// Closes those that can be closed, now and `grace` later all of them. The thread ends with the last.
  void Stop(absl::Duration grace);
  /// Closes those that wait for a request; the others follow with their answers.
  void Drain();

  /// The value of a Date header, made once a second.
  const std::string& Date();

 private:
  const Clock& clock_;
  Timer grace_{io};
  std::int64_t date_of_ = -1;
  std::string date_;
};

}  // namespace muster::http
