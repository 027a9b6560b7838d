// SPDX-License-Identifier: Apache-2.0
// Which device nodes this container may open. open(2) on a node says it without a driver: ENXIO
// where the device rules allow it and nothing stands behind, EPERM where they forbid it.
// O_NONBLOCK, so that no node can make us wait; capability nodes (mode 0444) are opened read-only,
// as the driver's own libraries do.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "app/probe/probe.h"

/// The stat(2) family are no functions of old glibc, so the system call is made here. struct stat
/// of 64-bit Linux is the kernel's own layout.
static bool status_of(const char* path, struct stat* status) {
  return syscall(SYS_newfstatat, AT_FDCWD, path, status, 0) == 0;
}

/// As gnu_dev_major and gnu_dev_minor (makedev(3)).
static unsigned major_of(uint64_t device) {
  return (unsigned)(((device >> 8) & 0xfffU) | ((device >> 32) & ~UINT64_C(0xfff)));
}
static unsigned minor_of(uint64_t device) {
  return (unsigned)((device & 0xffU) | ((device >> 12) & ~UINT64_C(0xff)));
}

static void try_node(struct node_findings* out, const char* path, int flags) {
  for (size_t i = 0; i < out->count; i++) {
    if (strcmp(out->nodes[i].path, path) == 0) return;
  }
  struct stat status;
  const bool known = status_of(path, &status);
  if (known && !S_ISCHR(status.st_mode)) return;
  const int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  const int number = fd >= 0 ? 0 : errno;
  if (fd >= 0) close(fd);
  if (number == ENOENT) return;
  if (out->count == kMaxNodes) {
    out->cut = true;
    return;
  }
  struct node_finding* node = &out->nodes[out->count++];
  copy_text(node->path, sizeof node->path, path);
  node->open_errno = number;
  node->major = known ? major_of(status.st_rdev) : 0;
  node->minor = known ? minor_of(status.st_rdev) : 0;
}

static void try_directory(struct node_findings* out, const char* directory, const char* prefix,
                          int flags) {
  DIR* stream = opendir(directory);
  if (stream == NULL) return;
  const struct dirent* entry;
  while ((entry = readdir(stream)) != NULL) {
    if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)) != 0) continue;
    char path[300];
    snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
    if (strlen(path) < sizeof out->nodes[0].path) try_node(out, path, flags);
  }
  closedir(stream);
}

/// By path, a number in it counting as a number: nvidia2 before nvidia10.
static int compare_paths(const char* a, const char* b) {
  for (;; a++, b++) {
    size_t digits_a = 0;
    size_t digits_b = 0;
    while (a[digits_a] >= '0' && a[digits_a] <= '9') digits_a++;
    while (b[digits_b] >= '0' && b[digits_b] <= '9') digits_b++;
    if (digits_a != digits_b && digits_a > 0 && digits_b > 0) return digits_a < digits_b ? -1 : 1;
    if (*a != *b) return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
    if (*a == '\0') return 0;
  }
}

static void sort_nodes(struct node_findings* out) {
  for (size_t i = 1; i < out->count; i++) {
    const struct node_finding node = out->nodes[i];
    size_t at = i;
    for (; at > 0 && compare_paths(node.path, out->nodes[at - 1].path) < 0; at--) {
      out->nodes[at] = out->nodes[at - 1];
    }
    out->nodes[at] = node;
  }
}

void probe_nodes(struct node_findings* out) {
  try_directory(out, "/dev", "nvidia", O_RDWR);
  // Also where /dev cannot be listed.
  for (int minor = 0; minor < 32; minor++) {
    char path[32];
    snprintf(path, sizeof path, "/dev/nvidia%d", minor);
    try_node(out, path, O_RDWR);
  }
  try_directory(out, "/dev/nvidia-caps", "", O_RDONLY);
  try_directory(out, "/dev/nvidia-caps-imex-channels", "", O_RDONLY);
  try_directory(out, "/dev/dri", "", O_RDWR);
  sort_nodes(out);
}
