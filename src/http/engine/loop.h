// The state that the connections of one server share. All of it belongs to the server's one thread, except
// the io_context itself: any thread may post to it.
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
#include <string_view>
#include <unordered_set>
#include <vector>

#include "absl/time/time.h"
#include "http/engine/cors.h"
#include "http/handler.h"
#include "http/message.h"
#include "muster/clock.h"
#include "net/acceptor.h"

namespace muster::http {

class Connection;

// For TCP and for unix sockets. There is one thread, so handlers run without a lock and without indirection.
using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol,
                                                boost::asio::io_context::executor_type>;
using Timer =
    boost::asio::basic_waitable_timer<boost::asio::steady_timer::clock_type,
                                      boost::asio::wait_traits<boost::asio::steady_timer::clock_type>,
                                      boost::asio::io_context::executor_type>;

inline std::chrono::nanoseconds ForTimer(absl::Duration duration) {
  return absl::ToChronoNanoseconds(duration);
}

/// Whether a client's request id can be used: 1 to 128 visible ASCII characters. Pure.
bool IsSaneRequestId(std::string_view id);

/// Makes ids for requests without one, so that a client's report and the log can be matched. An id is random
/// for each process, and then a count. Not thread-safe.
class RequestIds {
 public:
  RequestIds();
  std::string Next();

 private:
  std::string prefix_;
  std::uint64_t count_ = 0;
};

/// May outlive its thread: pending answers hold it. They then find no connection and are dropped.
class Loop : public std::enable_shared_from_this<Loop> {
 public:
  Loop(const Limits& limits, const net::Acceptor::Options& accepting, std::vector<std::string> cors_origins,
       const Clock& clock, Handler& handler);
  ~Loop();

  boost::asio::io_context io{1};
  const Limits limits;
  const Cors cors;
  Handler& handler;
  RequestIds request_ids;
  net::Acceptor acceptor;
  std::unordered_set<std::shared_ptr<Connection>> connections;
  std::size_t told_so = 0;             // of the connections: those that are told that there are too many
  bool draining = false;               // each connection is closed after its next answer
  bool stopping = false;               // and a connection with its answer sent is not waited for
  std::array<char, 64 << 10> scratch;  // bytes just read, before the connection takes them

  /// A connection has closed.
  void Remove(const std::shared_ptr<Connection>& connection);
  /// Closes the connections that can be closed now, and all others after `grace`. The thread ends with the
  /// last one.
  void Stop(absl::Duration grace);
  /// Closes the connections that wait for a request. The others are closed after their answers.
  void Drain();

  /// The value of the Date header, computed once a second.
  const std::string& Date();

 private:
  const Clock& clock_;
  Timer grace_{io};
  std::int64_t date_of_ = -1;
  std::string date_;
};

}  // namespace muster::http
