#include "http/server.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "http/engine/acceptor.h"
#include "http/engine/listening.h"
#include "http/engine/loop.h"
#include "runtime/log.h"

namespace muster::http {
namespace {

// Open files besides the connections: those of the store and of gRPC, and connections that are refused.
constexpr std::size_t kOtherFiles = 1000;

/// Raises the process's soft limit of open files to `wanted`, or as near as it may. Returns the limit.
std::size_t AllowOpenFiles(std::size_t wanted) {
  rlimit limit = {};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  if (limit.rlim_cur < wanted) {
    const rlimit raised = {std::min<rlim_t>(wanted, limit.rlim_max), limit.rlim_max};
    if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

/// The limits, with no more connections than the process may have open files.
Limits WithinFiles(Limits limits) {
  const std::size_t files = AllowOpenFiles(limits.connections + kOtherFiles);
  const std::size_t most = std::max(files / 2, files - std::min(files, kOtherFiles));
  if (limits.connections <= most) return limits;
  limits.connections = most;
  Log(LogLevel::kWarning, "fewer HTTP connections than wanted: the limit of open files is low",
      {{"connections", absl::StrCat(most)}, {"files", absl::StrCat(files)}});
  return limits;
}

}  // namespace

/// The thread and its state.
class HttpServer::Engine {
 public:
  Engine(const ServerOptions& options, const std::vector<Listening>& sockets, std::string unix_path,
         const Clock& clock, Handler& handler)
      : loop_(std::make_shared<Loop>(WithinFiles(options.limits), options.cors_origins, clock, handler)),
        unix_path_(std::move(unix_path)) {
    for (const Listening& socket : sockets) acceptors_.push_back(std::make_unique<Acceptor>(*loop_, socket));
    for (const auto& acceptor : acceptors_) acceptor->Open();
    thread_ = std::thread([this] { loop_->io.run(); });
  }

  void Drain() {
    boost::asio::post(loop_->io, [this] { loop_->Drain(); });
  }

  void Shutdown(absl::Duration grace) {
    if (!thread_.joinable()) return;
    boost::asio::post(loop_->io, [this, grace] {
      for (const auto& acceptor : acceptors_) acceptor->Close();
      if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
      loop_->Stop(grace);
    });
    thread_.join();
  }

 private:
  const std::shared_ptr<Loop> loop_;
  const std::string unix_path_;
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::thread thread_;
};

HttpServer::HttpServer(ListenAddress address, std::unique_ptr<Engine> engine)
    : address_(std::move(address)), engine_(std::move(engine)) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Listen(const ServerOptions& options,
                                                               const Clock& clock, Handler& handler) {
  ListenAddress address = options.address;
  const auto sockets = ListenOn(address);
  if (!sockets.ok()) return sockets.status();
  auto engine = std::make_unique<Engine>(options, *sockets, address.unix_path, clock, handler);
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(address), std::move(engine)));
}

HttpServer::~HttpServer() {
  Shutdown(absl::ZeroDuration());
}

void HttpServer::Drain() {
  engine_->Drain();
}

void HttpServer::Shutdown(absl::Duration grace) {
  engine_->Shutdown(grace);
}

}  // namespace muster::http
