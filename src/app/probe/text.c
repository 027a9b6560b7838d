// SPDX-License-Identifier: Apache-2.0
// Small things that several parts of the probe need: bounded copies, names of errno values, and
// which file a loaded symbol came from.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/probe/probe.h"

void copy_text(char* to, size_t size, const char* from) {
  size_t length = 0;
  while (from[length] != '\0' && length + 1 < size) length++;
  memcpy(to, from, length);
  to[length] = '\0';
}

const char* errno_name(int number, char* buffer, size_t size) {
  switch (number) {
    case EPERM:
      return "EPERM";
    case ENOENT:
      return "ENOENT";
    case EINTR:
      return "EINTR";
    case EIO:
      return "EIO";
    case ENXIO:
      return "ENXIO";
    case EAGAIN:
      return "EAGAIN";
    case ENOMEM:
      return "ENOMEM";
    case EACCES:
      return "EACCES";
    case EBUSY:
      return "EBUSY";
    case ENODEV:
      return "ENODEV";
    case ENOTDIR:
      return "ENOTDIR";
    case EISDIR:
      return "EISDIR";
    case EINVAL:
      return "EINVAL";
    case ENFILE:
      return "ENFILE";
    case EMFILE:
      return "EMFILE";
    case EROFS:
      return "EROFS";
    case ELOOP:
      return "ELOOP";
    default:
      snprintf(buffer, size, "errno %d", number);
      return buffer;
  }
}

/// A number in hexadecimal digits at `*text`, which is moved behind them.
static uintptr_t read_hex(const char** text) {
  uintptr_t value = 0;
  for (;; (*text)++) {
    const char c = **text;
    if (c >= '0' && c <= '9') {
      value = value * 16 + (uintptr_t)(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      value = value * 16 + (uintptr_t)(c - 'a' + 10);
    } else {
      return value;
    }
  }
}

/// "5581-5582 r-xp 00000000 fe:00 12 /usr/lib/x.so": the path, if the range holds the address.
static bool path_in_line(const char* line, uintptr_t address, char* out, size_t size) {
  const uintptr_t start = read_hex(&line);
  if (*line++ != '-') return false;
  const uintptr_t end = read_hex(&line);
  if (address < start || address >= end) return false;
  const char* path = strchr(line, '/');
  if (path == NULL) return false;
  copy_text(out, size, path);
  return true;
}

void library_of_address(const void* address, char* out, size_t size) {
  out[0] = '\0';
  const int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    char chunk[4096];
    char line[1024];
    size_t length = 0;
    bool found = false;
    ssize_t got;
    while (!found && (got = read(fd, chunk, sizeof chunk)) > 0) {
      for (ssize_t i = 0; i < got && !found; i++) {
        if (chunk[i] != '\n') {
          if (length + 1 < sizeof line) line[length++] = chunk[i];
          continue;
        }
        line[length] = '\0';
        length = 0;
        found = path_in_line(line, (uintptr_t)address, out, size);
      }
    }
    close(fd);
    if (found) return;
  }
  Dl_info info;
  if (dladdr(address, &info) != 0 && info.dli_fname != NULL) copy_text(out, size, info.dli_fname);
}
