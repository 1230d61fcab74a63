// The daemon as main runs it, in this process, with the memory store.
#include "daemon/daemon.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "catch.h"
#include "muster/v1/queries.grpc.pb.h"
#include "scratch.h"

namespace muster::daemon {
namespace {

Config TestConfig(const std::string& port_file) {
  Config config;
  config.grpc_listen = "127.0.0.1:0";
  config.http_listen = "";
  config.store = "memory:";
  config.port_file = port_file;
  config.log_level = LogLevel::kError;
  return config;
}

std::string FirstLine(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

v1::GetFleetSummaryResponse Summary(const std::string& address) {
  const auto stub =
      v1::WorkerQueries::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  v1::GetFleetSummaryResponse summary;
  const grpc::Status status = stub->GetFleetSummary(&context, v1::GetFleetSummaryRequest(), &summary);
  INFO(status.error_message());
  CHECK(status.ok());
  return summary;
}

TEST_CASE("The daemon serves at the address in its port file, applies a reload, and leaves no file") {
  const Scratch port_file("");
  Config config = TestConfig(port_file.path());
  auto daemon = Daemon::Start(config, {});
  REQUIRE(daemon.ok());
  const std::string address = FirstLine(port_file.path());
  CHECK(address.rfind("127.0.0.1:", 0) == 0);
  CHECK(Summary(address).heartbeat_timeout().seconds() == 120);

  config.settings.heartbeat_timeout = absl::Minutes(3);
  config.history = 7;
  (*daemon)->Reload(config);
  CHECK(Summary(address).heartbeat_timeout().seconds() == 180);

  (*daemon)->Stop();
  daemon->reset();
  CHECK_FALSE(std::filesystem::exists(port_file.path()));
}

TEST_CASE("A second daemon on the same port does not start, and says why") {
  const Scratch port_file("");
  const auto first = Daemon::Start(TestConfig(port_file.path()), {});
  REQUIRE(first.ok());
  Config config = TestConfig("");
  config.grpc_listen = FirstLine(port_file.path());
  const auto second = Daemon::Start(config, {});
  REQUIRE_FALSE(second.ok());
  CHECK(second.status().message().find("--grpc-listen") != std::string::npos);
  CHECK(second.status().message().find("in use") != std::string::npos);
}

TEST_CASE("HTTP is served besides gRPC if it is configured, and has its own port file") {
  const Scratch port_file("");
  const Scratch http_port_file("");
  Config config = TestConfig(port_file.path());
  config.http_listen = "127.0.0.1:0";
  config.http_port_file = http_port_file.path();
  auto daemon = Daemon::Start(config, {});
  REQUIRE(daemon.ok());
  const std::string http = FirstLine(http_port_file.path());
  CHECK(http.rfind("127.0.0.1:", 0) == 0);
  CHECK(http != FirstLine(port_file.path()));

  Config second = TestConfig("");
  second.http_listen = http;
  const auto refused = Daemon::Start(second, {});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.status().message().find("--http-listen") != std::string::npos);
  CHECK(refused.status().message().find("in use") != std::string::npos);

  (*daemon)->Stop();
  daemon->reset();
  CHECK_FALSE(std::filesystem::exists(http_port_file.path()));
  CHECK(Daemon::Start(second, {}).ok());
}

TEST_CASE("If a port file cannot be written, the start fails") {
  const auto daemon = Daemon::Start(TestConfig("/nonexistent/folder/port"), {});
  REQUIRE_FALSE(daemon.ok());
  CHECK(daemon.status().message().find("/nonexistent/folder/port") != std::string::npos);
}

}  // namespace
}  // namespace muster::daemon
