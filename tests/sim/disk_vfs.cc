#include "tests/sim/disk_vfs.h"

#include <sqlite3.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <map>
#include <new>
#include <optional>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "muster/check.h"
#include "tests/sim/disk_locks.h"

namespace muster::sim {

struct DiskVfs::Registered {
  Disk& disk;
  const Clock& clock;
  std::string name;
  sqlite3_vfs vfs = {};
  // By file, and by the life of the process.
  std::map<std::pair<const FileBytes*, std::int64_t>, std::weak_ptr<FileLocks>> locks;

  std::shared_ptr<FileLocks> LocksOf(const OpenFile& file) {
    std::erase_if(locks, [](const auto& entry) { return entry.second.expired(); });
    std::weak_ptr<FileLocks>& known = locks[{file.id(), file.life()}];
    std::shared_ptr<FileLocks> found = known.lock();
    if (found == nullptr) known = found = std::make_shared<FileLocks>();
    return found;
  }
};

namespace {

// What SQLite sees as a file. SQLite gives the memory.
struct File {
  File(const sqlite3_io_methods& methods, std::unique_ptr<OpenFile> opened, std::shared_ptr<FileLocks> shared)
      : base{&methods}, bytes(std::move(opened)), locks(std::move(shared)), lock(locks) {}

