// SPDX-License-Identifier: Apache-2.0
#include "base/root.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "test/scratch.h"

using namespace outboard;

TEST_CASE("links cannot lead out of a root") {
  test::Scratch scratch;
  const std::string& dir = scratch.path;
  REQUIRE(make_directories(dir + "/etc"));
  REQUIRE(replace_file(dir + "/etc/inside", "in"));
  REQUIRE(::symlink("/etc/inside", (dir + "/absolute").c_str()) == 0);
  REQUIRE(::symlink("../../../../../../etc/passwd", (dir + "/escape").c_str()) == 0);
  auto root = Root::open(dir, Root::Trust::kUntrusted);
  REQUIRE(root);
  CHECK(*root->read("/absolute") == "in");
  CHECK_FALSE(root->read("/escape"));
  CHECK(*root->real_path("/absolute") == "/etc/inside");
  CHECK(*root->read_link("/absolute") == "/etc/inside");
  CHECK(root->is_directory("/etc"));
  CHECK_FALSE(root->is_file("/etc"));
  CHECK_FALSE(root->exists("/nothing"));
}

TEST_CASE("a search that finds nothing has no error, and one that could not look says so") {
  auto root = Root::open("/", Root::Trust::kUntrusted);
  REQUIRE(root);
  FailureWatch watch;
  CHECK_FALSE(root->find_file("/nothing", O_PATH).valid());
  CHECK_FALSE(root->find_status("/etc/nothing/below"));
  CHECK(root->find_status("/etc"));
  CHECK_FALSE(watch.failure());
  struct rlimit limit {};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  struct rlimit none {
    0, limit.rlim_max
  };
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  bool found = root->find_status("/etc").has_value();
  auto failure = watch.failure();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK_FALSE(found);
  REQUIRE(failure);
  CHECK(failure->os_errno == EMFILE);
}

TEST_CASE("what is no regular file is looked at and never opened") {
  test::Scratch scratch;
  const std::string& dir = scratch.path;
  REQUIRE(::mkfifo((dir + "/fifo").c_str(), 0666) == 0);
  auto root = Root::open(dir, Root::Trust::kUntrusted);
  REQUIRE(root);
  // A writer that waits for a reader would be let through by our opening the FIFO.
  pid_t writer = ::fork();
  if (writer == 0) {
    [[maybe_unused]] int opened = ::open((dir + "/fifo").c_str(), O_WRONLY);
    ::_exit(0);
  }
  auto text = root->read("/fifo");
  REQUIRE_FALSE(text);
  CHECK(text.error().text.find("not a regular file") != std::string::npos);
  ::usleep(20'000);
  CHECK(::waitpid(writer, nullptr, WNOHANG) == 0);
  ::kill(writer, SIGKILL);
  ::waitpid(writer, nullptr, 0);
}

TEST_CASE("a directory on another mount is not the root's own") {
  auto root = Root::open("/", Root::Trust::kUntrusted);
  REQUIRE(root);
  CHECK(root->open_file("/proc", O_PATH | O_DIRECTORY));
  CHECK_FALSE(root->open_own_directory("/proc"));
  CHECK(root->open_own_directory("/"));
}
