// SPDX-License-Identifier: Apache-2.0
#include "engine/bundle_spec.h"

namespace outboard::engine {

namespace {

const std::vector<std::string> kCapabilities = {
    "CAP_CHOWN",      "CAP_DAC_OVERRIDE",     "CAP_FSETID", "CAP_FOWNER",     "CAP_MKNOD",
    "CAP_NET_RAW",    "CAP_SETGID",           "CAP_SETUID", "CAP_SETFCAP",    "CAP_SETPCAP",
    "CAP_SYS_CHROOT", "CAP_NET_BIND_SERVICE", "CAP_KILL",   "CAP_AUDIT_WRITE"};

const std::vector<std::string> kMaskedPaths = {"/proc/acpi",
                                               "/proc/asound",
                                               "/proc/interrupts",
                                               "/proc/kcore",
                                               "/proc/keys",
                                               "/proc/latency_stats",
                                               "/proc/sched_debug",
                                               "/proc/scsi",
                                               "/proc/timer_list",
                                               "/proc/timer_stats",
                                               "/sys/devices/virtual/powercap",
                                               "/sys/firmware"};

const std::vector<std::string> kReadonlyPaths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                                 "/proc/sysrq-trigger"};

// What docker's profile refuses and capabilities alone do not: the kernel's key rings, performance
// counters, user-space page faults, and namespaces of one's own.
const std::vector<std::string> kRefusedCalls = {"add_key",
                                                "bpf",
                                                "fanotify_init",
                                                "io_uring_enter",
                                                "io_uring_register",
                                                "io_uring_setup",
                                                "kcmp",
                                                "keyctl",
                                                "lookup_dcookie",
                                                "mount",
                                                "mount_setattr",
                                                "move_mount",
                                                "name_to_handle_at",
                                                "open_by_handle_at",
                                                "open_tree",
                                                "perf_event_open",
                                                "pivot_root",
                                                "quotactl",
                                                "request_key",
                                                "setns",
                                                "umount2",
                                                "unshare",
                                                "userfaultfd",
                                                "vm86",
                                                "vm86old"};

// A program of an architecture that the filter does not know would be killed: 32 bit programs
// count.
#if defined(__aarch64__)
const std::vector<std::string> kArchitectures = {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
#else
const std::vector<std::string> kArchitectures = {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86",
                                                 "SCMP_ARCH_X32"};
#endif

// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET.
constexpr uint32_t kNamespaceFlags[] = {0x00020000, 0x02000000, 0x04000000, 0x08000000,
                                        0x10000000, 0x20000000, 0x40000000};
constexpr int kEperm = 1;
constexpr int kEnosys = 38;

json::Value mount(const char* destination, const char* type, const char* source,
                  std::vector<std::string> options) {
  json::Value entry;
  entry.set("destination", destination);
  entry.set("type", type);
  entry.set("source", source);
  entry.set("options", json::Value::array(options));
  return entry;
}

json::Value mounts(const BundleInput& input) {
  json::Value list = json::Value::array();
  list.push(mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}));
  list.push(mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}));
  std::vector<std::string> terminals = {"nosuid", "noexec", "newinstance", "ptmxmode=0666",
                                        "mode=0620"};
  if (input.terminal_group) terminals.emplace_back("gid=5");
  list.push(mount("/dev/pts", "devpts", "devpts", std::move(terminals)));
  list.push(mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777"}));
  list.push(mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}));
  if (input.rootless && input.host_network) {
    list.push(
        mount("/sys", "bind", "/sys", {"rbind", "rslave", "nosuid", "noexec", "nodev", "ro"}));
  } else {
    list.push(mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}));
  }
  if (!input.rootless) {
    list.push(mount("/sys/fs/cgroup", "cgroup", "cgroup",
                    {"nosuid", "noexec", "nodev", "relatime", "ro"}));
  }
  for (const Volume& volume : input.volumes) {
    json::Value entry = mount(volume.target.c_str(), "bind", volume.source.c_str(),
                              {"rbind", "rprivate", volume.read_only ? "ro" : "rw"});
    list.push(std::move(entry));
  }
  return list;
}

