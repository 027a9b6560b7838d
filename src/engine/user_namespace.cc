// SPDX-License-Identifier: Apache-2.0
// newuidmap and newgidmap are set-user-id programs, which have no power inside the new namespace.
// So a child that is started before stays outside and runs them.
#include "engine/user_namespace.h"

#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/files.h"
#include "base/privilege.h"
#include "base/process.h"
#include "base/text.h"

namespace outboard::engine {

namespace {

constexpr size_t kLargestFile = 4U << 20;
constexpr size_t kMostRanges = 300;  // the kernel takes 340 (user_namespaces(7))

std::vector<IdRange> read_map(const char* path) {
  auto text = read_file(path, kLargestFile);
  return text ? parse_id_map(*text) : std::vector<IdRange>();
}

std::string user_name(uid_t user) {
  const struct passwd* entry = ::getpwuid(user);  // NOLINT: one thread
  return entry ? entry->pw_name : "";
}

std::vector<IdRange> ranges_in(const char* path, uint32_t own_id) {
  auto text = read_file(path, kLargestFile);
  if (!text) return {};
  return subordinate_ids(*text, user_name(::getuid()), ::getuid(), own_id);
}

Command map_command(const char* program, pid_t process, const std::vector<IdRange>& ranges) {
  Command command{{program, cat(process)}};
  for (const IdRange& range : ranges) {
    for (uint32_t number : {range.inside, range.outside, range.count})
      command.argv.push_back(cat(number));
  }
  return command;
}

/// Why a map was not made; empty: it was.
std::string failure_of(const Command& command) {
  auto output = run_captured(command);
  if (!output) return output.error().text;
  if (output->status.success()) return {};
  return cat("'", command.argv[0], "' failed: ", printable(trim(output->err), 200));
}

/// A child outside that makes the maps as soon as it is told to.
class Mapper {
 public:
  Mapper(const std::vector<IdRange>& users, const std::vector<IdRange>& groups)
      : commands_{map_command("newgidmap", ::getpid(), groups),
                  map_command("newuidmap", ::getpid(), users)} {}

  Result<void> start() {
    int go[2], told[2];
    if (::pipe2(go, O_CLOEXEC) != 0) return os_error("make a pipe");
    UniqueFd go_read(go[0]);
    go_.reset(go[1]);
    if (::pipe2(told, O_CLOEXEC) != 0) return os_error("make a pipe");
    told_.reset(told[0]);
    UniqueFd tell(told[1]);
    child_ = ::fork();
    if (child_ < 0) return os_error("start a process");
    if (child_ > 0) return {};
    go_.reset();
    char byte;
    if (::read(go_read.get(), &byte, 1) == 1) work(tell.get());
    ::_exit(0);
  }

  /// Why the maps were not made; empty: they were.
  std::string finish() {
    std::string why;
    if (::write(go_.get(), "g", 1) == 1) {
      char text[1024];
      ssize_t length = ::read(told_.get(), text, sizeof text);
      if (length > 0) why.assign(text, static_cast<size_t>(length));
    }
    wait();
    return why;
  }

  void wait() {
    go_.reset();
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

 private:
  void work(int tell) {
    for (const Command& command : commands_) {
      std::string why = failure_of(command);
      if (why.empty()) continue;
      [[maybe_unused]] auto ignored = write_all(tell, why, "a pipe");
      return;
    }
  }

  std::vector<Command> commands_;
  UniqueFd go_;
  UniqueFd told_;
  pid_t child_ = -1;
};

Result<void> write_proc(const char* path, const std::string& text) {
  OB_TRY(UniqueFd file, open_at(AT_FDCWD, path, O_WRONLY));
  return write_all(file.get(), text, path);
}

/// The user's own ids alone, which needs no program. Groups cannot be changed then.
Result<void> map_own_ids(uid_t user, gid_t group) {
  if (read_map("/proc/self/gid_map").empty()) {
    OB_CHECK(write_proc("/proc/self/setgroups", "deny"));
    OB_CHECK(write_proc("/proc/self/gid_map", cat("0 ", group, " 1\n")));
  }
  if (read_map("/proc/self/uid_map").empty())
    OB_CHECK(write_proc("/proc/self/uid_map", cat("0 ", user, " 1\n")));
  return {};
}

Result<void> make_namespace() {
  if (::unshare(CLONE_NEWUSER) == 0) return {};
  const int number = errno;
  return os_error("make a user namespace", number)
      .with_hint(
          "let ordinary users make them (sysctl user.max_user_namespaces, "
          "kernel.unprivileged_userns_clone), or run it with sudo");
}

}  // namespace

bool UserIds::many() const {
  uint64_t count = 0;
  for (const IdRange& range : users) count += range.count;
  return count > 1;
}

std::vector<IdRange> subordinate_ids(std::string_view file, std::string_view name, uint32_t user,
                                     uint32_t own_id) {
  std::vector<IdRange> ranges = {{0, own_id, 1}};
  uint32_t next = 1;
  for (std::string_view line : split(file, '\n')) {
    auto fields = split(trim(line), ':');
    if (fields.size() != 3 || ranges.size() >= kMostRanges) continue;
    if ((fields[0] != name || name.empty()) && parse_number<uint32_t>(fields[0]) != user) continue;
    auto start = parse_number<uint32_t>(fields[1]);
    auto count = parse_number<uint32_t>(fields[2]);
    if (!start || !count || *count == 0 || *count > UINT32_MAX - *start ||
        *count > UINT32_MAX - next)
      continue;
    ranges.push_back({next, *start, *count});
    next += *count;
  }
  return ranges;
}

UserIds current_ids() {
  return {!is_real_root(), read_map("/proc/self/uid_map"), read_map("/proc/self/gid_map")};
}

Result<UserIds> enter_user_namespace(const Console& console) {
  if (::geteuid() == 0) return current_ids();
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  std::vector<IdRange> users = ranges_in("/etc/subuid", user);
  std::vector<IdRange> groups = ranges_in("/etc/subgid", group);
  if (users.size() > 1 && groups.size() > 1 && find_program("newuidmap")) {
    Mapper mapper(users, groups);
    OB_CHECK(mapper.start());
    auto made = make_namespace();
    if (!made) {
      mapper.wait();
      return std::move(made).error();
    }
    if (std::string why = mapper.finish(); !why.empty()) console.say(why);
  } else {
    console.say("'newuidmap' or lines of this user in /etc/subuid and /etc/subgid are missing");
    OB_CHECK(make_namespace());
  }
  OB_CHECK(map_own_ids(user, group));
  if (::setresgid(0, 0, 0) != 0 || ::setresuid(0, 0, 0) != 0)
    return os_error("become root in a user namespace");
  UserIds ids = current_ids();
  console.say(ids.many() ? "without root: a user namespace with the ids of /etc/subuid"
                         : "without root: a user namespace with this user's id alone");
  return ids;
}

}  // namespace outboard::engine
