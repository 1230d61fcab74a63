// Bytes on a connection of the HTTP engine. The same bytes in one piece and in many must be the same
// requests, and every request and refusal has one answer. "\xff" in the input is not sent: a piece ends
// there. An input that begins with "!" goes to a server with small limits.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "http/engine/connection.h"
#include "http/engine/loop.h"
#include "http/handler.h"
#include "muster/check.h"
#include "runtime/manual_clock.h"

namespace muster::http {
namespace {

constexpr char kCut = '\xff';

/// Answers with all that it got, and keeps a record of it.
class Recorder final : public Handler {
 public:
  void Handle(Request request, Answer answer) override {
    std::string got = absl::StrCat(request.method, " ", request.path);
    for (const std::string& segment : request.segments) absl::StrAppend(&got, " /", segment);
    for (const auto& [name, value] : request.query) absl::StrAppend(&got, " ?", name, "=", value);
    Response response;
    for (const auto& [name, value] : request.headers) {
      absl::StrAppend(&got, "\n", name, ": ", value);
      if (name.starts_with("x-")) response.headers.emplace_back(name, value);
    }
    absl::StrAppend(&got, "\n\n", request.body);
    response.content_type = "text/plain";
    response.body = got;
    if (request.path == "/large") response.body.resize(3000, 'l');
    if (request.path == "/none") response = {204, "", "", {}};
    heads.push_back(request.method == "HEAD");
    record.push_back(std::move(got));
    answer(std::move(response));
  }
  std::vector<std::string> Methods(const Request& request) override {
    if (request.path == "/nowhere") return {};
    heads.push_back(false);
    record.push_back(absl::StrCat("preflight ", request.path));
    return {"GET", "HEAD", "PUT", "OPTIONS"};
  }
  Response Problem(int status, std::string_view detail, const Request* request) override {
    MUSTER_CHECK(status >= 400 && status != 500 && !detail.empty(), "a refusal says what is wrong");
    heads.push_back(request != nullptr && request->method == "HEAD");
    record.push_back(absl::StrCat("refused ", status));
    Response response;
    response.status = status;
    response.body = std::string(detail);
    return response;
  }

  std::vector<std::string> record;
  std::vector<bool> heads;  // whether each answer is one to HEAD, which has no body
};

Limits SmallLimits() {
  Limits limits;
  limits.target_bytes = 40;
  limits.headers_bytes = 120;
  limits.body_bytes = 50;
  return limits;
}

/// One server, with one connection at a time.
class Server {
 public:
  explicit Server(const Limits& limits)
      : loop_(std::make_shared<Loop>(limits, net::Acceptor::Options{Interface::kHttp},
                                     std::vector<std::string>{"https://ops.example"}, clock_, handler_)) {}

  /// What the server made of the pieces; each is sent when it has done all that it can with those before.
  std::vector<std::string> Send(const std::vector<std::string_view>& pieces) {
    handler_.record.clear();
    handler_.heads.clear();
    Connect();
    std::string answers;
    for (const std::string_view piece : pieces) {
      // A server that refused reads on only for a while: what it does not take is lost.
      (void)send(client_, piece.data(), piece.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      Run(answers);
    }
    (void)shutdown(client_, SHUT_WR);
    Run(answers);
    MUSTER_CHECK(loop_->connections.empty(), "a connection ends with its client");
    (void)close(client_);
    CheckAnswers(answers);
    return handler_.record;
  }

 private:
  void Connect() {
    std::array<int, 2> ends = {};
    MUSTER_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0, "there are sockets");
    client_ = ends[0];
    Socket socket(loop_->io, Socket::protocol_type(AF_UNIX, 0), ends[1]);
    // Nobody accepted it: so it is not counted among those that were.
    auto connection =
        std::make_shared<Connection>(*loop_, std::move(socket), "192.0.2.1:40312", Place{.welcome = false});
    loop_->connections.insert(connection);
    ++loop_->told_so;
    connection->Start();
  }

  /// Lets the server do what it can, and takes its answers.
  void Run(std::string& answers) {
    std::array<char, 1 << 16> bytes;
    for (bool more = true; more;) {
      loop_->io.restart();
      more = loop_->io.poll() > 0;
      for (ssize_t size = 0; (size = recv(client_, bytes.data(), bytes.size(), MSG_DONTWAIT)) > 0;
           more = true) {
        answers.append(bytes.data(), static_cast<std::size_t>(size));
      }
    }
  }

  /// The answers are whole, and as many as there were requests.
  void CheckAnswers(std::string_view rest) const {
    std::size_t answered = 0;
    while (!rest.empty()) {
      MUSTER_CHECK(rest.starts_with("HTTP/1.1 "), "an answer begins with a status line");
      const std::size_t end = rest.find("\r\n\r\n");
      MUSTER_CHECK(end != std::string_view::npos, "the head of an answer ends");
      const std::string_view head = rest.substr(0, end);
      rest.remove_prefix(end + 4);
      if (head.starts_with("HTTP/1.1 100 ")) continue;
      MUSTER_CHECK(answered < handler_.heads.size(), "nothing is answered twice");
      const bool no_body = handler_.heads[answered++] || head.starts_with("HTTP/1.1 204 ");
      std::size_t length = 0;
      const std::size_t at = head.find("\r\nContent-Length: ");
      if (at != std::string_view::npos) {
        const std::string_view value = head.substr(at + 18);
        MUSTER_CHECK(absl::SimpleAtoi(std::string(value.substr(0, value.find("\r\n"))), &length),
                     "the length of a body is a number");
      }
      if (no_body) continue;
      MUSTER_CHECK(at != std::string_view::npos && length <= rest.size(), "an answer is whole");
      rest.remove_prefix(length);
    }
    MUSTER_CHECK(answered == handler_.heads.size(), "everything is answered");
  }

  ManualClock clock_;
  Recorder handler_;
  std::shared_ptr<Loop> loop_;
  int client_ = -1;
};

/// Where two limits are broken, or a limit and a rule, the pieces decide which is seen first.
std::vector<std::string> WithoutReasons(std::vector<std::string> record) {
  for (std::string& each : record) {
    if (each.starts_with("refused ")) each = "refused";
  }
  return record;
}

}  // namespace
}  // namespace muster::http

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::http;
  static Server& ordinary = *new Server(Limits());
  static Server& narrow = *new Server(SmallLimits());
  std::string_view input(reinterpret_cast<const char*>(data), size);
  const bool small = input.starts_with('!');
  if (small) input.remove_prefix(1);

  std::string whole(input);
  whole.erase(std::remove(whole.begin(), whole.end(), kCut), whole.end());
  std::vector<std::string_view> pieces;
  while (!input.empty()) {
    const std::string_view piece = input.substr(0, input.find(kCut));
    if (!piece.empty()) pieces.push_back(piece);
    input.remove_prefix(std::min(input.size(), piece.size() + 1));
  }
  Server& server = small ? narrow : ordinary;
  const auto in_one = server.Send({whole});
  const auto in_pieces = server.Send(pieces);
  MUSTER_CHECK(small ? WithoutReasons(in_one) == WithoutReasons(in_pieces) : in_one == in_pieces,
               "what arrives in pieces is read as what arrives whole");
  return 0;
}
