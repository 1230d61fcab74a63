// The routes over a memory roll, without sockets. The test controls the time, the disk and the executor.
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
#include "registry/self_probe.h"
#include "runtime/executor.h"
#include "runtime/manual_clock.h"
#include "runtime/real_random.h"
#include "tests/registry/flaky_store.h"

namespace muster::http {

/// An answer, with its body parsed.
struct Got {
  Response response;
  nlohmann::json body;  // null if it has none

  int status() const { return response.status; }
  std::string Header(std::string_view name) const;
  /// From a problem document: its reason, and the one wrong field ("" if none is named).
  std::string reason() const { return body.value("reason", ""); }
  std::string field() const;
};

class Client {
 public:
  enum class Begin { kServing, kStarting };

  explicit Client(Begin begin = Begin::kServing, ApiOptions options = {"9.8.7", {}});
  ~Client();

  void Serve();
  /// Accepts no more requests, and finishes those under way.
  void Drain();

  /// Sends "POST /workers?x=y", with headers and a body as they arrive from the wire.
  Got Send(std::string_view method_and_target, std::string body = "", Fields headers = {});
  /// Sends JSON as application/json.
  Got Json(std::string_view method_and_target, const nlohmann::json& body, Fields headers = {});
  /// Like Send, but commands are not carried out yet: see Turn.
  std::future<Response> Ask(std::string_view method_and_target, std::string body = "", Fields headers = {},
                            Answer::Gone gone = nullptr);
  Got Await(std::future<Response> answer);
  /// Sends GET /readyz, and carries out nothing else.
  Got Ready();
  /// Carries out everything that was started.
  void Turn() { executor_.RunUntilIdle(); }
  /// Precondition: served.
  Registry& registry() { return *registry_; }

  nlohmann::json Register(const std::string& id, const std::string& instance_id = "");
  /// Everything that a client can see of the roll, to compare before and after.
  std::string Everything();

  /// Moves the clock while the daemon listens.
  void Pass(absl::Duration time);

  Disk disk;
  ManualClock clock;
  Api api;

 private:
  RealRandom random_;
  ManualExecutor executor_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<SelfProbe> probe_;
};

}  // namespace muster::http
