// SPDX-License-Identifier: Apache-2.0
// The control of the attacks: does to a root file system what the tools with those ten CVEs did,
// with paths that are joined as text. Every attack must succeed against this program, or its
// failure against outboard would show nothing. Not a part of the product; test/attacks builds it.
//
//   naive_writer targets ROOT PATH...        empty files as mount targets (CVE-2024-0133)
//   naive_writer link ROOT TARGET PATH       a symbolic link in the root (CVE-2024-0134)
//   naive_writer cache ROOT                  /etc/ld.so.cache (CVE-2025-23267)
//   naive_writer careful-cache ROOT TIMES    the same after a check that can be outrun
//   (CVE-2026-24260) naive_writer compat ROOT                 image libraries mounted
//   (CVE-2024-0132) naive_writer careful-compat ROOT TIMES   the same after a check that can be
//   outrun (CVE-2025-23359) naive_writer run ROOT PROGRAM            a program run in the root
//   (CVE-2024-0135, 0136, 0137) naive_writer load LIBRARY                a library loaded with all
//   privileges
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

const char* const kCompat = "/usr/local/cuda/compat";
const char* const kLibraries = "/usr/lib/x86_64-linux-gnu/";

int fail(const std::string& what) {
  std::perror(what.c_str());
  return 1;
}

int make_target(const std::string& path) {
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1))
    ::mkdir(path.substr(0, at).c_str(), 0755);
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT, 0644);
  if (fd < 0) return fail(path);
  ::close(fd);
  return 0;
}

int write_cache(const std::string& root) {
  std::string path = root + "/etc/ld.so.cache";
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) return fail(path);
  bool written = ::write(fd, "naive\n", 6) == 6;
  ::close(fd);
  return written ? 0 : 1;
}

bool is_inside(const std::string& root, const std::string& path) {
  char real[PATH_MAX];
  return ::realpath(path.c_str(), real) && std::strncmp(real, root.c_str(), root.size()) == 0;
}

// What each library of the image's compat directory really is, mounted where the loader looks.
int mount_compat(const std::string& root, bool check) {
  std::string directory = root + kCompat;
  DIR* stream = ::opendir(directory.c_str());
  if (!stream) return fail(directory);
  int mounted = 0;
  while (dirent* entry = ::readdir(stream)) {
    std::string path = directory + "/" + entry->d_name;
    if (std::strncmp(entry->d_name, "lib", 3) != 0) continue;
    struct stat status;
    if (check &&
        (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || !is_inside(root, path)))
      continue;
    char real[PATH_MAX];
    if (!::realpath(path.c_str(), real) || ::stat(real, &status) != 0) continue;
    std::string target = root + kLibraries + entry->d_name;
    ::umount2(target.c_str(), MNT_DETACH);
    ::remove(target.c_str());
    if (S_ISDIR(status.st_mode)) {
      ::mkdir(target.c_str(), 0755);
    } else {
      make_target(target);
    }
    if (::mount(real, target.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0) mounted++;
  }
  ::closedir(stream);
  return mounted > 0 ? 0 : 1;
}

int run_in(const std::string& root, const std::string& program, bool hosts) {
  // As libnvidia-container did: the host's own file, by descriptor, in the container's root.
  int fd = hosts ? ::open(program.c_str(), O_RDONLY | O_CLOEXEC) : -1;
  pid_t child = ::fork();
  if (child == 0) {
    if (::mount("proc", (root + "/proc").c_str(), "proc", 0, nullptr) != 0 ||
        ::chroot(root.c_str()) != 0 || ::chdir("/") != 0)
      ::_exit(fail("enter " + root));
    char* const argv[] = {const_cast<char*>(program.c_str()), nullptr};
    char* const envp[] = {nullptr};
    if (hosts) ::fexecve(fd, argv, envp);
    if (!hosts) ::execve(program.c_str(), argv, envp);
    ::_exit(fail(program));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return 0;
}

int load(const char* path) {
  void* library = ::dlopen(path, RTLD_NOW);
  if (!library) {
    std::fprintf(stderr, "%s\n", ::dlerror());
    return 1;
  }
  auto start = reinterpret_cast<int (*)()>(::dlsym(library, "nvmlInit_v2"));
  auto text = reinterpret_cast<const char* (*)(int)>(::dlsym(library, "nvmlErrorString"));
  if (start && text) std::printf("%s\n", text(start()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() < 2) return 2;
  const std::string& verb = words[0];
  const std::string& root = words[1];
  if (verb == "load") return load(root.c_str());
  if (verb == "cache") return write_cache(root);
  if (verb == "compat") return mount_compat(root, false);
  if (words.size() < 3) return 2;
  if (verb == "targets") {
    int code = 0;
    for (size_t i = 2; i < words.size(); i++) code |= make_target(root + words[i]);
    return code;
  }
  if (verb == "run" || verb == "run-images") return run_in(root, words[2], verb == "run");
  if (verb == "link" && words.size() > 3)
    return ::symlink(words[2].c_str(), (root + words[3]).c_str()) == 0 ? 0 : fail("symlink");
  for (int i = 0; i < std::atoi(words[2].c_str()); i++) {
    if (verb == "careful-cache" && is_inside(root, root + "/etc")) write_cache(root);
    if (verb == "careful-compat") mount_compat(root, true);
  }
  return 0;
}
