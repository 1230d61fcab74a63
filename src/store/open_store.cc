#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "store/memory/memory_store.h"
#include "store/postgres/postgres_store.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store.h"

namespace muster {

absl::StatusOr<std::unique_ptr<Store>> OpenStore(std::string_view spec, const StoreOptions& options,
                                                 const StoreRuntime& runtime) {
  if (options.history < 1 || options.history > 1000) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a history of ", options.history, " heartbeats for each worker: from 1 to 1000 can be kept"));
  }
  if (options.max_events < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("at most ", options.max_events, " events: at least 1 must be kept"));
  }
  if (spec == "memory:") return NewMemoryStore(options, runtime.random);
  constexpr std::string_view kSqlite = "sqlite:";
  if (spec.starts_with(kSqlite) && spec.size() > kSqlite.size()) {
    return OpenSqliteStore(std::string(spec.substr(kSqlite.size())), options, runtime);
  }
  if (spec.starts_with("postgresql://") || spec.starts_with("postgres://")) {
    return OpenPostgresStore(std::string(spec), options, runtime);
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "\"", std::string(spec), "\" is no store. Use \"memory:\", \"sqlite:PATH\" or \"postgresql://…\"."));
}

}  // namespace muster
