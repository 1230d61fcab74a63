#include "net/acceptor_thread.h"

#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <vector>

#include "catch.h"
#include "runtime/manual_clock.h"
#include "runtime/mutex.h"
#include "sockets.h"

namespace muster::net {
namespace {

/// A server that takes sockets, and says byte by byte what it was sent.
class Subject {
 public:
  explicit Subject(ConnectionLimits limits, Listener listener = ListenOnLoopback())
      : address(listener.address()),
        thread(*AcceptorThread::Start(std::move(listener), {Interface::kGrpc, limits, nullptr}, clock_,
                                      [this](int socket) {
                                        const MutexLock lock(mu_);
                                        taken_.emplace_back(socket);
                                      })) {}

  std::size_t taken() {
    const MutexLock lock(mu_);
    return taken_.size();
  }
  std::int64_t open() const { return counted.open(); }
  Descriptor Take() {
    REQUIRE(Until([this] { return taken() > 0; }));
    const MutexLock lock(mu_);
    Descriptor last = std::move(taken_.back());
    taken_.pop_back();
    return last;
  }

 private:
  const ManualClock clock_;  // stands still: nothing depends on it
  Mutex mu_;
  std::vector<Descriptor> taken_ ABSL_GUARDED_BY(mu_);

 public:
  const Counted counted{Interface::kGrpc};
  const ListenAddress address;
  const std::unique_ptr<AcceptorThread> thread;
};

/// As a server does that is done with a connection.
void ShutDown(Descriptor socket) {
  (void)::shutdown(socket.get(), SHUT_RDWR);
}

TEST_CASE("A connection is handed over, and its end is seen, whoever ends it") {
  Subject subject({10, 10});
  Descriptor client = Connect(subject.address);
  Descriptor server = subject.Take();
  CHECK(subject.open() == 1);
  REQUIRE(::send(client.get(), "x", 1, 0) == 1);
  char byte = 0;
  REQUIRE(Until([&] { return ::recv(server.get(), &byte, 1, 0) == 1; }));
  CHECK(byte == 'x');

  SECTION("the server") {
    ShutDown(std::move(server));
    CHECK(IsClosed(client));
  }
  SECTION("the client, by a reset") {
    const linger at_once = {1, 0};
    REQUIRE(::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
    client.Reset();
  }
  SECTION("the client, and then the server") {
    client.Reset();
    REQUIRE(Until([&] { return ::recv(server.get(), &byte, 1, 0) == 0; }));
    ShutDown(std::move(server));
  }
  CHECK(Until([&] { return subject.open() == 0; }));
}

TEST_CASE("A unix socket is served alike") {
  const Directory directory;
  Subject subject({10, 1}, *Listener::Open(directory.Socket("s")));
  const Descriptor first = Connect(subject.address);
  const Descriptor second = Connect(subject.address);
  ShutDown(subject.Take());
  ShutDown(subject.Take());
  CHECK(Until([&] { return subject.open() == 0; }));
  CHECK(subject.counted.accepted() == 2);
}

TEST_CASE("Clients beyond the limit are closed at once, and taken again when others have gone") {
  Subject subject({2, 2});
  const Descriptor first = Connect(subject.address);
  const Descriptor second = Connect(subject.address);
  CHECK(IsClosed(Connect(subject.address)));
  ShutDown(subject.Take());
  REQUIRE(Until([&] { return subject.open() == 1; }));
  const Descriptor third = Connect(subject.address);
  CHECK(Until([&] { return subject.open() == 2; }));
  CHECK(subject.counted.in_all() == 1);
}

TEST_CASE("A thousand connections come and go, and no descriptor stays") {
  const std::size_t files = OpenFiles();
  {
    Subject subject({100, 100});
    for (int round = 0; round < 100; ++round) {
      std::vector<Descriptor> clients;
      for (int i = 0; i < 10; ++i) clients.push_back(Connect(subject.address));
      for (int i = 0; i < 10; ++i) ShutDown(subject.Take());
      for (const Descriptor& client : clients) REQUIRE(IsClosed(client));
    }
    CHECK(Until([&] { return subject.open() == 0; }));
    CHECK(subject.counted.accepted() == 1000);
  }
  CHECK(OpenFiles() == files);
}

TEST_CASE("After the files were used up, accepting goes on at once") {
  Subject subject({1000, 1000});
  std::vector<Descriptor> clients;
  for (int i = 0; i < 20; ++i) clients.push_back(Connect(subject.address));
  REQUIRE(Until([&] { return subject.open() == 20; }));
  std::vector<Descriptor> more;
  for (int i = 0; i < 20; ++i) more.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  {
    const FewFiles one_left(1);  // enough for a connection, not for its second descriptor
    sockaddr_storage to = {};
    socklen_t size = sizeof to;
    REQUIRE(::getpeername(clients.front().get(), reinterpret_cast<sockaddr*>(&to), &size) == 0);
    for (const Descriptor& each : more) {
      REQUIRE(::connect(each.get(), reinterpret_cast<const sockaddr*>(&to), size) == 0);
      REQUIRE(IsClosed(each));
    }
  }
  CHECK(subject.open() == 20);
  CHECK(subject.counted.for_files() == 20);
  const Descriptor again = Connect(subject.address);
  CHECK(Until([&] { return subject.open() == 21; }));
}

TEST_CASE("Clients that reset their connections at once leave nothing behind") {
  Subject subject({1000, 1000});
  for (int i = 0; i < 200; ++i) {
    const Descriptor client = Connect(subject.address);
    const linger at_once = {1, 0};
    REQUIRE(::setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once) == 0);
  }
  CHECK(Until([&] { return subject.counted.accepted() == 200 && subject.open() == 0; }));
  const Descriptor good = Connect(subject.address);
  CHECK(Until([&] { return subject.open() == 1; }));
}

TEST_CASE("Where no file is left for the thread itself, that is an error") {
  Listener listener = ListenOnLoopback();
  const ManualClock clock;
  const FewFiles none_left;
  const auto thread =
      AcceptorThread::Start(std::move(listener), {Interface::kGrpc, {}, nullptr}, clock, [](int) {});
  REQUIRE_FALSE(thread.ok());
  CHECK(thread.status().message().find("open files") != std::string::npos);
}

TEST_CASE("A stop refuses clients that wait, leaves connections alone, and no descriptor stays") {
  const std::size_t files = OpenFiles();
  {
    Subject subject({10, 10});
    const Descriptor client = Connect(subject.address);
    const Descriptor server = subject.Take();
    subject.thread->Stop();
    CHECK_FALSE(Connect(subject.address).open());
    REQUIRE(::send(server.get(), "x", 1, 0) == 1);
    char byte = 0;
    CHECK(::recv(client.get(), &byte, 1, 0) == 1);
    subject.thread->Stop();
  }
  CHECK(OpenFiles() == files);
}

}  // namespace
}  // namespace muster::net
