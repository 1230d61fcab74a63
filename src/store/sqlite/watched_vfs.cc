#include "store/sqlite/watched_vfs.h"

#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "muster/check.h"

namespace muster::sqlite {

struct WatchedVfs::Registered {
  std::string path;
  std::string name;
  sqlite3_vfs* base = nullptr;
  bool in_kernel = true;  // its files are files of the kernel
  sqlite3_vfs vfs = {};
  std::shared_ptr<DiskWatch> watch = std::make_shared<DiskWatch>();
  // Set when a transaction begins to write; the first write to the log looks at its size. Only one
  // connection at a time writes.
  std::atomic<bool> log_is_unchecked = false;
  std::vector<sqlite3_file*> databases;  // those that are open; only where the files are not the kernel's
};

namespace {

using Registered = WatchedVfs::Registered;

// What SQLite sees as a file: ours, and the one below it in the same memory.
struct File {
  explicit File(Registered& owner) : registered(&owner) {}
  DiskWatch& watch() const { return *registered->watch; }

  sqlite3_file head = {};
  Registered* registered;
  bool is_log = false;
  std::string path;
  // These are null where the files are not the kernel's.
  std::shared_ptr<const HeldFile> held;
  std::shared_ptr<const HeldFile> database;  // to which this log belongs
  std::shared_ptr<const HeldFile> index;     // -shm, once it is mapped
};

constexpr std::size_t kOurPart =
    (sizeof(File) + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) * alignof(std::max_align_t);

File& Of(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file);
}
sqlite3_file* Below(sqlite3_file* file) {
  return reinterpret_cast<sqlite3_file*>(reinterpret_cast<char*>(file) + kOurPart);
}
Registered& Of(sqlite3_vfs* vfs) {
  return *static_cast<Registered*>(vfs->pAppData);
}

// SQLite remembers the errno of the file below. Some VFS leave it in errno.
int ErrnoOf(sqlite3_file* below) {
  const int now = errno;
  int remembered = 0;
  const int code = below->pMethods->xFileControl(below, SQLITE_FCNTL_LAST_ERRNO, &remembered);
  return code == SQLITE_OK && remembered != 0 ? remembered : now;
}

int Refused(int code) {
  errno = EIO;
  return code;
}

// Notes why an operation failed, and leaves the errno for others.
int Note(sqlite3_file* f, const char* what, int code) {
  if (code == SQLITE_OK) return code;
  const int error = ErrnoOf(Below(f));
  Of(f).watch().Failed(absl::StrCat(Of(f).path, ": ", what, ": ", std::strerror(error)));
  errno = error;
  return code;
}

int Lost(File& file, const char* what, int code) {
  file.watch().Stop({DiskWatch::Kind::kFileLost, absl::StrCat(file.path, ": ", what)});
  return Refused(code);
}

bool HasMoved(sqlite3_file* f) {
  int moved = 0;
  return Below(f)->pMethods->xFileControl(Below(f), SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK &&
         moved != 0;
}

// What was synced into a file without a name is gone when it is closed; so is a log without its database.
bool HasNoName(sqlite3_file* f) {
  const File& file = Of(f);
  if (file.registered->in_kernel) {
    return file.held->HasNoName() || (file.database != nullptr && file.database->HasNoName());
  }
  const std::vector<sqlite3_file*>& databases = file.registered->databases;
  return HasMoved(f) || (!databases.empty() && HasMoved(databases.front()));
}

int Close(sqlite3_file* f) {
  File& file = Of(f);
  std::erase(file.registered->databases, f);
  for (const auto& held : {file.index, file.database, file.held}) {
    if (held != nullptr) file.watch().LetGo(held);
  }
  const int code = Below(f)->pMethods->xClose(Below(f));
  file.~File();
  return code;
}

int Read(sqlite3_file* f, void* to, int bytes, sqlite3_int64 at) {
  const int code = Below(f)->pMethods->xRead(Below(f), to, bytes, at);
  return code == SQLITE_IOERR_SHORT_READ ? code : Note(f, "cannot be read", code);
}

// SQLite leaves no holes in a log. So a log that is shorter than where the next page goes was cut off.
bool LogWasCutOff(sqlite3_file* f, sqlite3_int64 at) {
  if (!Of(f).is_log || !Of(f).registered->log_is_unchecked.exchange(false)) return false;
  sqlite3_int64 size = 0;
  return Below(f)->pMethods->xFileSize(Below(f), &size) == SQLITE_OK && at > size;
}

int Write(sqlite3_file* f, const void* from, int bytes, sqlite3_int64 at) {
  File& file = Of(f);
  if (file.watch().stopped()) return Refused(SQLITE_IOERR_WRITE);
  if (LogWasCutOff(f, at)) return Lost(file, "was cut off while the store was open", SQLITE_IOERR_WRITE);
  const int code = Note(f, "cannot be written", Below(f)->pMethods->xWrite(Below(f), from, bytes, at));
  if (file.is_log && code == SQLITE_OK) {
    file.watch().LogHas(std::max<std::int64_t>(file.watch().log_bytes(), at + bytes));
  }
  return code;
}

int Truncate(sqlite3_file* f, sqlite3_int64 size) {
  File& file = Of(f);
  if (file.watch().stopped()) return Refused(SQLITE_IOERR_TRUNCATE);
  const int code = Note(f, "cannot be truncated", Below(f)->pMethods->xTruncate(Below(f), size));
  if (file.is_log && code == SQLITE_OK) file.watch().LogHas(size);
  return code;
}

int Sync(sqlite3_file* f, int flags) {
  File& file = Of(f);
  if (file.watch().stopped()) return Refused(SQLITE_IOERR_FSYNC);
  const int code = Note(f, "fsync failed", Below(f)->pMethods->xSync(Below(f), flags));
  if (code != SQLITE_OK) {
    const int error = errno;
    file.watch().Stop({DiskWatch::Kind::kSyncFailed, file.watch().TakeFailure()});
    errno = error;
    return code;
  }
  if (file.is_log) file.watch().LogSynced();
  if (HasNoName(f)) {
    return Lost(file, "was removed or replaced while the store was open, or its database was",
                SQLITE_IOERR_FSYNC);
  }
  return SQLITE_OK;
}

int FileSize(sqlite3_file* f, sqlite3_int64* size) {
  return Note(f, "cannot be looked at", Below(f)->pMethods->xFileSize(Below(f), size));
}

int Lock(sqlite3_file* f, int level) {
  return Below(f)->pMethods->xLock(Below(f), level);
}

int Unlock(sqlite3_file* f, int level) {
  return Below(f)->pMethods->xUnlock(Below(f), level);
}

int CheckReservedLock(sqlite3_file* f, int* reserved) {
  return Below(f)->pMethods->xCheckReservedLock(Below(f), reserved);
}

int FileControl(sqlite3_file* f, int operation, void* argument) {
  if (operation == kControlDiskWatch) {
    *static_cast<DiskWatch**>(argument) = &Of(f).watch();
    return SQLITE_OK;
  }
  return Below(f)->pMethods->xFileControl(Below(f), operation, argument);
}

int SectorSize(sqlite3_file* f) {
  return Below(f)->pMethods->xSectorSize(Below(f));
}

int DeviceCharacteristics(sqlite3_file* f) {
  return Below(f)->pMethods->xDeviceCharacteristics(Below(f));
}

int ShmMap(sqlite3_file* f, int region, int bytes, int extend, void volatile** out) {
  File& file = Of(f);
  const int code = Note(f, "its index in memory cannot be mapped",
                        Below(f)->pMethods->xShmMap(Below(f), region, bytes, extend, out));
  if (code == SQLITE_OK && file.index == nullptr && file.registered->in_kernel) {
    file.index = file.watch().Hold(absl::StrCat(file.path, "-shm"));
  }
  return code;
}

int ShmLock(sqlite3_file* f, int offset, int n, int flags) {
  constexpr int kWriteLock = 0;  // WAL_WRITE_LOCK of SQLite
  const int code = Below(f)->pMethods->xShmLock(Below(f), offset, n, flags);
  if (code == SQLITE_OK && offset == kWriteLock && flags == (SQLITE_SHM_LOCK | SQLITE_SHM_EXCLUSIVE)) {
    Of(f).registered->log_is_unchecked.store(true);
  }
  return code;
}

void ShmBarrier(sqlite3_file* f) {
  Below(f)->pMethods->xShmBarrier(Below(f));
}

int ShmUnmap(sqlite3_file* f, int remove) {
  File& file = Of(f);
  if (file.index != nullptr) file.watch().LetGo(std::exchange(file.index, nullptr));
  return Below(f)->pMethods->xShmUnmap(Below(f), file.watch().stopped() ? 0 : remove);
}

constexpr sqlite3_io_methods kMethods = {2,
                                         Close,
                                         Read,
                                         Write,
                                         Truncate,
                                         Sync,
                                         FileSize,
                                         Lock,
                                         Unlock,
                                         CheckReservedLock,
                                         FileControl,
                                         SectorSize,
                                         DeviceCharacteristics,
                                         ShmMap,
                                         ShmLock,
                                         ShmBarrier,
                                         ShmUnmap,
                                         nullptr,
                                         nullptr};

int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* f, int flags, int* out_flags) {
  Registered& registered = Of(vfs);
  f->pMethods = nullptr;
  // Journals and temporary files are not watched.
  if ((flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL)) == 0) {
    return registered.base->xOpen(registered.base, path, f, flags, out_flags);
  }
  const int code = registered.base->xOpen(registered.base, path, Below(f), flags, out_flags);
  if (code != SQLITE_OK) return code;
  File& file = *new (f) File(registered);
  file.head.pMethods = &kMethods;
  file.is_log = (flags & SQLITE_OPEN_WAL) != 0;
  file.path = path;
  if (registered.in_kernel) {
    file.held = registered.watch->Hold(file.path);
    if (file.is_log) file.database = registered.watch->Hold(registered.path);
  } else if (!file.is_log) {
    registered.databases.push_back(f);
  }
  if (file.is_log) {
    sqlite3_int64 size = 0;
    if (Below(f)->pMethods->xFileSize(Below(f), &size) == SQLITE_OK) registered.watch->LogHas(size);
  }
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  Registered& registered = Of(vfs);
  // SQLite deletes a log that it has moved into the database. After a sync that failed it may not be there.
  if (registered.watch->stopped() && std::string_view(path).starts_with(registered.path)) {
    return Refused(SQLITE_IOERR_DELETE);
  }
  return registered.base->xDelete(registered.base, path, sync_directory);
}

