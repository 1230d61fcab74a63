// A bad machine for one process: a library for LD_PRELOAD. The test writes into a page that both map (see
// bad_machine.py), and from then on the disk is slow, hangs, fails or is full, or the wall clock is wrong.
//
// It also remembers what a loss of power would leave: beside each file it keeps FILE.synced, which has what
// was synced and nothing else. A failed sync drops what was not synced yet, as Linux does: the next one,
// which works, does not bring it back.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct control {
  volatile int32_t sync_takes_ms;  // each sync; -1: for ever
  volatile int32_t sync_fails;     // with this errno
  volatile int32_t write_fails;    // with this errno
  volatile int32_t fails_log;      // what fails, fails for PATH-wal
  volatile int32_t fails_file;     // and for PATH
  volatile int32_t syncs_failed;   // counted here
  volatile int64_t wall_is_ahead_s;
};

enum { kMaxFiles = 1024, kMaxRanges = 1 << 16 };

struct range {
  off_t begin;
  size_t size;
};

// One that is looked after. A process has several descriptors of it, and a sync of one is a sync of all.
struct file {
  int synced;  // the descriptor of FILE.synced
  int is_log;
  struct range dirty[kMaxRanges];
  int count;
};

static struct control nothing;
static struct control* control = &nothing;
static const char* database;
static struct file main_file, log_file = {.is_log = 1};
static struct file* files[kMaxFiles];  // by descriptor
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static ssize_t (*real_pwrite)(int, const void*, size_t, off_t);
static ssize_t (*real_write)(int, const void*, size_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_ftruncate)(int, off_t);
static int (*real_open)(const char*, int, ...);
static int (*real_close)(int);
static int (*real_clock_gettime)(clockid_t, struct timespec*);

__attribute__((constructor)) static void begin(void) {
  if (real_close != NULL) return;
  real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
  real_write = dlsym(RTLD_NEXT, "write");
  real_fsync = dlsym(RTLD_NEXT, "fsync");
  real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
  real_ftruncate = dlsym(RTLD_NEXT, "ftruncate64");
  real_open = dlsym(RTLD_NEXT, "open64");
  real_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
  real_close = dlsym(RTLD_NEXT, "close");
  database = getenv("BAD_MACHINE_DATABASE");
  const char* page = getenv("BAD_MACHINE");
  if (page == NULL) return;
  const int fd = real_open(page, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapped != MAP_FAILED) control = mapped;
  real_close(fd);
}

static struct file* file_of(int fd) {
  begin();  // another library may be faster
  return fd >= 0 && fd < kMaxFiles ? files[fd] : NULL;
}

static int fails(const struct file* file) {
  return file->is_log ? control->fails_log : control->fails_file;
}

static void note(struct file* file, off_t begin_at, size_t size) {
  pthread_mutex_lock(&mutex);
  if (file->count < kMaxRanges) file->dirty[file->count++] = (struct range){begin_at, size};
  pthread_mutex_unlock(&mutex);
}

// What was written reaches the disk, or is lost.
static void settle(int fd, struct file* file, int reaches_disk) {
  static char buffer[1 << 20];
  pthread_mutex_lock(&mutex);
  for (int i = 0; reaches_disk && i < file->count; ++i) {
    off_t at = file->dirty[i].begin;
    size_t left = file->dirty[i].size;
    while (left > 0) {
      const ssize_t got = pread(fd, buffer, left < sizeof buffer ? left : sizeof buffer, at);
      if (got <= 0) break;
      (void)!real_pwrite(file->synced, buffer, (size_t)got, at);
      at += got;
      left -= (size_t)got;
    }
  }
  struct stat now;
  if (reaches_disk && fstat(fd, &now) == 0) (void)!real_ftruncate(file->synced, now.st_size);
  file->count = 0;
  pthread_mutex_unlock(&mutex);
}

static int look_after(int fd, const char* path) {
  if (fd < 0 || fd >= kMaxFiles || database == NULL) return fd;
  const size_t length = strlen(database);
  if (strncmp(path, database, length) != 0) return fd;
  const int is_log = strcmp(path + length, "-wal") == 0;
  if (path[length] != 0 && !is_log) return fd;
  char name[4096];
  if (strlen(path) + sizeof ".synced" > sizeof name) return fd;
  strcpy(name, path);
  strcat(name, ".synced");
  struct file* file = is_log ? &log_file : &main_file;
  if (file->synced == 0) file->synced = real_open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  files[fd] = file;
  return fd;
}

int open64(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
    __builtin_va_list rest;
    __builtin_va_start(rest, flags);
    mode = __builtin_va_arg(rest, mode_t);
    __builtin_va_end(rest);
  }
  begin();
  return look_after(real_open(path, flags, mode), path);
}

int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
    __builtin_va_list rest;
    __builtin_va_start(rest, flags);
    mode = __builtin_va_arg(rest, mode_t);
    __builtin_va_end(rest);
  }
  begin();
  return look_after(real_open(path, flags, mode), path);
}

int close(int fd) {
  if (file_of(fd) != NULL) files[fd] = NULL;
  return real_close(fd);
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off_t at) {
  struct file* file = file_of(fd);
  if (file == NULL) return real_pwrite(fd, bytes, size, at);
  if (control->write_fails != 0 && fails(file)) {
    errno = control->write_fails;
    return -1;
  }
  const ssize_t done = real_pwrite(fd, bytes, size, at);
  if (done > 0) note(file, at, (size_t)done);
  return done;
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
  return pwrite64(fd, bytes, size, at);
}

ssize_t write(int fd, const void* bytes, size_t size) {
  struct file* file = file_of(fd);
  if (file == NULL) return real_write(fd, bytes, size);
  const off_t at = lseek(fd, 0, SEEK_CUR);
  const ssize_t done = real_write(fd, bytes, size);
  if (done > 0) note(file, at, (size_t)done);
  return done;
}

static int sync_with(int fd, int (*really)(int)) {
  struct file* file = file_of(fd);
  if (file == NULL) return really(fd);
  const int takes = control->sync_takes_ms;
  for (int passed = 0; takes != 0 && (takes < 0 || passed < takes); ++passed) {
    if (control->sync_takes_ms == 0) break;  // the test has ended it
    usleep(1000);
  }
  if (control->sync_fails != 0 && fails(file)) {
    __atomic_add_fetch(&control->syncs_failed, 1, __ATOMIC_SEQ_CST);
    settle(fd, file, 0);
    errno = control->sync_fails;
    return -1;
  }
  const int done = really(fd);
  if (done == 0) settle(fd, file, 1);
  return done;
}

int fsync(int fd) {
  return sync_with(fd, real_fsync);
}

int fdatasync(int fd) {
  return sync_with(fd, real_fdatasync);
}

int clock_gettime(clockid_t which, struct timespec* now) {
  begin();
  const int done = real_clock_gettime(which, now);
  if (done == 0 && which == CLOCK_REALTIME) now->tv_sec += control->wall_is_ahead_s;
  return done;
}
