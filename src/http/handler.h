// The interface between the engine and the routes.
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

/// Takes the answer to one request. It is called exactly once, from any thread, at once or later. If the
/// connection or the server is gone by then, the answer is dropped. Move-only.
class Answer {
 public:
  using Take = absl::AnyInvocable<void(Response)>;
  /// Becomes true when the client no longer reads the answer. Any thread may set it; it is never reset.
  using Gone = std::shared_ptr<const std::atomic<bool>>;

  explicit Answer(Take take, Gone gone = nullptr) : take_(std::move(take)), gone_(std::move(gone)) {}

  void operator()(Response response) { take_(std::move(response)); }
  /// Null if it is not known.
  const Gone& gone() const { return gone_; }

 private:
  Take take_;
  Gone gone_;
};

/// Thread-safe. The engine calls it on its one thread, which serves every connection; so nothing here may
/// wait. Must outlive the server.
class Handler {
 public:
  virtual ~Handler() = default;

  /// HEAD is answered like GET, with the body; the engine leaves the body out. OPTIONS is answered with
  /// Allow; a preflight does not arrive here if the engine answers it.
  virtual void Handle(Request request, Answer answer) = 0;

  /// The methods of the request's path, for a preflight. Empty if there is no such path.
  virtual std::vector<std::string> Methods(const Request& request) = 0;

  /// Words the engine's own refusals (400, 408, 413, 414, 415, 417, 431, 501, 503, 505) as a problem
  /// document. `detail` is a sentence for the client. `request` is what is known of the request, or null.
  virtual Response Problem(int status, std::string_view detail, const Request* request) = 0;
};

}  // namespace muster::http
