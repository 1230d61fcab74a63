// Where a server listens, and how many connections it takes.
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "catch.h"
#include "harness.h"
#include "tests/net/sockets.h"

namespace muster::rpc {
namespace {

/// A server over the harness's roll, at an address and with limits of the test's choice.
struct Another {
  Another(Harness& harness, const std::string& address, const net::ConnectionLimits& limits = {})
      : executor(harness.manual_clock),
        server(RpcServer::Listen({*ListenAddress::Parse(address), "2", absl::Seconds(3), limits},
                                 harness.manual_clock, executor)) {
    if (server.ok()) (*server)->Serve(*harness.registry);
  }
  ~Another() {
    if (server.ok()) (*server)->Shutdown(absl::ZeroDuration());
  }

  std::shared_ptr<grpc::Channel> Channel(const std::string& host = "") const {
    ListenAddress to = (*server)->address();
    if (!host.empty()) to.host = host;
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);
    return grpc::CreateCustomChannel(to.ToString(), grpc::InsecureChannelCredentials(), arguments);
  }
  std::int64_t open() const { return counted.open(); }

  const net::Counted counted{Interface::kGrpc};
  ThreadedExecutor executor;
  absl::StatusOr<std::unique_ptr<RpcServer>> server;
};

grpc::Status Summary(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(10));
  v1::GetFleetSummaryResponse summary;
  return v1::WorkerQueries::NewStub(channel)->GetFleetSummary(&context, {}, &summary);
}

/// The actor that registered the worker, as the event tells.
std::string ActorOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& id) {
  grpc::ClientContext context;
  v1::RegisterWorkerResponse registered;
  REQUIRE(v1::WorkerCommands::NewStub(channel)->RegisterWorker(&context, Registration(id), &registered).ok());
  grpc::ClientContext again;
  v1::ListEventsRequest request;
  request.set_worker_id(id);
  v1::ListEventsResponse events;
  REQUIRE(v1::WorkerQueries::NewStub(channel)->ListEvents(&again, request, &events).ok());
  REQUIRE(events.events_size() == 1);
  return events.events(0).actor();
}

TEST_CASE("A second server on the port is refused, and told that the first one is there") {
  Harness first(Harness::Begin::kStarting);
  ThreadedExecutor executor(first.manual_clock);
  const auto second =
      RpcServer::Listen({first.server->address(), "2", absl::Seconds(3)}, first.manual_clock, executor);
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().message().find(first.server->address().ToString()) != std::string::npos);
  CHECK(second.status().message().find("in use") != std::string::npos);
}

TEST_CASE("Peers are named as ever: by address over TCP, not at all over a unix socket") {
  Harness harness;
  const net::Directory directory;
  {
    const Another v4(harness, "127.0.0.1:0");
    CHECK(ActorOf(v4.Channel(), "by-v4").starts_with("127.0.0.1:"));
  }
  {
    const Another local(harness, directory.Socket("s").ToString());
    REQUIRE(local.server.ok());
    CHECK(ActorOf(local.Channel(), "by-unix") == "unix:");
    CHECK_FALSE(Another(harness, directory.Socket("s").ToString()).server.ok());
    CHECK(Summary(local.Channel()).ok());  // it is still the first one's
  }
  const Another both(harness, "[::]:0");
  if (!both.server.ok()) return;  // this machine has no IPv6
  CHECK(ActorOf(both.Channel("::1"), "by-v6").starts_with("[::1]:"));
  CHECK(ActorOf(both.Channel("127.0.0.1"), "by-mapped").starts_with("127.0.0.1:"));
}

TEST_CASE("Connections beyond the limit are closed, and there is room when others go") {
  Harness harness;
  const Another subject(harness, "127.0.0.1:0", {5, 4});
  const ListenAddress& address = (*subject.server)->address();
  std::vector<net::Descriptor> idle;
  for (int i = 0; i < 4; ++i) idle.push_back(net::Connect(address));
  REQUIRE(net::Until([&] { return subject.open() == 4; }));
  CHECK(net::IsClosed(net::Connect(address)));
  CHECK(subject.counted.by_address() == 1);
  CHECK_FALSE(Summary(subject.Channel()).ok());
  idle.clear();
  CHECK(net::Until([&] { return subject.open() == 0; }));
  const auto channel = subject.Channel();
  CHECK(Summary(channel).ok());
  CHECK(subject.open() == 1);
}

TEST_CASE("After the files were used up, calls are answered again") {
  Harness harness;
  const Another subject(harness, "127.0.0.1:0");
  const auto present = subject.Channel();
  REQUIRE(Summary(present).ok());
  for (int round = 0; round < 3; ++round) {
    net::FewFiles few(20);
    std::vector<net::Descriptor> idle;
    // The clients are of this process too: so they come until there is no file for one more.
    while (idle.empty() || idle.back().open()) idle.push_back(net::Connect((*subject.server)->address()));
    CHECK(Summary(present).ok());
    idle.clear();
    CHECK(net::Until([&] { return subject.open() == 1; }));
  }
  CHECK(Summary(subject.Channel()).ok());
}

TEST_CASE("A server that ends with clients that wait, talk and say nothing leaves no descriptor") {
  Harness harness;
  std::optional<std::size_t> files;
  for (int round = 0; round < 5; ++round) {
    {
      const Another subject(harness, "127.0.0.1:0");
      const auto channel = subject.Channel();
      REQUIRE(Summary(channel).ok());
      std::vector<net::Descriptor> idle;
      for (int i = 0; i < 50; ++i) idle.push_back(net::Connect((*subject.server)->address()));
      (*subject.server)->Shutdown(absl::ZeroDuration());
      for (const net::Descriptor& each : idle) CHECK(net::IsClosed(each));
    }
    if (!files) files = net::OpenFiles();  // gRPC keeps some of its own
    CHECK(net::Until([&] { return net::OpenFiles() <= *files; }));
  }
}

}  // namespace
}  // namespace muster::rpc
