#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>

#include "embedded/postgres_migrations.h"
#include "store/postgres/migrations.h"

namespace muster::postgres {
namespace {

int VersionOf(std::string_view name) {
  int version = 0;
  std::from_chars(name.data(), name.data() + name.size(), version);
  return version;
}

}  // namespace

std::span<const Migration> EmbeddedMigrations() {
  static const auto migrations = [] {
    std::array<Migration, std::size(embedded::kPostgresMigrations)> all;
    std::transform(std::begin(embedded::kPostgresMigrations), std::end(embedded::kPostgresMigrations),
                   all.begin(), [](const auto& file) {
                     return Migration{VersionOf(file.name), file.name, file.content};
                   });
    return all;
  }();
  return migrations;
}

}  // namespace muster::postgres