json::Value process(const BundleInput& input) {
  json::Value out;
  out.set("terminal", input.terminal);
  json::Value user;
  user.set("uid", input.account.uid);
  user.set("gid", input.account.gid);
  if (!input.account.groups.empty()) {
    json::Value& groups = user.at("additionalGids");
    for (uint32_t group : input.account.groups) groups.push(group);
  }
  out.set("user", std::move(user));
  out.set("args", json::Value::array(input.argv));
  out.set("env", json::Value::array(input.environment));
  out.set("cwd", input.working_directory);
  json::Value capabilities;
  for (const char* set : {"bounding", "effective", "permitted"})
    capabilities.set(set, json::Value::array(kCapabilities));
  out.set("capabilities", std::move(capabilities));
  return out;
}

json::Value device_rule(bool allow, const char* type, const char* access,
                        std::optional<uint32_t> major = {}, std::optional<uint32_t> minor = {}) {
  json::Value rule;
  rule.set("allow", allow);
  if (*type) rule.set("type", type);
  if (major) rule.set("major", *major);
  if (minor) rule.set("minor", *minor);
  rule.set("access", access);
  return rule;
}

// null, zero, full, tty, random, urandom, console, ptmx and terminals; making any node is allowed,
// opening it is not.
json::Value device_rules() {
  json::Value list = json::Value::array();
  list.push(device_rule(false, "", "rwm"));
  list.push(device_rule(true, "c", "m"));
  list.push(device_rule(true, "b", "m"));
  for (uint32_t minor : {3U, 5U, 7U, 8U, 9U}) list.push(device_rule(true, "c", "rwm", 1U, minor));
  for (uint32_t minor : {0U, 1U, 2U}) list.push(device_rule(true, "c", "rwm", 5U, minor));
  list.push(device_rule(true, "c", "rwm", 136U));
  return list;
}

json::Value seccomp() {
  json::Value profile;
  profile.set("defaultAction", "SCMP_ACT_ALLOW");
  profile.set("architectures", json::Value::array(kArchitectures));
  json::Value& calls = profile.at("syscalls");
  auto refuse = [&](std::vector<std::string> names, int error) -> json::Value {
    json::Value entry;
    entry.set("names", json::Value::array(names));
    entry.set("action", "SCMP_ACT_ERRNO");
    entry.set("errnoRet", error);
    return entry;
  };
  calls.push(refuse(kRefusedCalls, kEperm));
  // clone3's flags lie in memory that a filter cannot read: C libraries fall back to clone on
  // ENOSYS.
  calls.push(refuse({"clone3"}, kEnosys));
  for (uint32_t flag : kNamespaceFlags) {
    json::Value entry = refuse({"clone"}, kEperm);
    json::Value argument;
    argument.set("index", 0);
    argument.set("value", flag);
    argument.set("valueTwo", flag);
    argument.set("op", "SCMP_CMP_MASKED_EQ");
    entry.at("args").push(std::move(argument));
    calls.push(std::move(entry));
  }
  return profile;
}

json::Value namespaces(const BundleInput& input) {
  json::Value list = json::Value::array();
  std::vector<const char*> types = {"mount", "pid", "ipc", "uts"};
  if (!input.host_network) types.push_back("network");
  if (input.cgroup_namespace) types.push_back("cgroup");
  for (const char* type : types) {
    json::Value entry;
    entry.set("type", type);
    list.push(std::move(entry));
  }
  return list;
}

}  // namespace

json::Value bundle_spec(const BundleInput& input) {
  json::Value spec;
  spec.set("ociVersion", "1.0.2");
  spec.set("process", process(input));
  json::Value root;
  root.set("path", input.root);
  root.set("readonly", input.read_only);
  spec.set("root", std::move(root));
  spec.set("hostname", input.hostname);
  spec.set("mounts", mounts(input));
  json::Value& on_linux = spec.at("linux");
  on_linux.at("resources").set("devices", device_rules());
  if (!input.cgroups_path.empty()) on_linux.set("cgroupsPath", input.cgroups_path);
  on_linux.set("namespaces", namespaces(input));
  on_linux.set("seccomp", seccomp());
  on_linux.set("maskedPaths", json::Value::array(kMaskedPaths));
  on_linux.set("readonlyPaths", json::Value::array(kReadonlyPaths));
  return spec;
}

}  // namespace outboard::engine
