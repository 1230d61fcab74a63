#include "store/migration_record.h"

#include <openssl/sha.h>

#include <charconv>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace muster {

int MigrationVersion(std::string_view name) {
  int version = 0;
  std::from_chars(name.data(), name.data() + name.size(), version);
  return version;
}

std::string MigrationChecksum(std::string_view sql) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(sql.data()), sql.size(), digest);
  return absl::BytesToHexString(std::string(reinterpret_cast<const char*>(digest), sizeof digest));
}

absl::Status CompareRecorded(const std::string& database, const RecordedMigration& recorded, std::size_t row,
                             std::span<const Migration> known) {
  if (row < known.size() && recorded.version == known[row].version &&
      recorded.checksum == MigrationChecksum(known[row].sql)) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      database, " got its schema version ", recorded.version, " from a file \"",
      absl::CHexEscape(std::string(recorded.name)),
      "\" that is not the one in this program. It was left as it is; run the program that wrote it."));
}

absl::Status SchemaTooNew(const std::string& database, std::int64_t version, std::size_t known) {
  return absl::FailedPreconditionError(absl::StrCat(
      database, " has schema version ", version, "; this program knows versions up to ", known,
      ". It was left as it is; run the newer program, or restore a backup from before the upgrade."));
}

}  // namespace muster
