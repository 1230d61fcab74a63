#include "http/api/probes.h"

#include <string>
#include <utility>

#include "embedded/openapi.h"

namespace muster::http {

void AnswerAlive(Call call, const ServerInfo& /*site*/) {
  call.Reply({{"status", "alive"}});
}

void AnswerReady(Call call, const ServerInfo& server_info) {
  const Registry* registry = server_info.gate.registry();
  if (registry == nullptr) return call.Refuse(server_info.gate.Refusal());
  std::string because = registry->Status().not_ready_because;
  if (!because.empty()) return call.Refuse(StoreUnavailable{std::move(because)});
  call.Reply({{"status", "ready"}});
}

void AnswerOpenApi(Call call, const ServerInfo& /*site*/) {
  call.Send({200, "application/json", std::string(embedded::kOpenApi[0].content), {}});
}

}  // namespace muster::http
