#include "tests/store/fault_vfs.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "catch.h"

namespace muster::testing {
namespace {

// What SQLite sees as a file. The real file is behind it.
struct File {
  sqlite3_file base;
  FaultVfs* disk;
  bool is_log;

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& Of(sqlite3_file* file) {
  return *reinterpret_cast<File*>(file);
}
sqlite3_file* Real(sqlite3_file* file) {
  return Of(file).real();
}

bool Fails(std::atomic<int>& failures) {
  int left = failures.load();
  while (left > 0) {
    if (failures.compare_exchange_weak(left, left - 1)) return true;
  }
  return false;
}

int Close(sqlite3_file* f) {
  return Real(f)->pMethods->xClose(Real(f));
}
int Read(sqlite3_file* f, void* to, int bytes, sqlite3_int64 at) {
  return Real(f)->pMethods->xRead(Real(f), to, bytes, at);
}
int Write(sqlite3_file* f, const void* from, int bytes, sqlite3_int64 at) {
  File& file = Of(f);
  if (file.is_log && Fails(file.disk->fail_writes)) {
    errno = file.disk->error;
    return file.disk->error == ENOSPC ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  return Real(f)->pMethods->xWrite(Real(f), from, bytes, at);
}
int Truncate(sqlite3_file* f, sqlite3_int64 size) {
  return Real(f)->pMethods->xTruncate(Real(f), size);
}
int Sync(sqlite3_file* f, int flags) {
  File& file = Of(f);
  if (file.is_log) ++file.disk->syncs;
  if (file.is_log && Fails(file.disk->fail_syncs)) {
    errno = file.disk->error;
    return SQLITE_IOERR_FSYNC;
  }
  return Real(f)->pMethods->xSync(Real(f), flags);
}
int FileSize(sqlite3_file* f, sqlite3_int64* size) {
  return Real(f)->pMethods->xFileSize(Real(f), size);
}
int Lock(sqlite3_file* f, int lock) {
  return Real(f)->pMethods->xLock(Real(f), lock);
}
int Unlock(sqlite3_file* f, int lock) {
  return Real(f)->pMethods->xUnlock(Real(f), lock);
}
int CheckReservedLock(sqlite3_file* f, int* out) {
  return Real(f)->pMethods->xCheckReservedLock(Real(f), out);
}
int FileControl(sqlite3_file* f, int op, void* argument) {
  return Real(f)->pMethods->xFileControl(Real(f), op, argument);
}
int SectorSize(sqlite3_file* f) {
  return Real(f)->pMethods->xSectorSize(Real(f));
}
int DeviceCharacteristics(sqlite3_file* f) {
  return Real(f)->pMethods->xDeviceCharacteristics(Real(f));
}
int ShmMap(sqlite3_file* f, int page, int size, int extend, void volatile** out) {
  return Real(f)->pMethods->xShmMap(Real(f), page, size, extend, out);
}
int ShmLock(sqlite3_file* f, int offset, int n, int flags) {
  return Real(f)->pMethods->xShmLock(Real(f), offset, n, flags);
}
void ShmBarrier(sqlite3_file* f) {
  Real(f)->pMethods->xShmBarrier(Real(f));
}
int ShmUnmap(sqlite3_file* f, int remove) {
  return Real(f)->pMethods->xShmUnmap(Real(f), remove);
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

sqlite3_vfs* Default() {
  return sqlite3_vfs_find(nullptr);
}

int Open(sqlite3_vfs* vfs, const char* name, sqlite3_file* f, int flags, int* out_flags) {
  File& file = Of(f);
  file.disk = static_cast<FaultVfs*>(vfs->pAppData);
  file.is_log = (flags & SQLITE_OPEN_WAL) != 0;
  std::memset(file.real(), 0, static_cast<std::size_t>(Default()->szOsFile));
  const int code = Default()->xOpen(Default(), name, file.real(), flags, out_flags);
  file.base.pMethods = file.real()->pMethods == nullptr ? nullptr : &kMethods;
  return code;
}

}  // namespace

FaultVfs::FaultVfs()
    : name_(absl::StrCat("fault-", absl::Hex(reinterpret_cast<std::uintptr_t>(this)))),
      vfs_(std::make_unique<sqlite3_vfs>(*Default())) {
  vfs_->zName = name_.c_str();
  vfs_->pAppData = this;
  vfs_->szOsFile = static_cast<int>(sizeof(File)) + Default()->szOsFile;
  vfs_->xOpen = Open;
  REQUIRE(sqlite3_vfs_register(vfs_.get(), /*makeDflt=*/0) == SQLITE_OK);
}

FaultVfs::~FaultVfs() {
  sqlite3_vfs_unregister(vfs_.get());
}

}  // namespace muster::testing
