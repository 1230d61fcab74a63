#include "http/api/probes.h"

#include <string>

#include "embedded/openapi.h"

namespace muster::http {

void AnswerAlive(Call call, const Site& /*site*/) {
  call.Reply({{"status", "alive"}});
}

void AnswerReady(Call call, const Site& site) {
  const Roll* roll = site.gate.roll();
  if (roll == nullptr) return call.Refuse(site.gate.Refusal());
  if (!roll->Status().store_writable) return call.Refuse(StoreUnavailable{"it cannot be written"});
  call.Reply({{"status", "ready"}});
}

void AnswerOpenApi(Call call, const Site& /*site*/) {
  call.Send({200, "application/json", std::string(embedded::kOpenApi[0].content), {}});
}

}  // namespace muster::http
