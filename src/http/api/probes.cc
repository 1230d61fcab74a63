#include "http/api/probes.h"

#include <string>
#include <utility>

#include "embedded/openapi.h"

namespace muster::http {

void AnswerAlive(Call call, const Site& /*site*/) {
  call.Reply({{"status", "alive"}});
}

void AnswerReady(Call call, const Site& site) {
  const Roll* roll = site.gate.roll();
  if (roll == nullptr) return call.Refuse(site.gate.Refusal());
  std::string because = roll->Status().not_ready_because;
  if (!because.empty()) return call.Refuse(StoreUnavailable{std::move(because)});
  call.Reply({{"status", "ready"}});
}

void AnswerOpenApi(Call call, const Site& /*site*/) {
  call.Send({200, "application/json", std::string(embedded::kOpenApi[0].content), {}});
}

}  // namespace muster::http
