// A target over real sockets, whatever the server does: once for each protocol where they do not differ.
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "probe/grpc_dialog.h"
#include "probe/http_dialog.h"
#include "probe/socket_target.h"
#include "tests/catch.h"
#include "tests/probe/fake_server.h"

namespace muster::probe {
namespace {

const std::string kHttpOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";

/// One protocol, and the pieces of an exchange in it.
struct Protocol {
  SocketTarget::NewDialog dialog;
  std::string hello;                       // before the first answer
  std::function<std::string(int)> answer;  // OK to the first, second ... heartbeat of a connection
};

Protocol Grpc() {
  return {[] { return std::make_unique<GrpcDialog>("it"); }, SettingsFrame(),
          [](int number) { return GrpcAnswer(2 * number - 1, "0"); }};
}

Protocol Http() {
  return {[] { return std::make_unique<HttpDialog>("it"); }, "", [](int) { return kHttpOk; }};
}

Protocol Either() {
  return GENERATE(0, 1) == 0 ? Grpc() : Http();
}

TEST_CASE("one connection is kept for many probes, and a fresh one takes its place") {
  const Protocol protocol = Either();
  FakeServer server;
  Probed probed(server.Address(), protocol.dialog);
  probed.Send();
  server.Accept();
  server.Say(protocol.hello);
  for (int number = 1; number <= 3; ++number) {
    probed.Settle();
    CHECK(server.Heard().find("token-1") != std::string::npos);
    server.Say(protocol.answer(number));
    probed.DriveUntilAnswered();
    CHECK(probed.failure == std::nullopt);
    probed.Send();
  }
  server.Say(protocol.answer(4));
  probed.DriveUntilAnswered();
  probed.Send(true);
  server.Accept();
  server.Say(protocol.hello + protocol.answer(1));
  probed.DriveUntilAnswered();
  CHECK(probed.failure == std::nullopt);
}

TEST_CASE("an answer counts that comes byte by byte, and half of one does not") {
  const Protocol protocol = Either();
  FakeServer server;
  Probed probed(server.Address(), protocol.dialog);
  probed.Send();
  server.Accept();
  const std::string all = protocol.hello + protocol.answer(1);
  for (const char byte : all.substr(0, all.size() - 1)) {
    server.Say({&byte, 1});
    probed.Settle();
    REQUIRE(probed.answers == 0);
  }
  server.Say(all.substr(all.size() - 1));
  probed.DriveUntilAnswered();
  CHECK(probed.failure == std::nullopt);
}

TEST_CASE("a server that closes or resets a new connection fails the probe") {
  const Protocol protocol = Either();
  FakeServer server;
  Probed probed(server.Address(), protocol.dialog);
  probed.Send();
  server.Accept();
  const bool half = GENERATE(false, true);
  if (half) server.Say((protocol.hello + protocol.answer(1)).substr(0, 20));
  probed.Settle();
  server.Heard();
  const bool reset = GENERATE(false, true);
  reset ? server.Reset() : server.Close();
  probed.DriveUntilAnswered();
  CHECK(probed.failure == (reset ? "reset" : "closed without an answer"));
}

TEST_CASE("a connection that the server ended between probes is no failure") {
  const Protocol protocol = Either();
  FakeServer server;
  Probed probed(server.Address(), protocol.dialog);
  probed.Send();
  server.Accept();
  server.Say(protocol.hello + protocol.answer(1));
  probed.DriveUntilAnswered();
  server.Heard();
  const bool reset = GENERATE(false, true);
  reset ? server.Reset() : server.Close();
  // Whether it is noticed before the next probe, or by it.
  if (GENERATE(false, true)) probed.Drive([&probed] { return probed.target.fd() < 0; });
  probed.Send();
  if (probed.target.fd() >= 0) probed.Settle();
  server.Accept();
  server.Say(protocol.hello + protocol.answer(1));
  probed.DriveUntilAnswered();
  CHECK(probed.failure == std::nullopt);
}

TEST_CASE("a kept connection that ends under a probe is tried once more, not for ever") {
  const Protocol protocol = Either();
  FakeServer server;
  Probed probed(server.Address(), protocol.dialog);
  probed.Send();
  server.Accept();
  server.Say(protocol.hello + protocol.answer(1));
  probed.DriveUntilAnswered();
  probed.Send();
  server.Heard();
  server.Close();
  probed.Settle();
  CHECK(probed.answers == 1);
  server.Accept();
  probed.Settle();
  server.Heard();
  server.Close();
  probed.DriveUntilAnswered();
  CHECK(probed.failure == "closed without an answer");
}

TEST_CASE("where nobody listens, a probe is refused, and the next one finds whoever is back") {
  const Protocol protocol = Either();
  auto server = std::make_unique<FakeServer>();
  const SocketAddress address = server->Address();
  const std::string listen = server->listen().ToString();
  Probed probed(address, protocol.dialog);
  server.reset();
  probed.Send();
  probed.DriveUntilAnswered();
  CHECK(probed.failure == "refused");
  FakeServer again(listen);
  probed.Send();
  again.Accept();
  again.Say(protocol.hello + protocol.answer(1));
  probed.DriveUntilAnswered();
  CHECK(probed.failure == std::nullopt);
}

TEST_CASE("a probe that is given up leaves no connection, and its late answer is not heard") {
  const Protocol protocol = Either();
  FakeServer server;
  Probed probed(server.Address(), protocol.dialog);
  probed.Send();
  server.Accept();
  probed.Settle();
  probed.target.GiveUp();
  CHECK(probed.target.fd() < 0);
  server.Heard();
  probed.answers = probed.sent;
  probed.Send();
  server.Accept();
  server.Say(protocol.hello + protocol.answer(1));
  probed.DriveUntilAnswered();
  CHECK(probed.failure == std::nullopt);
}

TEST_CASE("a target that gives up closes a kept connection as well: a server that stops waits for it") {
  const Protocol protocol = Either();
  FakeServer server;
  Probed probed(server.Address(), protocol.dialog);
  probed.Send();
  server.Accept();
  server.Say(protocol.hello + protocol.answer(1));
  probed.DriveUntilAnswered();
  CHECK(probed.target.fd() >= 0);
  probed.target.GiveUp();
  CHECK(probed.target.fd() < 0);
}

TEST_CASE("a server that sends without end is cut off, with a probe under way and without") {
  FakeServer server;
  // Pings of HTTP/2 are the longest thing that a server may send: each is legal.
  const Protocol protocol = Grpc();
  std::string pings;
  for (int i = 0; i < 1000; ++i) pings += Frame(6, 0, 0, std::string(8, 'p'));
  Probed probed(server.Address(), protocol.dialog);
  probed.Send();
  server.Accept();
  server.Say(protocol.hello);
  const bool answered = GENERATE(false, true);
  if (answered) {
    server.Say(protocol.answer(1));
    probed.DriveUntilAnswered();
  }
  server.SayWithoutEnd(pings);
  probed.Drive([&probed] { return probed.target.fd() < 0; });
  CHECK(probed.answers == 1);
  CHECK(probed.failure == (answered ? std::nullopt : std::optional<std::string>("an answer without end")));
}

TEST_CASE("an answer of HTTP without end is cut off") {
  FakeServer server;
  Probed probed(server.Address(), Http().dialog);
  probed.Send();
  server.Accept();
  server.Say("HTTP/1.1 200 OK\r\nX: ");
  server.SayWithoutEnd(std::string(32 << 10, 'x'));
  probed.DriveUntilAnswered();
  CHECK(probed.failure == "an answer that is too long");
  CHECK(probed.target.fd() < 0);
}

TEST_CASE("unix sockets and IPv6 are probed as well") {
  const Protocol protocol = Either();
  const std::string path =
      (std::filesystem::temp_directory_path() / absl::StrCat("probe-test-", ::getpid())).string();
  const std::string listen = GENERATE(0, 1) == 0 ? "unix:" + path : "[::1]:0";
  FakeServer server(listen);
  Probed probed(server.Address(), protocol.dialog);
  probed.Send();
  server.Accept();
  server.Say(protocol.hello + protocol.answer(1));
  probed.DriveUntilAnswered();
  CHECK(probed.failure == std::nullopt);
}

TEST_CASE("a connection over the loopback is registered as the daemon's own, for as long as it is there") {
  const std::string listen = GENERATE(0, 1) == 0 ? "127.0.0.1:0" : "[::1]:0";
  FakeServer server(listen);
  Probed probed(server.Address(), Http().dialog);
  probed.Send();
  server.Accept();
  const int port = server.PortOfClient();
  CHECK(probed.local.Has(port));
  server.Say(kHttpOk);
  probed.DriveUntilAnswered();
  CHECK(probed.local.Has(port));
  probed.Send(true);
  CHECK_FALSE(probed.local.Has(port));
  server.Accept();
  CHECK(probed.local.Has(server.PortOfClient()));
  const int second = server.PortOfClient();
  probed.target.GiveUp();
  CHECK_FALSE(probed.local.Has(second));
}

TEST_CASE("a unix socket whose file is gone fails the probe") {
  const std::string path =
      (std::filesystem::temp_directory_path() / absl::StrCat("probe-test-", ::getpid())).string();
  FakeServer server("unix:" + path);
  const SocketAddress address = server.Address();
  ::unlink(path.c_str());
  Probed probed(address, Http().dialog);
  probed.Send();
  CHECK(probed.failure == "cannot connect: No such file or directory");
}

}  // namespace
}  // namespace muster::probe
