// The routes over a memory roll, without sockets: time, the disk and the executor are the test's.
#pragma once

#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "http/api/api.h"
#include "http/message.h"
#include "muster/registry.h"
#include "muster/settings.h"
#include "runtime/executor.h"
#include "runtime/manual_clock.h"
#include "runtime/real_random.h"
#include "tests/registry/flaky_store.h"

namespace muster::http {

/// An answer, read.
struct Got {
  Response response;
  nlohmann::json body;  // null if it has none

  int status() const { return response.status; }
  std::string Header(std::string_view name) const;
  /// Of a problem document: its reason, and the one field at fault ("" if none is named).
  std::string reason() const { return body.value("reason", ""); }
  std::string field() const;
};

class Client {
 public:
  enum class Begin { kServing, kStarting };

  explicit Client(Begin begin = Begin::kServing, ApiOptions options = {"9.8.7", {}});
  ~Client();

  void Serve();
  /// Lets no more in, and finishes what is under way.
  void Drain();

  /// "POST /workers?x=y", with headers and a body as they come off the wire.
  Got Send(std::string_view method_and_target, std::string body = "", Fields headers = {});
  /// Sends JSON as application/json.
  Got Json(std::string_view method_and_target, const nlohmann::json& body, Fields headers = {});
  /// As Send, but commands are not carried out yet: see Turn.
  std::future<Response> Ask(std::string_view method_and_target, std::string body = "", Fields headers = {},
                            Answer::Gone gone = nullptr);
  Got Await(std::future<Response> answer);
  /// GET /readyz, while nothing else is carried out.
  Got Ready();
  /// What was begun is carried out.
  void Turn() { executor_.RunUntilIdle(); }

  nlohmann::json Register(const std::string& id, const std::string& instance_id = "");
  /// Everything that a client can see of the roll, to compare before and after.
  std::string Everything();

  /// Lets time pass while the daemon listens.
  void Pass(absl::Duration time);

  Disk disk;
  ManualClock clock;
  Api api;

 private:
  RealRandom random_;
  ManualExecutor executor_;
  std::unique_ptr<Registry> registry_;
};

}  // namespace muster::http
