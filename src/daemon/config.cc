#include "daemon/config.h"

#include <string_view>

#include "absl/strings/str_cat.h"
#include "domain/text.h"
#include "runtime/listen_address.h"

namespace muster::daemon {
namespace {

std::optional<std::string> CheckStore(std::string_view store) {
  constexpr std::string_view kSqlite = "sqlite:";
  if (store == "memory:" || (store.starts_with(kSqlite) && store.size() > kSqlite.size()))
    return std::nullopt;
  return absl::StrCat("store is \"", Shown(store), "\": set it to sqlite:PATH, or to memory: for a trial");
}

}  // namespace

std::optional<std::string> Validate(const Config& config) {
  const auto address = ListenAddress::Parse(config.grpc_listen);
  if (!address.ok()) return absl::StrCat("grpc-listen: ", std::string(address.status().message()));
  if (auto wrong = CheckStore(config.store)) return wrong;
  if (config.history < 1 || config.history > kMaxHistory) {
    return absl::StrCat("history is ", config.history, ": set it between 1 and ", kMaxHistory, " heartbeats");
  }
  if (config.max_events < 1) {
    return absl::StrCat("max-events is ", config.max_events, ": set it to 1 event or more");
  }
  return muster::Validate(config.settings);
}

}  // namespace muster::daemon
