// One request on its way through a route.
#pragma once

#include <atomic>
#include <string>
#include <utility>

#include "http/api/json.h"
#include "http/api/problem.h"
#include "http/handler.h"
#include "http/message.h"
#include "muster/check.h"
#include "muster/errors.h"
#include "muster/registry.h"

namespace muster::http {

/// Movable. It must be answered, from any thread, by one of Reply, Refuse, Reject and Send. Precondition of
/// each: it was not answered yet.
class Call {
 public:
  Call(Request request, Answer answer) : request_(std::move(request)), answer_(std::move(answer)) {}

  const Request& request() const { return request_; }

  /// The client as a ReadCaller, which may outlive the call. HTTP has no deadline.
  ReadCaller AsReadCaller() const {
    if (answer_.gone() == nullptr) return {};
    return {[gone = answer_.gone()] { return gone->load(std::memory_order_relaxed); }};
  }

  std::string id;              // from the path: /workers/{id}; as sent, so it may be no valid id
  Json body = Json::object();  // empty if the request has none

  void Reply(int status, const Json& json, Fields headers = {}) {
    Send({status, "application/json", Dump(json) + "\n", std::move(headers)});
  }
  void Reply(const Json& json) { Reply(200, json); }
  /// Answers with an error of a use case or of the roll.
  void Refuse(const WorkerError& error) { Reject(InJsonNames(error)); }
  /// Answers with an error of this interface, in its own field names.
  void Reject(const WorkerError& error) { Send(Refusal(error, &request_)); }
  void Send(Response response) {
    MUSTER_CHECK(!std::exchange(answered_, true), "a request is answered once");
    answer_(std::move(response));
  }

 private:
  Request request_;
  Answer answer_;
  bool answered_ = false;
};

}  // namespace muster::http
