// SPDX-License-Identifier: Apache-2.0
#include "host/file_trust.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include "base/files.h"
#include "test/scratch.h"

using namespace outboard;

static struct stat status_of(uid_t uid, gid_t gid, mode_t mode) {
  struct stat status {};
  status.st_uid = uid;
  status.st_gid = gid;
  status.st_mode = mode;
  return status;
}

TEST_CASE("a file that root alone can change") {
  CHECK_FALSE(host::distrust_of_file(status_of(0, 0, 0755)));
  CHECK_FALSE(host::distrust_of_file(status_of(0, 0, 0664)));
  CHECK_FALSE(host::distrust_of_file(status_of(0, 44, 0640)));
  CHECK(host::distrust_of_file(status_of(1000, 0, 0444)) == "owned by user 1000");
  CHECK(host::distrust_of_file(status_of(0, 44, 0664)) == "writable by group 44");
  CHECK(host::distrust_of_file(status_of(0, 0, 0646)) == "writable by everybody");
}

TEST_CASE("a directory in which root alone can replace a name") {
  CHECK_FALSE(host::distrust_of_directory(status_of(0, 0, 0755)));
  CHECK_FALSE(host::distrust_of_directory(status_of(0, 0, 01777)));
  CHECK_FALSE(host::distrust_of_directory(status_of(0, 50, 02775)));
  CHECK(host::distrust_of_directory(status_of(0, 44, 0775)) == "writable by group 44");
  CHECK(host::distrust_of_directory(status_of(0, 0, 0777)) == "writable by everybody");
  CHECK(host::distrust_of_directory(status_of(7, 0, 0500)) == "owned by user 7");
}

TEST_CASE("a file is as good as the worst directory above it") {
  if (::geteuid() != 0) return;
  test::Scratch scratch;
  const std::string& dir = scratch.path;
  REQUIRE(make_directories(dir + "/driver/usr/lib"));
  REQUIRE(replace_file(dir + "/driver/usr/lib/libcuda.so.1", ""));
  auto root = Root::open(dir + "/driver", Root::Trust::kHost);
  REQUIRE(root);
  std::vector<host::DriverFile> files(2);
  files[0].path = "/usr/lib/libcuda.so.1";
  files[1] = files[0];
  files[1].kind = host::FileKind::kSocket;
  host::find_distrusted(*root, files);
  CHECK_FALSE(files[0].distrust);
  REQUIRE(::chown(dir.c_str(), 1234, 0) == 0);
  host::find_distrusted(*root, files);
  CHECK(files[0].distrust == "in directory '" + dir + "', which is owned by user 1234");
  CHECK_FALSE(files[1].distrust);
}
