#include "net/acceptor.h"

#include <fcntl.h>

#include <vector>

#include "catch.h"
#include "runtime/manual_clock.h"
#include "sockets.h"

namespace muster::net {
namespace {

using Next = Acceptor::Next;
using Verdict = Acceptor::Verdict;

struct Subject {
  explicit Subject(ConnectionLimits limits, const LocalConnections* local = nullptr)
      : acceptor({Interface::kGrpc, limits, local}, clock) {}

  int socket() const { return listener.sockets().front().get(); }
  Descriptor Client() const { return Connect(listener.address()); }
  /// One client comes, and is accepted or not.
  Verdict Come() {
    clients.push_back(Client());
    REQUIRE(clients.back().open());
    Acceptor::Arrival arrival;
    REQUIRE(acceptor.Take(socket(), arrival) == Next::kTaken);
    REQUIRE(arrival.socket.open());
    const Verdict verdict = arrival.verdict;
    if (verdict == Verdict::kWelcome) present.push_back(std::move(arrival));
    return verdict;
  }
  void Go() {
    acceptor.Left(present.back().source, present.back().counted);
    present.pop_back();
  }

  const Counted counted{Interface::kGrpc};
  ManualClock clock;
  Listener listener = ListenOnLoopback();
  Acceptor acceptor;
  std::vector<Descriptor> clients;
  std::vector<Acceptor::Arrival> present;
};

TEST_CASE("Nothing is taken where nobody waits") {
  Subject subject({2, 2});
  Acceptor::Arrival arrival;
  CHECK(subject.acceptor.Take(subject.socket(), arrival) == Next::kNone);
  CHECK_FALSE(arrival.socket.open());
}

TEST_CASE("An accepted socket neither blocks nor is inherited, and its peer is known") {
  Subject subject({2, 2});
  REQUIRE(subject.Come() == Verdict::kWelcome);
  const Acceptor::Arrival& arrival = subject.present.back();
  CHECK((::fcntl(arrival.socket.get(), F_GETFL) & O_NONBLOCK) != 0);
  CHECK((::fcntl(arrival.socket.get(), F_GETFD) & FD_CLOEXEC) != 0);
  CHECK(arrival.source.ToString() == "127.0.0.1");
  CHECK(arrival.peer.starts_with("127.0.0.1:"));
}

TEST_CASE("More than there may be are refused, until one goes") {
  Subject subject({3, 3});
  for (int i = 0; i < 3; ++i) CHECK(subject.Come() == Verdict::kWelcome);
  CHECK(subject.Come() == Verdict::kTooMany);
  CHECK(subject.Come() == Verdict::kTooMany);
  subject.Go();
  CHECK(subject.Come() == Verdict::kWelcome);
  CHECK(subject.counted.accepted() == 4);
  CHECK(subject.counted.in_all() == 2);
  CHECK(subject.counted.by_address() == 0);
  CHECK(subject.counted.open() == 3);
}

TEST_CASE("More from one address than there may be are refused, until one goes") {
  Subject subject({10, 2});
  CHECK(subject.Come() == Verdict::kWelcome);
  CHECK(subject.Come() == Verdict::kWelcome);
  CHECK(subject.Come() == Verdict::kTooManyFromAddress);
  subject.Go();
  subject.Go();
  CHECK(subject.Come() == Verdict::kWelcome);
  CHECK(subject.counted.by_address() == 1);
  CHECK(subject.counted.open() == 1);
}

TEST_CASE("The limit by address does not hold for a connection of our own, the one in all does") {
  LocalConnections local;
  Subject subject({3, 1}, &local);
  CHECK(subject.Come() == Verdict::kWelcome);
  CHECK(subject.Come() == Verdict::kTooManyFromAddress);
  const auto come_as_our_own = [&] {
    subject.clients.push_back(subject.Client());
    sockaddr_storage end = {};
    socklen_t size = sizeof end;
    auto* address = reinterpret_cast<sockaddr*>(&end);
    REQUIRE(::getsockname(subject.clients.back().get(), address, &size) == 0);
    REQUIRE(local.Add(PortOfPeer(*address)));
    Acceptor::Arrival arrival;
    REQUIRE(subject.acceptor.Take(subject.socket(), arrival) == Next::kTaken);
    return arrival.verdict;
  };
  CHECK(come_as_our_own() == Verdict::kWelcome);
  CHECK(come_as_our_own() == Verdict::kWelcome);
  CHECK(come_as_our_own() == Verdict::kTooMany);
}

TEST_CASE("The limit by address does not hold for a unix socket") {
  const Directory directory;
  const auto listener = Listener::Open(directory.Socket("s"));
  REQUIRE(listener.ok());
  const ManualClock clock;
  Acceptor acceptor({Interface::kGrpc, {2, 1}, nullptr}, clock);
  std::vector<Descriptor> clients;
  const auto come = [&] {
    clients.push_back(Connect(listener->address()));
    Acceptor::Arrival arrival;
    REQUIRE(acceptor.Take(listener->sockets().front().get(), arrival) == Next::kTaken);
    CHECK(arrival.peer == "unix:");
    return arrival.verdict;
  };
  CHECK(come() == Verdict::kWelcome);
  CHECK(come() == Verdict::kWelcome);
  CHECK(come() == Verdict::kTooMany);
}

TEST_CASE("Where no file is left a client is refused and does not wait, and accepting goes on") {
  Subject subject({10, 10});
  std::vector<Descriptor> waiting;
  for (int i = 0; i < 3; ++i) waiting.push_back(subject.Client());
  const std::size_t files = OpenFiles();
  Acceptor::Arrival arrival;
  {
    const FewFiles none_left;
    for (int i = 0; i < 3; ++i) {
      CHECK(subject.acceptor.Take(subject.socket(), arrival) == Next::kTaken);
      CHECK_FALSE(arrival.socket.open());
    }
    CHECK(subject.acceptor.Take(subject.socket(), arrival) == Next::kNone);
  }
  for (const Descriptor& each : waiting) CHECK(IsClosed(each));
  CHECK(OpenFiles() == files);
  CHECK(subject.counted.for_files() == 3);
  CHECK(subject.counted.open() == 0);
  CHECK(subject.Come() == Verdict::kWelcome);
}

TEST_CASE("Where even the reserve is lost there is a pause, and the reserve comes back") {
  Subject subject({10, 10});
  Acceptor::Arrival arrival;
  const Descriptor first = subject.Client();
  const Descriptor second = subject.Client();
  {
    // Fewer than are open: what is closed cannot be opened again.
    const FewFiles fewer(-1000);
    CHECK(subject.acceptor.Take(subject.socket(), arrival) == Next::kPause);
    CHECK(subject.acceptor.Take(subject.socket(), arrival) == Next::kPause);
  }
  CHECK(subject.acceptor.Take(subject.socket(), arrival) == Next::kTaken);
  CHECK(arrival.socket.open());
  const FewFiles none_left;
  Acceptor::Arrival refused;
  CHECK(subject.acceptor.Take(subject.socket(), refused) == Next::kTaken);
  CHECK_FALSE(refused.socket.open());
}

}  // namespace
}  // namespace muster::net
