// Whether a database and the write-ahead log next to it belong together. SQLite replays any log that is sound
// in itself: one of another database, or an old copy, overwrites pages without a complaint.
//
// The row of log_binding has the name of the log and the name of the log before it. The first transaction
// after each complete checkpoint gives the log a new name (Database::BindLogs). So the database alone,
// without its log, shows one of the two names that the log has.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "store/sqlite/database.h"

namespace muster::sqlite {

/// Gives the log a new name. It keeps its length: SQLite writes it over the old one, in its page.
inline constexpr std::string_view kNameLog =
    "UPDATE log_binding SET binding = 'muster log ' || lower(hex(randomblob(8))) || ' after ' || "
    "substr(binding, "
    "12, 16)";

/// Looks, and changes nothing but the index of the log. FAILED_PRECONDITION: they do not belong together. Ok
/// as well where the log has no transaction, and where there are no bindings yet. `path` is what the operator
/// is told. Precondition: no process has the database open.
absl::Status CheckLogBelongs(const Location& location, const std::string& path);

}  // namespace muster::sqlite
