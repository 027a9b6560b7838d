// SPDX-License-Identifier: Apache-2.0
// An attacker's shared object: whoever loads it (LD_PRELOAD, LD_AUDIT, GCONV_PATH) leaves its name
// in the file INTRUDER_MARK, which is given when this is compiled.
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

__attribute__((constructor)) static void leave_mark(void) {
  char exe[4096] = "?\n";
  ssize_t length = readlink("/proc/self/exe", exe, sizeof exe - 2);
  if (length > 0) strcpy(exe + length, "\n");
  int fd = open(INTRUDER_MARK, O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (fd < 0) return;
  if (write(fd, exe, strlen(exe)) < 0) perror(INTRUDER_MARK);
  close(fd);
}

// What a gconv module must have.
int gconv_init(void* step) {
  (void)step;
  return 1;
}
int gconv(void) {
  return 1;
}

// What an auditing library must have.
unsigned la_version(unsigned version) {
  return version;
}
