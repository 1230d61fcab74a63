#include "http/server.h"

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
#include "http/engine/open_files.h"
#include "runtime/log.h"

namespace muster::http {
namespace {

// Files beside the connections: of the store, of gRPC, and those turned away.
constexpr std::size_t kOtherFiles = 1000;

/// The limits, with no more connections than there may be files.
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

/// The thread and what it works on.
class HttpServer::Engine {
 public:
  Engine(const ServerOptions& options, const std::vector<Listening>& sockets, std::string unix_path,
         const Clock& clock, Handler& handler)
      : loop_(std::make_shared<Loop>(WithinFiles(options.limits), options.cors_origins, clock, handler)),
        unix_path_(std::move(unix_path)) {
    for (const Listening& socket : sockets) doorways_.push_back(std::make_unique<Acceptor>(*loop_, socket));
    for (const auto& acceptor : doorways_) acceptor->Open();
    thread_ = std::thread([this] { loop_->io.run(); });
  }

  void Drain() {
    boost::asio::post(loop_->io, [this] { loop_->Drain(); });
  }

  void Shutdown(absl::Duration grace) {
    if (!thread_.joinable()) return;
    boost::asio::post(loop_->io, [this, grace] {
      for (const auto& acceptor : doorways_) acceptor->Close();
      if (!unix_path_.empty()) ::unlink(unix_path_.c_str());
      loop_->Stop(grace);
    });
    thread_.join();
  }

 private:
  const std::shared_ptr<Loop> loop_;
  const std::string unix_path_;
  std::vector<std::unique_ptr<Acceptor>> doorways_;
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
