// SPDX-License-Identifier: Apache-2.0
// Order matters: groups before the user, the bounding set before the capabilities that it needs,
// and PR_SET_PDEATHSIG after the change of user, which clears it.
#include "app/nvml/confine.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>

#include "app/nvml/system_call_filter.h"
#include "base/files.h"
#include "base/text.h"

namespace outboard::app {

namespace {

constexpr uid_t kNobody = 65534;
constexpr rlim_t kMiB = rlim_t{1} << 20;

Result<void> limit(int resource, rlim_t most) {
  struct rlimit now {};
  if (::getrlimit(static_cast<__rlimit_resource>(resource), &now) != 0)
    return os_error("read a resource limit");
  rlim_t value = std::min(most, now.rlim_max);
  struct rlimit wanted {
    value, value
  };
  if (::setrlimit(static_cast<__rlimit_resource>(resource), &wanted) != 0)
    return os_error("set a resource limit");
  return {};
}

Result<void> limit_resources() {
  OB_CHECK(limit(RLIMIT_CORE, 0));
  OB_CHECK(limit(RLIMIT_FSIZE, 0));  // of regular files; the answer goes into a pipe
  OB_CHECK(limit(RLIMIT_NOFILE, 1024));
  OB_CHECK(limit(RLIMIT_CPU, 120));
  OB_CHECK(limit(RLIMIT_DATA, 1024 * kMiB));
#if defined(__SANITIZE_ADDRESS__)
  return {};  // its shadow memory takes terabytes of addresses
#else
  return limit(RLIMIT_AS, 16384 * kMiB);
#endif
}

bool may_open(int dir, const std::string& path, int mode) {
  return ::faccessat(dir, path.c_str(), mode, AT_EACCESS) == 0 || errno == ENOENT;
}

// nvidia-cap1 and nvidia-cap2 change the MIG layout and look into all of it: root's, and not
// needed.
bool is_needed_cap(std::string_view name) {
  constexpr std::string_view kStart = "nvidia-cap";
  return name.substr(0, kStart.size()) == kStart && name != "nvidia-cap1" && name != "nvidia-cap2";
}

bool may_open_nodes(const std::string& dev_root) {
  auto dev = open_directory(dev_root);
  auto names = list_directory(dev_root);
  if (!dev || !names) return false;
  for (const std::string& name : *names) {
    bool needed = name == "nvidiactl" ||
                  (name.substr(0, 6) == "nvidia" && name.size() > 6 && is_digits(name.substr(6)));
    if (needed && !may_open(dev->get(), name, R_OK | W_OK)) return false;
  }
  auto caps = list_directory(join_path(dev_root, "nvidia-caps"));
  if (!caps) return path_exists(join_path(dev_root, "nvidia-caps")) == false;
  for (const std::string& name : *caps) {
    if (is_needed_cap(name) && !may_open(dev->get(), "nvidia-caps/" + name, R_OK)) return false;
  }
  return true;
}

// Asks the kernel itself, as that user, and comes back.
bool nobody_can_do_it(const std::string& library, const std::string& dev_root) {
  if (::setgroups(0, nullptr) != 0 || ::setegid(kNobody) != 0) return false;
  bool can = ::seteuid(kNobody) == 0 &&
             ::faccessat(AT_FDCWD, library.c_str(), R_OK, AT_EACCESS) == 0 &&
             may_open_nodes(dev_root);
  return ::seteuid(0) == 0 && ::setegid(0) == 0 && can;
}

Result<void> set_capabilities(uint64_t kept) {
  struct __user_cap_header_struct header {
    _LINUX_CAPABILITY_VERSION_3, 0
  };
  struct __user_cap_data_struct data[2]{};
  for (unsigned half = 0; half < 2; half++)
    data[half].effective = data[half].permitted = static_cast<uint32_t>(kept >> (32 * half));
  if (::syscall(SYS_capset, &header, data) != 0) return os_error("give up capabilities");
  return {};
}

Result<void> leave_root(const std::string& library, const std::string& dev_root) {
  bool nobody = nobody_can_do_it(library, dev_root);
  // Without CAP_SETPCAP (a container that has little itself) there is nothing to take away here.
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++)
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  if (!nobody) return set_capabilities(uint64_t{1} << CAP_DAC_READ_SEARCH);
  if (::setresgid(kNobody, kNobody, kNobody) != 0 || ::setresuid(kNobody, kNobody, kNobody) != 0)
    return os_error("become user 65534");
  return set_capabilities(0);
}

}  // namespace

Result<void> confine(const std::string& library, const std::string& dev_root) {
  const pid_t parent = ::getppid();
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  if (::chdir("/") != 0) return os_error("change to '/'");
  ::umask(077);
  OB_CHECK(limit_resources());
  if (::geteuid() == 0) {
    // Failing halfway leaves less than root, never more.
    auto left = leave_root(library, dev_root);
    if (!left) {
      OB_CHECK(set_capabilities(0));
    }
  }
  ::prctl(PR_SET_DUMPABLE, 0);
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || ::getppid() != parent)
    return make_error(ErrorCode::kBusy, "the program that asked has ended");
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return os_error("give up new privileges");
  return install_system_call_filter();
}

}  // namespace outboard::app
