#include "store/sqlite/database_file.h"

#include <utility>

#include "store/sqlite/migrations.h"

namespace muster::sqlite {

absl::StatusOr<DatabaseFile> OpenDatabaseFile(const Location& location, std::string_view holder) {
  absl::StatusOr<std::string> path = ResolveDatabasePath(location.path);
  if (!path.ok()) return path.status();
  Location resolved(*std::move(path), location.vfs);
  absl::StatusOr<FileLock> lock = FileLock::Acquire(resolved.path, holder);
  if (!lock.ok()) return lock.status();
  absl::Status status = Inspect(resolved, EmbeddedMigrations());
  if (!status.ok()) return status;
  absl::StatusOr<Database> connection = Database::Open(resolved, Access::kReadWrite);
  if (!connection.ok()) return connection.status();
  status = Migrate(*connection, EmbeddedMigrations());
  if (!status.ok()) return status;
  return DatabaseFile{*std::move(lock), std::move(resolved), *std::move(connection)};
}

}  // namespace muster::sqlite
