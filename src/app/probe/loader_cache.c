// SPDX-License-Identifier: Apache-2.0
// What the loader's cache says about NVIDIA's libraries, read without ldconfig, which many images
// lack. Format: glibc's sysdeps/generic/dl-cache.h, "glibc-ld.so.cache1.1", with or without the old
// "ld.so-1.7.0" part in front. The file belongs to the image: every offset is checked against the
// bytes that were read.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/probe/probe.h"

enum { kHeaderSize = 48, kEntrySize = 24, kOldHeaderSize = 16, kOldEntrySize = 12 };

static unsigned char content[4U << 20];

static uint32_t number_at(size_t offset) {
  uint32_t value;
  memcpy(&value, content + offset, sizeof value);
  return value;
}

/// The text at `offset`, or nothing if it does not end inside the file or is longer than any path.
static const char* text_at(size_t offset, size_t length) {
  for (size_t end = offset; end < length && end - offset < 4096; end++) {
    if (content[end] == '\0') return (const char*)content + offset;
  }
  return NULL;
}

static bool is_driver_library(const char* soname) {
  return strstr(soname, "nvidia") != NULL || strncmp(soname, "libcuda.", 8) == 0 ||
         strncmp(soname, "libcudadebugger.", 16) == 0 || strncmp(soname, "libnvcuvid.", 11) == 0 ||
         strncmp(soname, "libnvoptix.", 11) == 0;
}

/// Where the new part starts, or -1. `nlibs` of the old part says how long that is (4-byte aligned
/// to 8).
static long new_part(size_t length) {
  static const char kNew[] = "glibc-ld.so.cache1.1";
  static const char kOld[] = "ld.so-1.7.0";
  size_t start = 0;
  if (length >= kOldHeaderSize && memcmp(content, kOld, sizeof kOld - 1) == 0) {
    const uint64_t end = kOldHeaderSize + (uint64_t)number_at(12) * kOldEntrySize;
    start = (size_t)((end + 7) & ~UINT64_C(7));
  }
  if (start > length || length - start < kHeaderSize) return -1;
  return memcmp(content + start, kNew, sizeof kNew - 1) == 0 ? (long)start : -1;
}

void probe_loader_cache(const char* path, struct cache_findings* out) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    char name[32];
    copy_text(out->error, sizeof out->error, errno_name(errno, name, sizeof name));
    return;
  }
  size_t length = 0;
  ssize_t got;
  while (length < sizeof content &&
         (got = read(fd, content + length, sizeof content - length)) > 0) {
    length += (size_t)got;
  }
  close(fd);
  const long start = new_part(length);
  if (start < 0) {
    copy_text(out->error, sizeof out->error, "not in the format glibc-ld.so.cache1.1");
    return;
  }
  const size_t base = (size_t)start;
  const size_t count = number_at(base + 20);
  if (count > (length - base - kHeaderSize) / kEntrySize) {
    copy_text(out->error, sizeof out->error, "cut off");
    return;
  }
  for (size_t i = 0; i < count; i++) {
    const size_t entry = base + kHeaderSize + i * kEntrySize;
    const char* soname = text_at(base + number_at(entry + 4), length);
    const char* file = text_at(base + number_at(entry + 8), length);
    if (soname == NULL || file == NULL) {
      copy_text(out->error, sizeof out->error, "an entry points outside the file");
      return;
    }
    if (!is_driver_library(soname)) continue;
    if (out->count == kMaxCacheEntries) {
      out->cut = true;
      return;
    }
    struct cache_entry* to = &out->entries[out->count++];
    copy_text(to->soname, sizeof to->soname, soname);
    copy_text(to->path, sizeof to->path, file);
    to->flags = (int32_t)number_at(entry);
  }
}
