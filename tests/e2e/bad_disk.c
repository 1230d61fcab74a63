// Preloaded into a daemon: makes fsync and fdatasync fail, slow or hang, for files whose path contains a word. A
// control file says how, at each call:
//
//     fail NAME       EIO, and nothing is synced
//     slow NAME MS    milliseconds before the sync
//
// A missing or empty file means that the disk is well.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int Sync(int descriptor, const char* function) {
  int (*const real)(int) = (int (*)(int))dlsym(RTLD_NEXT, function);
  const char* const control = getenv("BAD_DISK");
  char how[16] = "", name[64] = "", link[64], path[4096];
  int millis = 0;
  FILE* const file = control == NULL ? NULL : fopen(control, "re");
  if (file == NULL) return real(descriptor);
  const int words = fscanf(file, "%15s %63s %d", how, name, &millis);
  fclose(file);
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = '\0';
  if (words < 2 || strstr(path, name) == NULL) return real(descriptor);
  if (strcmp(how, "fail") == 0) {
    errno = EIO;
    return -1;
  }
  const struct timespec pause = {millis / 1000, millis % 1000 * 1000000L};
  nanosleep(&pause, NULL);
  return real(descriptor);
}

int fsync(int descriptor) { return Sync(descriptor, "fsync"); }
int fdatasync(int descriptor) { return Sync(descriptor, "fdatasync"); }
