// SPDX-License-Identifier: Apache-2.0
// The helper is played by shell scripts that answer, fail, crash, hang and babble.
#include "host/nvml_client.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/files.h"
#include "host/facts_json.h"
#include "test/scratch.h"

using namespace outboard;
using namespace outboard::host;

namespace {

class Scratch : public test::Scratch {
 public:
  Scratch() {
    facts_.roots.driver = "/drv";
    facts_.boot_id = "boot";
    facts_.module_version = "535.104.05";
    facts_.gpus = {{.pci = "0000:01:00.0", .minor = 0, .bound = true}};
    facts_.files = {{FileKind::kLibrary, "/lib/libnvidia-ml.so.535.104.05", "libnvidia-ml.so",
                     "libnvidia-ml.so.1", 64, "535.104.05"}};
    options_.cache_directory = path + "/run/outboard";
  }

  Result<NvmlAnswer> query(const std::string& script) {
    options_.helper = path + "/helper";
    REQUIRE(replace_file(options_.helper, "#!/bin/sh\n" + script + "\n", {.mode = 0755}));
    return query_nvml(facts_, options_);
  }
  std::string error_of(const std::string& script, ErrorCode code) {
    auto answer = query(script);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == code);
    return answer.error().text;
  }
  std::optional<NvmlAnswer> cached() {
    auto answer = cached_nvml(facts_, options_);
    REQUIRE(answer);
    return *answer;
  }

  Facts facts_;
  NvmlOptions options_;
};

const char* const kAnswer =
    R"(echo '{"schema":1,"cuda_version":"12.2","gpus":[{"index":0,"pci":"0000:01:00.0"}]}')";

bool contains(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
  return true;
}

}  // namespace

TEST_CASE("an answer is read, kept, and found again") {
  Scratch scratch;
  CHECK_FALSE(scratch.cached());
  auto answer = scratch.query(kAnswer);
  REQUIRE_MESSAGE(answer.has_value(), (answer ? "" : answer.error().text));
  CHECK(answer->cuda_version == "12.2");
  REQUIRE(scratch.cached());
  CHECK((*scratch.cached() == *answer));
}

TEST_CASE("the helper gets the library's path and nothing of our environment") {
  Scratch scratch;
  ::setenv("OUTBOARD_TEST_SECRET", "x", 1);  // NOLINT
  std::string text = scratch.error_of(
      R"(echo "outboard-nvml: $* [${OUTBOARD_TEST_SECRET-}] [${LD_LIBRARY_PATH-}]" >&2; exit 4)",
      ErrorCode::kUnsupported);
  CHECK(text == "ask NVML: --library /drv/lib/libnvidia-ml.so.535.104.05 [] []");
  scratch.facts_.simulated = true;
  scratch.facts_.roots.dev = "/drv/dev";
  contains(scratch.error_of(R"(echo "$*" >&2; exit 4)", ErrorCode::kUnsupported),
           "--simulated-dev /drv/dev");
}

TEST_CASE("whatever the helper does is an error of ours") {
  Scratch scratch;
  contains(scratch.error_of("kill -SEGV $$", ErrorCode::kUnsupported), "crashed");
  contains(scratch.error_of("echo '{'", ErrorCode::kUnsupported), "answer is not JSON");
  contains(scratch.error_of("echo '{\"schema\":1,\"gpus\":3}'", ErrorCode::kUnsupported),
           "gpus: not a list");
  contains(scratch.error_of("exit 7", ErrorCode::kUnsupported), "exit code 7");
  contains(scratch.error_of("printf 'noise\\noutboard-nvml: NVML does not start: Driver Not "
                            "Loaded\\n' >&2; exit 4",
                            ErrorCode::kUnsupported),
           "ask NVML: NVML does not start: Driver Not Loaded");
  contains(scratch.error_of("exec /usr/bin/yes", ErrorCode::kUnsupported), "printed more than");
  scratch.options_.deadline = std::chrono::milliseconds(50);
  contains(scratch.error_of("exec /bin/sleep 20", ErrorCode::kBusy), "did not finish within 50 ms");
  CHECK_FALSE(scratch.cached());
  scratch.options_.helper = scratch.path + "/none";
  auto missing = query_nvml(scratch.facts_, scratch.options_);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == ErrorCode::kNotFound);
  scratch.facts_.files.clear();
  auto without = query_nvml(scratch.facts_, scratch.options_);
  REQUIRE_FALSE(without);
  contains(without.error().text, "no libnvidia-ml.so.1 in driver root '/drv'");
}

TEST_CASE("the cache is for this boot, driver and MIG layout only") {
  Scratch scratch;
  REQUIRE(scratch.query(kAnswer));
  Facts facts = scratch.facts_;
  auto changed = [&](auto change) {
    scratch.facts_ = facts;
    change(scratch.facts_);
    bool found = scratch.cached().has_value();
    scratch.facts_ = facts;
    return !found;
  };
  CHECK(changed([](Facts& f) { f.boot_id = "other"; }));
  CHECK(changed([](Facts& f) { f.module_version = "580.1"; }));
  CHECK(changed([](Facts& f) { f.library_version = "580.1"; }));
  CHECK(changed([](Facts& f) { f.mig = {{0, 1, std::nullopt, 3}}; }));
  CHECK(changed([](Facts& f) { f.gpus.push_back({.pci = "0000:02:00.0", .bound = true}); }));
  CHECK(changed([](Facts& f) { f.roots.driver = "/other"; }));
  CHECK(changed([](Facts& f) { f.simulated = true; }));
  // Asking wakes the GPU: its UUID becomes known, and the answer must still be found.
  CHECK_FALSE(changed([](Facts& f) { f.gpus[0].uuid = "GPU-1"; }));
}

TEST_CASE("a cache that others could have written is not believed") {
  Scratch scratch;
  REQUIRE(scratch.query(kAnswer));
  std::string directory = scratch.options_.cache_directory, file = directory + "/nvml.json";
  auto answer = read_file(file);
  REQUIRE(answer);
  REQUIRE(::chmod(file.c_str(), 0666) == 0);
  CHECK_FALSE(scratch.cached());
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  REQUIRE(scratch.cached());
  REQUIRE(::chmod(directory.c_str(), 0777) == 0);
  CHECK_FALSE(scratch.cached());
  REQUIRE(::chmod(directory.c_str(), 0755) == 0);
  if (::geteuid() == 0) {
    REQUIRE(::chown(file.c_str(), 12345, 12345) == 0);
    CHECK_FALSE(scratch.cached());
    REQUIRE(::chown(file.c_str(), 0, 0) == 0);
  }
  REQUIRE(scratch.cached());
  // A link to a good file is refused too.
  REQUIRE(::rename(file.c_str(), (directory + "/real").c_str()) == 0);
  REQUIRE(::symlink("real", file.c_str()) == 0);
  CHECK_FALSE(scratch.cached());
  REQUIRE(::unlink(file.c_str()) == 0);
  REQUIRE(replace_file(file, "garbage"));
  CHECK_FALSE(scratch.cached());
}

TEST_CASE("a cache that cannot be written is no error") {
  Scratch scratch;
  REQUIRE(replace_file(scratch.path + "/run", "a file, no directory"));
  CHECK(scratch.query(kAnswer));
  CHECK_FALSE(scratch.cached());
}