  sqlite3_file base;
  std::unique_ptr<OpenFile> bytes;
  std::shared_ptr<FileLocks> locks;
  FileLock lock;
  std::optional<MappedMemory> memory;
  bool read_only = false;
  bool sync_its_name = false;  // with its first sync
  bool delete_when_closed = false;
  Disk* disk = nullptr;
};

File& Of(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file);
}

// Of an operation on an open file that does not reach the disk.
int Unless(bool dead, int code, int ok = SQLITE_OK) {
  if (!dead) return ok;
  errno = EIO;
  return code;
}

int Close(sqlite3_file* f) {
  File& file = Of(f);
  if (file.delete_when_closed && !file.bytes->dead()) (void)file.disk->Delete(file.bytes->path());
  file.~File();
  return SQLITE_OK;
}

int Read(sqlite3_file* f, void* to, int bytes, sqlite3_int64 at) {
  const std::span<char> wanted(static_cast<char*>(to), static_cast<std::size_t>(bytes));
  const std::optional<std::size_t> got = Of(f).bytes->Read(wanted, at);
  if (!got) return SQLITE_IOERR_READ;
  if (*got == wanted.size()) return SQLITE_OK;
  std::memset(wanted.data() + *got, 0, wanted.size() - *got);
  return SQLITE_IOERR_SHORT_READ;
}

// SQLite lets a connection that only reads move the log, and finds out here.
bool MayWrite(const File& file) {
  if (file.read_only) errno = EBADF;  // so says Unix
  return !file.read_only;
}

int Write(sqlite3_file* f, const void* from, int bytes, sqlite3_int64 at) {
  const std::string_view data(static_cast<const char*>(from), static_cast<std::size_t>(bytes));
  if (MayWrite(Of(f)) && Of(f).bytes->Write(data, at)) return SQLITE_OK;
  return errno == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int Truncate(sqlite3_file* f, sqlite3_int64 size) {
  return MayWrite(Of(f)) && Of(f).bytes->Truncate(size) ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

int Sync(sqlite3_file* f, int /*flags*/) {
  File& file = Of(f);
  if (!file.bytes->Sync()) return SQLITE_IOERR_FSYNC;
  if (!std::exchange(file.sync_its_name, false)) return SQLITE_OK;
  return file.disk->SyncDirectoryOf(file.bytes->path()) ? SQLITE_OK : SQLITE_IOERR_DIR_FSYNC;
}

int FileSize(sqlite3_file* f, sqlite3_int64* size) {
  const std::optional<std::int64_t> found = Of(f).bytes->Size();
  *size = found.value_or(0);
  return found ? SQLITE_OK : SQLITE_IOERR_FSTAT;
}

int Lock(sqlite3_file* f, int level) {
  File& file = Of(f);
  if (file.bytes->dead()) return Unless(true, SQLITE_IOERR_LOCK);
  if (!file.lock.MayRaise(level)) return SQLITE_BUSY;
  if (level > SQLITE_LOCK_SHARED && !MayWrite(file)) return SQLITE_IOERR_LOCK;
  return file.lock.Raise(level) ? SQLITE_OK : SQLITE_BUSY;
}

int Unlock(sqlite3_file* f, int level) {
  Of(f).lock.Lower(level);
  return Unless(Of(f).bytes->dead(), SQLITE_IOERR_UNLOCK);
}

int CheckReservedLock(sqlite3_file* f, int* reserved) {
  *reserved = Of(f).lock.AnyReserved() ? 1 : 0;
  return Unless(Of(f).bytes->dead(), SQLITE_IOERR_CHECKRESERVEDLOCK);
}

int FileControl(sqlite3_file* f, int operation, void* argument) {
  if (operation != SQLITE_FCNTL_HAS_MOVED) return SQLITE_NOTFOUND;
  *static_cast<int*>(argument) = Of(f).bytes->HasItsName() ? 0 : 1;
  return SQLITE_OK;
}

int SectorSize(sqlite3_file* /*f*/) {
  return static_cast<int>(FileBytes::kSector);
}

// Nothing is atomic. But a torn sector does not damage its neighbours: disk.h.
int DeviceCharacteristics(sqlite3_file* /*f*/) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int ShmMap(sqlite3_file* f, int region, int bytes, int extend, void volatile** out) {
  File& file = Of(f);
  *out = nullptr;
  if (file.bytes->dead()) return Unless(true, SQLITE_IOERR_SHMMAP);
  if (!file.memory) file.memory.emplace(file.locks->Memory());
  *out = file.memory->Region(static_cast<std::size_t>(region), static_cast<std::size_t>(bytes), extend != 0);
  return SQLITE_OK;
}

int ShmLock(sqlite3_file* f, int offset, int n, int flags) {
  File& file = Of(f);
  if (file.bytes->dead() || !file.memory) return Unless(true, SQLITE_IOERR_SHMLOCK);
  const auto first = static_cast<std::size_t>(offset);
  const auto count = static_cast<std::size_t>(n);
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    file.memory->Unlock(first, count);
    return SQLITE_OK;
  }
  const bool locked = (flags & SQLITE_SHM_SHARED) != 0 ? file.memory->LockShared(first, count)
                                                       : file.memory->LockExclusive(first, count);
  return locked ? SQLITE_OK : SQLITE_BUSY;
}

void ShmBarrier(sqlite3_file* /*f*/) {
  std::atomic_signal_fence(std::memory_order_seq_cst);  // a simulation has one thread
}

int ShmUnmap(sqlite3_file* f, int /*remove*/) {
  Of(f).memory.reset();
  return SQLITE_OK;
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

DiskVfs::Registered& Of(sqlite3_vfs* vfs) {
  return *static_cast<DiskVfs::Registered*>(vfs->pAppData);
}

Disk::Kind KindOf(int flags) {
  if ((flags & SQLITE_OPEN_MAIN_DB) != 0) return Disk::Kind::kMain;
  return (flags & SQLITE_OPEN_WAL) != 0 ? Disk::Kind::kLog : Disk::Kind::kOther;
}

Disk::Creation CreationOf(int flags) {
  if ((flags & SQLITE_OPEN_CREATE) == 0) return Disk::Creation::kNone;
  return (flags & SQLITE_OPEN_EXCLUSIVE) != 0 ? Disk::Creation::kOnlyNew : Disk::Creation::kIfMissing;
}

int Open(sqlite3_vfs* vfs, const char* path, sqlite3_file* f, int flags, int* out_flags) {
  DiskVfs::Registered& registered = Of(vfs);
  f->pMethods = nullptr;
  // Without a path: a temporary file.
  const std::string name =
      path != nullptr ? path : absl::StrCat("/tmp/", absl::Hex(registered.disk.RandomBits()));
  std::unique_ptr<OpenFile> opened = registered.disk.Open(name, KindOf(flags), CreationOf(flags));
  if (opened == nullptr) return SQLITE_CANTOPEN;
  std::shared_ptr<FileLocks> locks = registered.LocksOf(*opened);
  File& file = *new (f) File(kMethods, std::move(opened), std::move(locks));
  file.disk = &registered.disk;
  file.read_only = (flags & SQLITE_OPEN_READONLY) != 0;
  file.delete_when_closed = (flags & SQLITE_OPEN_DELETEONCLOSE) != 0;
  // As in SQLite's own: it does not ask whether the file is really new.
  file.sync_its_name =
      (flags & SQLITE_OPEN_CREATE) != 0 &&
      (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL)) != 0;
  if (out_flags != nullptr) *out_flags = flags;
  return SQLITE_OK;
}

int Delete(sqlite3_vfs* vfs, const char* path, int sync_directory) {
  Disk& disk = Of(vfs).disk;
  if (!disk.Delete(path)) return errno == ENOENT ? SQLITE_IOERR_DELETE_NOENT : SQLITE_IOERR_DELETE;
  if (sync_directory == 0 || disk.SyncDirectoryOf(path)) return SQLITE_OK;
  return SQLITE_IOERR_DIR_FSYNC;
}

int Exists(sqlite3_vfs* vfs, const char* path, int flags, int* out) {
  Disk& disk = Of(vfs).disk;
  *out = 0;
  if (disk.dead()) return Unless(true, SQLITE_IOERR_ACCESS);
  const std::optional<std::int64_t> size = disk.SizeOf(path);
  // As in SQLite's own: a file without content does not exist.
  *out = flags == SQLITE_ACCESS_EXISTS ? size.value_or(0) > 0 : size.has_value();
  return SQLITE_OK;
}

int FullPathname(sqlite3_vfs* /*vfs*/, const char* path, int room, char* out) {
  sqlite3_snprintf(room, out, "%s", path);
  return SQLITE_OK;
}

int Randomness(sqlite3_vfs* vfs, int bytes, char* out) {
  for (int i = 0; i < bytes; ++i) out[i] = static_cast<char>(Of(vfs).disk.RandomBits());
  return bytes;
}

int Sleep(sqlite3_vfs* vfs, int microseconds) {
  Of(vfs).disk.Sleep(absl::Microseconds(microseconds));
  return microseconds;
}

int CurrentTimeMillis(sqlite3_vfs* vfs, sqlite3_int64* out) {
  constexpr sqlite3_int64 kJulianDayOf1970 = 210'866'760'000'000;  // in milliseconds
  *out = kJulianDayOf1970 + absl::ToUnixMillis(Of(vfs).clock.WallNow());
  return SQLITE_OK;
}

int CurrentTime(sqlite3_vfs* vfs, double* out) {
  sqlite3_int64 millis = 0;
  CurrentTimeMillis(vfs, &millis);
  *out = static_cast<double>(millis) / absl::ToDoubleMilliseconds(absl::Hours(24));
  return SQLITE_OK;
}

int LastError(sqlite3_vfs* /*vfs*/, int /*room*/, char* /*out*/) {
  return errno;
}

}  // namespace

DiskVfs::DiskVfs(Disk& disk, const Clock& clock)
    : registered_(new Registered{
          disk, clock, absl::StrCat("disk-", absl::Hex(reinterpret_cast<std::uintptr_t>(this))), {}, {}}) {
  sqlite3_vfs& vfs = registered_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(File);
  vfs.mxPathname = 1024;
  vfs.zName = registered_->name.c_str();
  vfs.pAppData = registered_.get();
  vfs.xOpen = Open;
  vfs.xDelete = Delete;
  vfs.xAccess = Exists;
  vfs.xFullPathname = FullPathname;
  vfs.xRandomness = Randomness;
  vfs.xSleep = Sleep;
  vfs.xCurrentTime = CurrentTime;
  vfs.xGetLastError = LastError;
  vfs.xCurrentTimeInt64 = CurrentTimeMillis;
  MUSTER_CHECK(sqlite3_vfs_register(&vfs, /*makeDflt=*/0) == SQLITE_OK, "SQLite takes every VFS");
  // Otherwise SQLite takes the seed from the machine. Two logs of one disk must not get the same salt: so
  // each time another seed.
  const int seed = static_cast<int>(disk.RandomBits() % 0x7fffffff) + 1;
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, seed, static_cast<sqlite3*>(nullptr));
}

DiskVfs::~DiskVfs() {
  sqlite3_vfs_unregister(&registered_->vfs);
}

const std::string& DiskVfs::name() const {
  return registered_->name;
}

}  // namespace muster::sim
