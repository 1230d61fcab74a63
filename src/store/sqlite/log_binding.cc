#include "store/sqlite/log_binding.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <set>
#include <span>

#include "absl/strings/str_cat.h"
#include "store/sqlite/vfs_file.h"

namespace muster::sqlite {
namespace {

constexpr std::string_view kStart = "muster log ";
constexpr std::string_view kMiddle = " after ";
constexpr std::size_t kDigits = 16;
constexpr std::size_t kLength = kStart.size() + kDigits + kMiddle.size() + kDigits;
constexpr std::string_view kNone = "0000000000000000";

struct Binding {
  std::string name;
  std::string before;
};

std::optional<Binding> Parse(std::string_view text) {
  if (text.size() < kLength || !text.starts_with(kStart)) return std::nullopt;
  text.remove_prefix(kStart.size());
  Binding binding;
  binding.name = text.substr(0, kDigits);
  binding.before = text.substr(kDigits + kMiddle.size(), kDigits);
  return binding;
}

std::uint32_t BigEndian(const char* from, int bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < bytes; ++i) value = value << 8U | static_cast<unsigned char>(from[i]);
  return value;
}

// The row on a page of the file, as https://sqlite.org/fileformat2.html lays it out: a leaf with one cell.
// SQLite cannot be asked, because it would read the page from the log.
std::optional<Binding> OnPage(std::string_view page) {
  constexpr char kLeafOfTable = 0x0D;
  if (page.empty() || page[0] != kLeafOfTable || BigEndian(page.data() + 3, 2) != 1) return std::nullopt;
  const std::size_t cell = BigEndian(page.data() + 8, 2);
  if (cell >= page.size()) return std::nullopt;
  const std::size_t start = page.find(kStart, cell);
  constexpr std::size_t kMostBefore = 16;  // the lengths and types of the row
  if (start == std::string_view::npos || start - cell > kMostBefore) return std::nullopt;
  return Parse(page.substr(start));
}

struct InLog {
  std::int64_t page_size = 0;  // bytes
  bool any_transaction = false;
  std::set<std::uint32_t> pages;
};

// The frames that belong to this log, as SQLite tells by their salt. It also looks at checksums: where one is
// wrong, it finds less than this.
absl::StatusOr<InLog> ScanLog(const std::string& vfs, const std::string& path) {
  constexpr std::size_t kHeader = 32;
  constexpr std::size_t kFrame = 24;
  absl::StatusOr<VfsFile> log = VfsFile::Open(vfs, path, VfsFile::Kind::kLog);
  if (!log.ok()) return log.status();
  InLog found;
  char header[kHeader];
  char frame[kFrame];
  absl::Status read = log->Read(header, 0);
  if (read.ok()) found.page_size = BigEndian(header + 8, 4);
  for (std::int64_t at = kHeader; read.ok(); at += static_cast<std::int64_t>(kFrame) + found.page_size) {
    read = log->Read(frame, at);
    if (!read.ok() || std::memcmp(frame + 8, header + 16, 8) != 0) break;
    found.pages.insert(BigEndian(frame, 4));
    found.any_transaction = found.any_transaction || BigEndian(frame + 4, 4) != 0;
  }
  if (!read.ok() && !absl::IsOutOfRange(read)) return read;
  return found;
}

// Where the process died while it wrote the page, the name is the new one up to somewhere, and the old one
// from there on.
bool Shows(std::string_view name, const Binding& log) {
  std::size_t same = 0;
  while (same < kDigits && name[same] == log.name[same]) ++same;
  return name.substr(same) == std::string_view(log.before).substr(same);
}

absl::Status DoNotBelong(const std::string& path) {
  return absl::FailedPreconditionError(absl::StrCat(
      path, " and ", path,
      "-wal do not belong together: the log is of another database, or of another time. Nothing "
      "was read into the database, it is left as it is. See \"The wrong log\" in docs/database.md."));
}

}  // namespace

absl::Status CheckLogBelongs(const Location& location, const std::string& path) {
  const absl::StatusOr<InLog> log = ScanLog(location.vfs, location.path + "-wal");
  if (!log.ok()) return log.status();
  if (!log->any_transaction) return absl::OkStatus();
  std::int64_t root = 0;
  std::optional<Binding> with_log;
  {
    absl::StatusOr<Database> database = Database::Open(location, Access::kReadOnly);
    if (!database.ok()) return database.status();
    const absl::StatusOr<std::int64_t> found = database->QueryInt64(
        "SELECT coalesce(max(rootpage), 0) FROM sqlite_schema WHERE name = 'log_binding'");
    if (!found.ok()) return found.status();
    if (*found == 0) return absl::OkStatus();  // older than bindings, or not ours
    root = *found;
    absl::StatusOr<Statement> query = database->Prepare("SELECT binding FROM log_binding");
    if (!query.ok()) return query.status();
    const absl::StatusOr<bool> row = query->Step();
    if (!row.ok()) return row.status();
    if (*row) with_log = Parse(query->Text(0));
  }
  if (!with_log || !log->pages.contains(static_cast<std::uint32_t>(root))) return DoNotBelong(path);

  absl::StatusOr<VfsFile> alone = VfsFile::Open(location.vfs, location.path, VfsFile::Kind::kDatabase);
  if (!alone.ok()) return alone.status();
  std::string page(static_cast<std::size_t>(log->page_size), '\0');
  const absl::Status read = alone->Read(std::span(page.data(), page.size()), (root - 1) * log->page_size);
  if (!read.ok() && !absl::IsOutOfRange(read)) return read;
  const std::optional<Binding> shown = read.ok() ? OnPage(page) : std::nullopt;
  // Without a row of its own the database has never been without its first log.
  const std::string_view name = shown ? std::string_view(shown->name) : kNone;
  return Shows(name, *with_log) ? absl::OkStatus() : DoNotBelong(path);
}

}  // namespace muster::sqlite
