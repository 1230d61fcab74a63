#include "http/server.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "http/engine/acceptor.h"
#include "http/engine/loop.h"
#include "net/listener.h"

namespace muster::http {
/// The thread and its state.
class HttpServer::Engine {
 public:
  Engine(const ServerOptions& options, net::Listener listener, const Clock& clock, Handler& handler)
      : loop_(std::make_shared<Loop>(
            options.limits,
            net::Acceptor::Options{Interface::kHttp, options.connections, options.local_connections},
            options.cors_origins, clock, handler)),
        listener_(std::move(listener)) {
    for (const net::Descriptor& socket : listener_->sockets()) {
      acceptors_.push_back(std::make_unique<Acceptor>(*loop_, socket.get()));
    }
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
      listener_.reset();
      loop_->Stop(grace);
    });
    thread_.join();
  }

 private:
  const std::shared_ptr<Loop> loop_;
  std::optional<net::Listener> listener_;  // while it listens
  std::vector<std::unique_ptr<Acceptor>> acceptors_;
  std::thread thread_;
};

HttpServer::HttpServer(ListenAddress address, std::unique_ptr<Engine> engine)
    : address_(std::move(address)), engine_(std::move(engine)) {}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Listen(const ServerOptions& options,
                                                               const Clock& clock, Handler& handler) {
  auto listener = net::Listener::Open(options.address);
  if (!listener.ok()) return listener.status();
  ListenAddress address = listener->address();
  auto engine = std::make_unique<Engine>(options, *std::move(listener), clock, handler);
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
