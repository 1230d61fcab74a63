#include "daemon/daemon.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "daemon/load.h"
#include "muster/check.h"
#include "runtime/boot_id.h"
#include "runtime/listen_address.h"
#include "runtime/log.h"

namespace muster::daemon {
namespace {

// The sum is well below the 5 s that a stop may take.
constexpr absl::Duration kDrainGrace = absl::Seconds(3);
constexpr absl::Duration kReadGrace = absl::Milliseconds(500);
constexpr absl::Duration kShutdownGrace = absl::Seconds(1);

// A start waits so long for the first probes. With a disk that hangs there are none, and it goes on.
constexpr absl::Duration kFirstAnswersWithin = absl::Seconds(2);
// Between two tries to open a store on a disk that fails.
constexpr absl::Duration kFirstPause = absl::Seconds(1);
constexpr absl::Duration kLongestPause = absl::Minutes(1);

// Whether it may help to try again later: the disk is full or fails, or another process is in the way.
bool MayMend(std::string_view store, const absl::Status& status) {
  return store.starts_with("sqlite:") &&
         (absl::IsUnavailable(status) || absl::IsResourceExhausted(status) || absl::IsAborted(status));
}

void WarnIfExposed(std::string_view what, const ListenAddress& address) {
  if (address.Loopback()) return;
  Log(LogLevel::kWarning,
      "other machines can reach this address, and there is no authentication nor TLS yet: keep it behind a "
      "firewall",
      {{what, address.ToString()}});
}

/// The error, with the flag that is to be changed.
absl::Status Named(const char* flag, const absl::Status& error) {
  return {error.code(), absl::StrCat(flag, ": ", error.message())};
}

}  // namespace

PortFile::~PortFile() {
  if (!path_.empty()) (void)std::remove(path_.c_str());
}

absl::Status PortFile::Write(const std::string& path, const std::string& address) {
  const std::string draft = absl::StrCat(path, ".", ::getpid());
  std::ofstream file(draft);
  file << address << "\n";
  file.close();
  if (!file || std::rename(draft.c_str(), path.c_str()) != 0) {
    const std::string why = std::strerror(errno);
    (void)std::remove(draft.c_str());
    return absl::UnavailableError(absl::StrCat("cannot write the port file ", path, ": ", why));
  }
  path_ = path;
  return absl::OkStatus();
}

Daemon::Daemon(const Config& config, Process process) : config_(config), process_(std::move(process)) {}

Daemon::~Daemon() {
  Stop();
}

absl::StatusOr<std::unique_ptr<Daemon>> Daemon::Start(const Config& config, Process process) {
  MUSTER_CHECK(!Validate(config.settings), "the settings make sense");
  ConfigureLog(config.log_format, config.log_level);
  std::unique_ptr<Daemon> daemon(new Daemon(config, std::move(process)));
  daemon->PlanConnections();
  daemon->executor_ = std::make_unique<ThreadedExecutor>(daemon->clock_);
  daemon->background_ = std::make_unique<ThreadedExecutor>(daemon->clock_);
  daemon->health_ = std::make_unique<ThreadedExecutor>(daemon->clock_);
  // Start the servers first: while the store is opened, clients get "starting" instead of no answer.
  if (absl::Status listening = daemon->Listen(); !listening.ok()) return listening;
  if (absl::Status listening = daemon->ListenForHttp(); !listening.ok()) return listening;
  if (absl::Status opened = daemon->OpenRegistry(); !opened.ok()) return opened;
  daemon->server_->Serve(*daemon->registry_);
  if (daemon->api_ != nullptr) daemon->api_->Serve(*daemon->registry_);
  daemon->probe_->Start();
  // So that a reader of the port file finds a daemon that is ready, if it can be.
  (void)daemon->probe_->AwaitFirstAnswers(kFirstAnswersWithin);
  if (absl::Status written = daemon->WritePortFiles(); !written.ok()) return written;
  daemon->SayServing();
  return daemon;
}

void Daemon::PlanConnections() {
  const auto count = [](const std::optional<std::int64_t>& value) {
    return value ? std::optional(static_cast<std::size_t>(*value)) : std::nullopt;
  };
  const std::size_t files = net::RaiseOpenFiles();
  connections_ = net::PlanConnections(files, {.grpc = count(config_.max_grpc_connections),
                                              .http = count(config_.max_http_connections),
                                              .from_one_address = count(config_.max_connections_per_address),
                                              .http_on = !config_.http_listen.empty()});
  const bool few = connections_.files_needed > 0;
  Log(few ? LogLevel::kWarning : LogLevel::kDebug,
      few ? "there are fewer connections than wanted: the hard limit of open files is low" : "connections",
      {{"grpc", absl::StrCat(connections_.grpc.in_all)},
       {"http", absl::StrCat(connections_.http.in_all)},
       {"files", absl::StrCat(files)},
       {"files-needed", absl::StrCat(connections_.files_needed)}});
}

absl::Status Daemon::Listen() {
  auto address = ListenAddress::Parse(config_.grpc_listen);
  if (!address.ok()) return address.status();
  WarnIfExposed("grpc", *address);
  auto server = rpc::RpcServer::Listen({*std::move(address), kVersion, config_.settings.heartbeat_timeout,
                                        connections_.grpc, &local_connections_},
                                       clock_, *health_);
  if (!server.ok()) return Named("--grpc-listen", server.status());
  server_ = *std::move(server);
  return absl::OkStatus();
}

absl::Status Daemon::ListenForHttp() {
  if (config_.http_listen.empty()) return absl::OkStatus();
  auto address = ListenAddress::Parse(config_.http_listen);
  if (!address.ok()) return address.status();
  WarnIfExposed("http", *address);
  api_ = std::make_unique<http::Api>(http::ApiOptions{kVersion, CorsOrigins(config_)});
  http::ServerOptions options;
  options.address = *std::move(address);
  options.limits.body_bytes = http::kMaxBodyBytes;
  options.cors_origins = CorsOrigins(config_);
  options.connections = connections_.http;
  options.local_connections = &local_connections_;
  auto server = http::HttpServer::Listen(options, clock_, *api_);
  if (!server.ok()) return Named("--http-listen", server.status());
  http_ = *std::move(server);
  return absl::OkStatus();
}

absl::Status Daemon::WritePortFiles() {
  if (!config_.port_file.empty()) {
    absl::Status written = port_file_.Write(config_.port_file, server_->address().ToString());
    if (!written.ok()) return written;
  }
  if (http_ == nullptr || config_.http_port_file.empty()) return absl::OkStatus();
  return http_port_file_.Write(config_.http_port_file, http_->address().ToString());
}

absl::StatusOr<std::unique_ptr<Store>> Daemon::OpenStoreAtLast() {
  StoreOptions options;
  options.history = static_cast<int>(config_.history);
  options.max_events = config_.max_events;
  options.holder = absl::StrCat("musterd ", server_->address().ToString());
  for (absl::Duration pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
    auto store = OpenStore(config_.store, options, {clock_, random_, *background_, process_.disk_failed});
    if (store.ok() || !process_.stops_within || !MayMend(config_.store, store.status())) return store;
    Log(LogLevel::kError, "the store cannot be opened: not ready, and tries again",
        {{"because", std::string(store.status().message())}, {"in", absl::FormatDuration(pause)}});
    if (process_.stops_within(pause)) return absl::CancelledError("stopped before the store could be opened");
  }
}

absl::Status Daemon::OpenRegistry() {
  auto store = OpenStoreAtLast();
  if (!store.ok()) return store.status();
  registry_ = std::make_unique<Registry>(*std::move(store), clock_, random_, *executor_, config_.settings);
  std::vector<std::unique_ptr<probe::SocketTarget>> sockets =
      probe::GrpcTargets(server_->address(), &local_connections_);
  if (http_ != nullptr) {
    for (auto& socket : probe::HttpTargets(http_->address(), &local_connections_))
      sockets.push_back(std::move(socket));
  }
  probe_ = std::make_unique<probe::ProbeThread>(*registry_, clock_, std::move(sockets));
  registry_->Start(probe_->SocketNames(), ReadBootId());
  jobs_ = std::make_unique<ScheduledJobs>(*registry_, clock_, *executor_);
  jobs_->Start();
  return absl::OkStatus();
}

void Daemon::SayServing() const {
  Log(LogLevel::kInfo, "serving",
      {{"version", kVersion},
       {"grpc", server_->address().ToString()},
       {"http", http_ != nullptr ? http_->address().ToString() : "off"},
       {"store", WithoutPassword(config_.store)}});
}

void Daemon::Reload(const Config& loaded) {
  const muster::daemon::Reload plan = PlanReload(config_, loaded);
  config_ = plan.next;
  ConfigureLog(config_.log_format, config_.log_level);
  registry_->SetSettings(config_.settings);
  Log(LogLevel::kInfo, "reloaded",
      {{"changed", plan.changes.empty() ? "nothing" : absl::StrJoin(plan.changes, ", ")}});
  if (!plan.partly.empty()) {
    Log(LogLevel::kInfo, "a part of what changed takes effect only with a restart",
        {{"part", absl::StrJoin(plan.partly, ", ")}});
  }
  if (!plan.need_restart.empty()) {
    Log(LogLevel::kWarning, "these settings take effect only with a restart",
        {{"settings", absl::StrJoin(plan.need_restart, ", ")}});
  }
}

void Daemon::Stop() {
  if (executor_ == nullptr) return;
  const bool served = jobs_ != nullptr;
  if (probe_ != nullptr) probe_->Stop();  // else it would find a daemon that does not hear
  if (jobs_ != nullptr) jobs_->Stop();
  if (server_ != nullptr) server_->Drain();
  if (api_ != nullptr) api_->Drain();
  if (http_ != nullptr) http_->Drain();
  if (registry_ != nullptr) {
    const auto drained = std::make_shared<absl::Notification>();
    registry_->Drain([drained] { drained->Notify(); });
    if (!drained->WaitForNotificationWithTimeout(kDrainGrace)) {
      Log(LogLevel::kWarning, "commands are still waiting for the store");
    }
    registry_->EndReads(kReadGrace);
  }
  if (server_ != nullptr) server_->Shutdown(kShutdownGrace);
  if (http_ != nullptr) http_->Shutdown(kShutdownGrace);
  executor_->Stop();
  server_.reset();
  http_.reset();
  probe_.reset();
  jobs_.reset();
  registry_.reset();  // closes the store
  api_.reset();
  background_.reset();
  health_.reset();
  executor_.reset();
  if (served) Log(LogLevel::kInfo, "stopped");
}

}  // namespace muster::daemon
