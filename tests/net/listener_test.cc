#include "net/listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <latch>
#include <optional>
#include <thread>
#include <vector>

#include "catch.h"
#include "sockets.h"

namespace muster::net {
namespace {

std::string WhyNot(const ListenAddress& address) {
  const auto listener = Listener::Open(address);
  REQUIRE_FALSE(listener.ok());
  return std::string(listener.status().message());
}

bool IsThere(const ListenAddress& address) {
  return std::filesystem::exists(std::filesystem::symlink_status(address.unix_path));
}

/// What `kill -9` leaves: a socket on which nobody listens, and the lock's file.
void LeaveAbandoned(const ListenAddress& address) {
  std::optional<Listener> listener(*Listener::Open(address));
  const std::string aside = address.unix_path + ".aside";
  std::filesystem::rename(address.unix_path, aside);  // so that it is not removed
  listener.reset();
  std::filesystem::rename(aside, address.unix_path);
  std::ofstream(address.unix_path + ".lock");
}

TEST_CASE("A port that is in use is refused, and the message says so") {
  const Listener first = ListenOnLoopback();
  const std::string why = WhyNot(first.address());
  CHECK(why.find(first.address().ToString()) != std::string::npos);
  CHECK(why.find("in use") != std::string::npos);
}

TEST_CASE("A name that does not exist is refused with the reason") {
  CHECK(WhyNot(*ListenAddress::Parse("muster.invalid:1")).find("muster.invalid:1: ") != std::string::npos);
}

TEST_CASE("A name with several addresses has one port on all of them") {
  const auto listener = Listener::Open(*ListenAddress::Parse("localhost:0"));
  REQUIRE(listener.ok());
  CHECK(listener->address().port != 0);
  ListenAddress v4 = listener->address();
  v4.host = "127.0.0.1";
  CHECK(Connect(v4).open());
}

TEST_CASE("[::] takes clients of both families, 0.0.0.0 those of IPv4") {
  for (const bool both : {true, false}) {
    const auto listener = Listener::Open(*ListenAddress::Parse(both ? "[::]:0" : "0.0.0.0:0"));
    if (both && !listener.ok()) continue;  // this machine has no IPv6
    REQUIRE(listener.ok());
    ListenAddress to = listener->address();
    to.host = "127.0.0.1";
    CHECK(Connect(to).open());
    to.host = "::1";
    CHECK(Connect(to).open() == both);
  }
}

TEST_CASE("A unix socket that a killed process left is replaced, and is removed at the end") {
  const Directory directory;
  const ListenAddress address = directory.Socket("s");
  LeaveAbandoned(address);
  REQUIRE(IsThere(address));
  CHECK_FALSE(Connect(address).open());
  {
    const auto listener = Listener::Open(address);
    REQUIRE(listener.ok());
    CHECK(Connect(address).open());
  }
  CHECK(std::filesystem::is_empty(directory.path));
}

TEST_CASE("A unix socket is not taken from a process that listens there, whether it holds the lock or not") {
  const Directory directory;
  const ListenAddress address = directory.Socket("s");
  const auto first = Listener::Open(address);
  REQUIRE(first.ok());
  CHECK(WhyNot(address).find("in use") != std::string::npos);
  CHECK(Connect(address).open());
  std::filesystem::remove(address.unix_path + ".lock");  // as if it were another program
  CHECK(WhyNot(address).find("in use") != std::string::npos);
  CHECK(Connect(address).open());
}

TEST_CASE("A listener whose queue is full is alive, and asking it takes no time") {
  const Directory directory;
  const ListenAddress address = directory.Socket("s");
  const auto first = Listener::Open(address);
  REQUIRE(first.ok());
  REQUIRE(::listen(first->sockets().front().get(), 0) == 0);
  const Descriptor waits = Connect(address);
  std::filesystem::remove(address.unix_path + ".lock");
  CHECK(WhyNot(address).find("in use") != std::string::npos);
}

TEST_CASE("A file that is no socket is never removed") {
  const Directory directory;
  const ListenAddress address = directory.Socket("important");
  std::ofstream(address.unix_path) << "data";
  CHECK(WhyNot(address).find("no socket") != std::string::npos);
  CHECK(std::filesystem::file_size(address.unix_path) == 4);
}

TEST_CASE("A socket that another process has put in our place is left alone at the end") {
  const Directory directory;
  const ListenAddress address = directory.Socket("s");
  std::optional<Listener> ours(*Listener::Open(address));
  std::filesystem::remove(address.unix_path);
  std::filesystem::remove(address.unix_path + ".lock");
  const auto theirs = Listener::Open(address);
  REQUIRE(theirs.ok());
  ours.reset();
  CHECK(Connect(address).open());
}

TEST_CASE("A path is in use from the moment that one is about to listen there") {
  const Directory directory;
  const ListenAddress address = directory.Socket("s");
  LeaveAbandoned(address);
  {
    const auto about_to = UnixPath::Take(address.unix_path);
    REQUIRE(about_to.ok());
    CHECK(WhyNot(address).find("in use") != std::string::npos);
  }
  CHECK(Listener::Open(address).ok());
}

TEST_CASE("Of many that start at the same time over an abandoned socket, one gets it") {
  const Directory directory;
  const ListenAddress address = directory.Socket("s");
  for (int round = 0; round < 50; ++round) {
    LeaveAbandoned(address);
    std::vector<std::optional<Listener>> got(4);
    std::vector<std::thread> starters;
    std::latch all_there(static_cast<std::ptrdiff_t>(got.size()));
    for (auto& each : got) {
      starters.emplace_back([&each, &address, &all_there] {
        all_there.arrive_and_wait();
        auto listener = Listener::Open(address);
        if (listener.ok()) each.emplace(*std::move(listener));
      });
    }
    for (std::thread& starter : starters) starter.join();
    int winners = 0;
    for (const auto& each : got) winners += each ? 1 : 0;
    REQUIRE(winners == 1);
    REQUIRE(Connect(address).open());
  }
}

TEST_CASE("A path that is too long for a unix socket is refused with the limit") {
  CHECK(WhyNot(*ListenAddress::Parse("unix:/tmp/" + std::string(200, 'x'))).find("107") != std::string::npos);
}

TEST_CASE("A folder that does not exist is named") {
  CHECK(WhyNot(*ListenAddress::Parse("unix:/nonexistent/s")).find("/nonexistent/s") != std::string::npos);
}

}  // namespace
}  // namespace muster::net
