// What the engine asks of the routes.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "http/message.h"

namespace muster::http {

/// Takes the answer to one request: called exactly once, from any thread, at once or later. When the
/// connection or the server is gone by then, the answer is dropped. Move-only.
class Answer {
 public:
  using Take = absl::AnyInvocable<void(Response)>;
  /// Set once nobody reads the answer any more. By any thread, and never reset.
  using Gone = std::shared_ptr<const std::atomic<bool>>;

  explicit Answer(Take take, Gone gone = nullptr) : take_(std::move(take)), gone_(std::move(gone)) {}

  void operator()(Response response) { take_(std::move(response)); }
  /// Null: it is not known.
  const Gone& gone() const { return gone_; }

 private:
  Take take_;
  Gone gone_;
};

/// Thread-safe. Called on the engine's one thread, which serves every connection: so nothing here may wait.
/// Must outlive the server.
class Handler {
 public:
  virtual ~Handler() = default;

  /// HEAD is answered like GET, body included: the engine leaves it out. So is OPTIONS, with Allow, unless it
  /// is a preflight that the engine answers.
  virtual void Handle(Request request, Answer answer) = 0;

  /// The methods of the request's path, for a preflight; empty: there is no such path.
  virtual std::vector<std::string> Methods(const Request& request) = 0;

  /// How the engine's own refusals (400, 408, 413, 414, 415, 417, 431, 501, 503, 505) are worded: as a
  /// problem document. `detail` is a sentence for the client. `request`: as much of it as is known, or null.
  virtual Response Problem(int status, std::string_view detail, const Request* request) = 0;
};

}  // namespace muster::http
