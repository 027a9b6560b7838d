// SPDX-License-Identifier: Apache-2.0
// A deny list and not an allow list: which calls NVML makes is the driver's secret and changes with
// every branch, while what it has no business with does not. A denied call fails with EPERM, so
// that a driver which tries one (nvidia-modprobe, when a node is missing) goes on without. Numbers
// are those of the architecture that this is built for; another one's calls (i386, x32) all fail.
#include "app/nvml/system_call_filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace outboard::app {

namespace {

#if defined(__aarch64__)
constexpr uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
constexpr uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#endif

// Both architectures have these.
constexpr long kDenied[] = {
    // programs and other processes
    SYS_execve,
    SYS_execveat,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_tkill,
    SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo,
    SYS_kcmp,
    // namespaces and mounts
    SYS_unshare,
    SYS_setns,
    SYS_chroot,
    SYS_pivot_root,
    SYS_mount,
    SYS_umount2,
    SYS_quotactl,
    // the file tree
    SYS_mkdirat,
    SYS_mknodat,
    SYS_linkat,
    SYS_symlinkat,
    SYS_renameat,
    SYS_renameat2,
    SYS_unlinkat,
    SYS_truncate,
    SYS_fallocate,
    SYS_fchmod,
    SYS_fchmodat,
    SYS_fchown,
    SYS_fchownat,
    SYS_setxattr,
    SYS_lsetxattr,
    SYS_fsetxattr,
    SYS_removexattr,
    SYS_lremovexattr,
    SYS_fremovexattr,
    SYS_utimensat,
    SYS_name_to_handle_at,
    SYS_open_by_handle_at,
    SYS_fanotify_init,
    // the kernel
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_bpf,
    SYS_perf_event_open,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_reboot,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_syslog,
    SYS_settimeofday,
    SYS_clock_settime,
    SYS_clock_adjtime,
    SYS_adjtimex,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_vhangup,
#ifdef SYS_userfaultfd
    SYS_userfaultfd,
#endif
#ifdef SYS_kexec_file_load
    SYS_kexec_file_load,
#endif
#ifdef SYS_io_uring_setup
    SYS_io_uring_setup,
    SYS_io_uring_enter,
    SYS_io_uring_register,
#endif
#ifdef SYS_pidfd_open
    SYS_pidfd_open,
    SYS_pidfd_send_signal,
#endif
#ifdef SYS_pidfd_getfd
    SYS_pidfd_getfd,
#endif
#ifdef SYS_move_mount
    SYS_open_tree,
    SYS_move_mount,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
#endif
#ifdef SYS_mount_setattr
    SYS_mount_setattr,
#endif
// x86-64 alone
#ifdef SYS_fork
    SYS_fork,
    SYS_vfork,
#endif
#ifdef SYS_creat
    SYS_creat,
    SYS_mkdir,
    SYS_mknod,
    SYS_link,
    SYS_symlink,
    SYS_rename,
    SYS_unlink,
    SYS_rmdir,
    SYS_chmod,
    SYS_chown,
    SYS_lchown,
    SYS_utime,
    SYS_utimes,
    SYS_futimesat,
#endif
#ifdef SYS_iopl
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
#endif
};

// Later kernels' numbers, for headers that do not have them. They are the same on every
// architecture.
constexpr uint32_t kClone3 = 435, kOpenat2 = 437, kFchmodat2 = 452;

class Filter {
 public:
  Filter() {
    load(offsetof(struct seccomp_data, arch));
    add(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0);
    fail(EPERM);
    load(offsetof(struct seccomp_data, nr));
    add(BPF_JMP | BPF_JGE | BPF_K, 0x40000000U, 0, 1);  // x32
    fail(ENOSYS);
  }

  void deny(long call) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 1);
    fail(EPERM);
  }

  // As on a kernel that does not have the call: its caller takes an older one, which is checked.
  void hide(uint32_t call) {
    add(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1);
    fail(ENOSYS);
  }

  // Denied unless the argument (its lower half) equals `value`.
  void deny_unless_equal(long call, unsigned argument, uint32_t value) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 4);
    load_argument(argument);
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
    fail(EPERM);
    load(offsetof(struct seccomp_data, nr));
  }

  // Denied if the argument has one of these bits.
  void deny_if_set(long call, unsigned argument, uint32_t bits) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 4);
    load_argument(argument);
    add(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    fail(EPERM);
    load(offsetof(struct seccomp_data, nr));
  }

  // Denied unless the argument has one of these bits.
  void deny_unless_set(long call, unsigned argument, uint32_t bits) {
    add(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(call), 0, 4);
    load_argument(argument);
    add(BPF_JMP | BPF_JSET | BPF_K, bits, 1, 0);
    fail(EPERM);
    load(offsetof(struct seccomp_data, nr));
  }

  bool install() {
    add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    struct sock_fprog program {
      static_cast<unsigned short>(code_.size()), code_.data()
    };
    return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
  }

 private:
  void add(unsigned code, uint32_t value, uint8_t if_true, uint8_t if_false) {
    code_.push_back({static_cast<uint16_t>(code), if_true, if_false, value});
  }
  void load(size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<uint32_t>(offset), 0, 0); }
  // Little-endian: the lower half comes first.
  void load_argument(unsigned number) {
    load(offsetof(struct seccomp_data, args) + 8 * size_t{number});
  }
  void fail(int error) {
    add(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<uint32_t>(error), 0, 0);
  }

  std::vector<struct sock_filter> code_;
};

}  // namespace

Result<void> install_system_call_filter() {
  Filter filter;
  for (long call : kDenied) filter.deny(call);
  filter.deny(kFchmodat2);
  filter.hide(kClone3);
  filter.hide(kOpenat2);
  filter.deny_unless_set(SYS_clone, 0, CLONE_THREAD);
  filter.deny_if_set(SYS_openat, 2, O_CREAT | O_TRUNC);
#ifdef SYS_open
  filter.deny_if_set(SYS_open, 1, O_CREAT | O_TRUNC);
#endif
  filter.deny_unless_equal(SYS_socket, 0, AF_UNIX);
  filter.deny_unless_equal(SYS_prlimit64, 0, 0);
  auto self = static_cast<uint32_t>(::getpid());
  filter.deny_unless_equal(SYS_kill, 0, self);
  filter.deny_unless_equal(SYS_tgkill, 0, self);
  if (filter.install() || errno == EINVAL || errno == ENOSYS) return {};
  return os_error("install the filter of system calls");
}

}  // namespace outboard::app