int Access(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
  return Of(vfs).base->xAccess(Of(vfs).base, path, flags, out);
}

int FullPathname(sqlite3_vfs* vfs, const char* path, int room, char* out) {
  return Of(vfs).base->xFullPathname(Of(vfs).base, path, room, out);
}

int Randomness(sqlite3_vfs* vfs, int bytes, char* out) {
  return Of(vfs).base->xRandomness(Of(vfs).base, bytes, out);
}

int Sleep(sqlite3_vfs* vfs, int microseconds) {
  return Of(vfs).base->xSleep(Of(vfs).base, microseconds);
}

int CurrentTime(sqlite3_vfs* vfs, double* out) {
  return Of(vfs).base->xCurrentTime(Of(vfs).base, out);
}

int LastError(sqlite3_vfs* vfs, int room, char* out) {
  return Of(vfs).base->xGetLastError(Of(vfs).base, room, out);
}

int CurrentTimeMillis(sqlite3_vfs* vfs, sqlite3_int64* out) {
  return Of(vfs).base->xCurrentTimeInt64(Of(vfs).base, out);
}

}  // namespace

WatchedVfs::WatchedVfs(std::string path, const std::string& base) : registered_(new Registered) {
  registered_->path = std::move(path);
  registered_->name = absl::StrCat("watched-", absl::Hex(reinterpret_cast<std::uintptr_t>(this)));
  registered_->base = sqlite3_vfs_find(base.empty() ? nullptr : base.c_str());
  MUSTER_CHECK(registered_->base != nullptr, "the VFS below is registered");
  registered_->in_kernel = base.empty();
  sqlite3_vfs& vfs = registered_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = static_cast<int>(kOurPart) + registered_->base->szOsFile;
  vfs.mxPathname = registered_->base->mxPathname;
  vfs.zName = registered_->name.c_str();
  vfs.pAppData = registered_.get();
  vfs.xOpen = Open;
  vfs.xDelete = Delete;
  vfs.xAccess = Access;
  vfs.xFullPathname = FullPathname;
  vfs.xRandomness = Randomness;
  vfs.xSleep = Sleep;
  vfs.xCurrentTime = CurrentTime;
  vfs.xGetLastError = LastError;
  vfs.xCurrentTimeInt64 = CurrentTimeMillis;
  MUSTER_CHECK(sqlite3_vfs_register(&vfs, /*makeDflt=*/0) == SQLITE_OK, "SQLite takes every VFS");
}

WatchedVfs::~WatchedVfs() {
  sqlite3_vfs_unregister(&registered_->vfs);
}

const std::string& WatchedVfs::name() const {
  return registered_->name;
}

const std::shared_ptr<DiskWatch>& WatchedVfs::watch() const {
  return registered_->watch;
}

}  // namespace muster::sqlite
