// The steps of a database's schema, and the record that a database keeps of the steps it has.
//
// The record is the table schema_migrations: one row for each step, with the checksum of the step's file. A
// released file never changes. So a program sees from the record whether its files made the schema.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace muster {

/// One step of the schema. `version` counts from 1, without gaps.
struct Migration {
  int version = 0;
  std::string_view name;  // "0001_initial.sql"
  std::string_view sql;
};

/// The version of a step, from the number at the start of its file's name.
int MigrationVersion(std::string_view name);

/// The files that muster_embed built in, in order, as steps.
template <typename File, std::size_t kCount>
std::array<Migration, kCount> MigrationsIn(const File (&files)[kCount]) {
  std::array<Migration, kCount> migrations;
  for (std::size_t i = 0; i < kCount; ++i) {
    migrations[i] = Migration{MigrationVersion(files[i].name), files[i].name, files[i].content};
  }
  return migrations;
}

/// What is recorded of a step: the SHA-256 of its file, in hexadecimal.
std::string MigrationChecksum(std::string_view sql);

/// A row of the record.
struct RecordedMigration {
  std::int64_t version = 0;
  std::string_view name;
  std::string_view checksum;
};

// Errors for the operator, all FAILED_PRECONDITION. `database` says which one: its path, or what it is.

/// Ok if row number `row` of the record, from 0, is the step that the program has at this place.
absl::Status CompareRecorded(const std::string& database, const RecordedMigration& recorded, std::size_t row,
                             std::span<const Migration> known);
/// The schema has a version that is newer than the `known` ones.
absl::Status SchemaTooNew(const std::string& database, std::int64_t version, std::size_t known);

}  // namespace muster
