// SPDX-License-Identifier: Apache-2.0
// A libnvidia-ml.so.1 of an attacker. nvmlInit_v2 does what ATTACK (given when this is compiled)
// says, and nvmlErrorString tells what of it worked, "none" if nothing did. HOST is a directory of
// canaries.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;
static char worked[4096] = "none";

static void note(const char* format, ...) {
  if (strcmp(worked, "none") == 0) worked[0] = 0;
  size_t used = strlen(worked);
  va_list list;
  va_start(list, format);
  vsnprintf(worked + used, sizeof worked - used, format, list);
  va_end(list);
}
#define TRY(what)                         \
  do {                                    \
    if ((what) >= 0) note("%s; ", #what); \
  } while (0)

static void* idle(void* unused) {
  pause();
  return unused;
}

static void run_programs(void) {
  char* const argv[] = {"sh", "-c", "echo run >" HOST "/open/run", NULL};
  char* const envp[] = {NULL};
  int child = fork();
  if (child == 0) {
    execve("/bin/sh", argv, envp);
    _exit(1);
  }
  if (child > 0) {
    note("fork; ");
    waitpid(child, NULL, 0);
  }
  if (system(argv[2]) == 0) note("system; ");
  TRY(syscall(SYS_execveat, AT_FDCWD, "/bin/nothing", argv, envp, 0));
  execve("/bin/sh", argv, envp);
}

static void change_files(void) {
  TRY(open(HOST "/open/new", O_WRONLY | O_CREAT, 0666));
  TRY(open(HOST "/open/file", O_WRONLY | O_TRUNC));
  TRY(mkdir(HOST "/open/directory", 0777));
  TRY(unlink(HOST "/open/file"));
  TRY(rename(HOST "/open/file", HOST "/open/moved"));
  TRY(symlink("x", HOST "/open/link"));
  TRY(link(HOST "/open/file", HOST "/open/hard"));
  TRY(mknod(HOST "/open/node", S_IFIFO | 0666, 0));
  TRY(truncate(HOST "/open/file", 0));
  TRY(chmod(HOST "/open/file", 0777));
  TRY(utimes(HOST "/open/file", NULL));
  TRY(open(HOST "/secret", O_RDWR));
}

static void write_existing(void) {
  int fd = open(HOST "/open/file", O_WRONLY);
  if (fd >= 0 && write(fd, "overwritten", 11) > 0) note("write; ");
}

static void read_secret(void) {
  char text[100] = "";
  int fd = open(HOST "/secret", O_RDONLY);
  if (fd >= 0 && read(fd, text, sizeof text - 1) > 0) note("%s", text);
}

static void multiply(void) {
  for (int i = 0; i < 2000; i++) {
    int child = i % 2 == 0 ? fork() : (int)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    if (child > 0) {
      note("child %d; ", i);
      waitpid(child, NULL, 0);
      return;
    }
  }
  int threads = 0;
  pthread_t thread;
  while (threads < 20000 && pthread_create(&thread, NULL, idle, NULL) == 0) threads++;
  if (threads >= 2000) note("%d threads; ", threads);
}

static void allocate(void) {
  size_t got = 0;
  const size_t piece = (size_t)16 << 20;
  for (;;) {
    char* memory = malloc(piece);
    if (!memory || got > ((size_t)3 << 30)) break;
    memset(memory, 1, piece);
    got += piece;
  }
  if (got > ((size_t)1 << 30)) note("%zu MiB; ", got >> 20);
  size_t mapped = 0;
  while (mmap(NULL, (size_t)1 << 30, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0) != MAP_FAILED &&
         mapped < 64)
    mapped++;
  if (mapped > 16) note("%zu GiB of addresses; ", mapped);
}

static void reach_others(void) {
  TRY(kill(getppid(), 0));
  TRY(kill(-1, 0));
  TRY(kill(1, 0));
  TRY(syscall(SYS_tgkill, getppid(), getppid(), 0));
  TRY(socket(AF_INET, SOCK_STREAM, 0));
  TRY(socket(AF_INET6, SOCK_DGRAM, 0));
  TRY(socket(AF_NETLINK, SOCK_RAW, 0));
  TRY(socket(AF_PACKET, SOCK_RAW, 0));
  TRY(ptrace(PTRACE_TRACEME, 0, 0, 0));
  TRY(syscall(SYS_process_vm_readv, getppid(), 0, 0, 0, 0, 0));
  TRY(syscall(SYS_pidfd_open, getppid(), 0));
  TRY(unshare(CLONE_NEWUSER));
  TRY(unshare(CLONE_NEWNS));
  TRY(mount("none", "/tmp", "tmpfs", 0, ""));
  TRY(chroot("/tmp"));
  TRY(syscall(SYS_bpf, 0, 0, 0));
  TRY(syscall(SYS_perf_event_open, 0, 0, 0, 0, 0));
  TRY(syscall(SYS_keyctl, 0, -1, 0));
  TRY(syscall(425 /* io_uring_setup */, 1, worked));
  TRY(setuid(0));
  TRY(setgid(0));
  TRY(sethostname("hostile", 7));
}

static void look_around(void) {
  // The simulated machine's own variable is the helper's.
  for (char** entry = environ; *entry; entry++) {
    if (strncmp(*entry, "OUTBOARD_SIM_DEV=", 17) != 0) note("variable %s; ", *entry);
  }
  DIR* directory = opendir("/proc/self/fd");
  struct dirent* entry;
  while (directory && (entry = readdir(directory))) {
    int fd = atoi(entry->d_name);
    if (fd > 2 && fd != dirfd(directory)) note("descriptor %d; ", fd);
  }
  char path[4096] = "";
  if (getcwd(path, sizeof path) && strcmp(path, "/") != 0) note("directory %s; ", path);
  if (getuid() == 0 || geteuid() == 0 || getgid() == 0 || getegid() == 0) note("root; ");
  FILE* status = fopen("/proc/self/status", "r");
  while (status && fgets(path, sizeof path, status)) {
    if (strncmp(path, "Cap", 3) == 0 && strtoull(path + 7, NULL, 16) != 0) note("%s; ", path);
    if (strncmp(path, "NoNewPrivs:\t0", 13) == 0) note("new privileges; ");
    if (strncmp(path, "Groups:", 7) == 0 && strpbrk(path, "0123456789")) note("%s; ", path);
  }
}

int nvmlInit_v2(void) {
  if (strcmp(ATTACK, "run") == 0) run_programs();
  if (strcmp(ATTACK, "change") == 0) change_files();
  if (strcmp(ATTACK, "write") == 0) write_existing();
  if (strcmp(ATTACK, "read") == 0) read_secret();
  if (strcmp(ATTACK, "multiply") == 0) multiply();
  if (strcmp(ATTACK, "allocate") == 0) allocate();
  if (strcmp(ATTACK, "reach") == 0) reach_others();
  if (strcmp(ATTACK, "look") == 0) look_around();
  if (strcmp(ATTACK, "crash") == 0) *(volatile int*)0 = 1;
  if (strcmp(ATTACK, "hang") == 0) pause();
  if (strcmp(ATTACK, "spin") == 0)
    for (volatile int i = 0;; i++) continue;
  if (strcmp(ATTACK, "exit") == 0) _exit(0);
  while (strcmp(ATTACK, "print") == 0 && puts("{\"schema\":1,") >= 0) continue;
  while (strcmp(ATTACK, "shout") == 0 && fputs("error\n", stderr) >= 0) continue;
  return 999;
}
const char* nvmlErrorString(int code) {
  (void)code;
  if (strcmp(ATTACK, "control") == 0) return "line\nline\033[2J\a\b\177\302\233";
  return worked;
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 0;
  return 999;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  (void)index;
  *device = NULL;
  return 999;
}
int nvmlDeviceGetPciInfo_v3(void* device, void* pci) {
  (void)device;
  (void)pci;
  return 999;
}
