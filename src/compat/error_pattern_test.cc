// SPDX-License-Identifier: Apache-2.0
#include "compat/error_pattern.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "compat/error_texts.h"

using namespace outboard;
using namespace outboard::compat;

static bool matches(std::string_view text, std::string_view pattern) {
  PatternMatch match;
  return match_pattern(text, pattern, &match);
}

static std::vector<std::string> pieces(std::string_view text, std::string_view pattern) {
  PatternMatch match;
  REQUIRE(match_pattern(text, pattern, &match));
  return match.pieces;
}

TEST_CASE("patterns are literal text without regard to case, and whole words") {
  CHECK(matches("an ERROR here", "error"));
  CHECK(matches("error", "Error"));
  CHECK_FALSE(matches("anerror", "error"));
  CHECK_FALSE(matches("errors", "error"));
  CHECK_FALSE(matches("error_x", "error"));
  CHECK(matches("errors error", "error"));  // a later place that fits
  CHECK(matches("x(error)", "error"));
  CHECK(matches("cuda>=12", "cuda>="));  // no word at that end
  CHECK_FALSE(matches("", "error"));
  CHECK_FALSE(matches("text", ""));
  CHECK_FALSE(matches("text", "*"));
}

TEST_CASE("a star is the nearest text, and at the ends the rest of the word") {
  using Pieces = std::vector<std::string>;
  CHECK(pieces("open 'a': no such file", "open {*}: no such") == Pieces{"a"});
  CHECK(pieces("devices nvidia.com/gpu=0, more", "devices {*}") == Pieces{"nvidia.com/gpu=0"});
  CHECK(pieces("error: 99: unknown device", "{*}: unknown device") == Pieces{"99"});
  CHECK(pieces("a1 b2 c3", "a{*} b{*} c{*}") == Pieces{"1", "2", "3"});
  CHECK(pieces("devices", "devices{*}") == Pieces{""});
  CHECK(pieces("a1 b2 c3", "a* b* c*").empty());
  CHECK(matches("open" + std::string(200, 'x') + " end", "open* end"));
  CHECK_FALSE(matches("open" + std::string(201, 'x') + " end", "open* end"));
  PatternMatch match;
  REQUIRE(match_pattern("one two three four", "two * four", &match));
  CHECK(match.begin == 4);
  CHECK(match.end == 18);
  CHECK(match.weight == 9);
  // The nearest end that is a whole word.
  REQUIRE(match_pattern("open f: no filename: no file", "open *: no file", &match));
  CHECK(match.end == 28);
}

TEST_CASE("braces are one value, and all of it") {
  using Pieces = std::vector<std::string>;
  const std::string_view file = "cannot stat {*nvidia*}: no such file";
  CHECK(pieces("cannot stat `/lib/libEGL_nvidia.so.535.1`: No such file", file) ==
        Pieces{"/lib/libEGL_nvidia.so.535.1"});
  CHECK(pieces("cannot stat \"/lib/libEGL_nvidia.so.535.1\": No such file", file) ==
        Pieces{"/lib/libEGL_nvidia.so.535.1"});
  CHECK_FALSE(matches("cannot stat `/a`: no nvidia: no such file", file));
  // A place further on, where no blank is in it.
  CHECK(pieces("cannot stat x nvidia; cannot stat /b/nvidia: no such file", file) ==
        Pieces{"/b/nvidia"});
  CHECK(pieces("hook `/bin/nvidia-hook`\",\"level\":\"error\"", "hook {*nvidia*}") ==
        Pieces{"/bin/nvidia-hook"});
  CHECK(pieces("wants cuda >= 9.0 or later", "wants {cuda >= *}") == Pieces{"cuda >= 9.0"});
  CHECK(pieces("at /x/merged/usr/a: there", "/merged{/*}: there") == Pieces{"/usr/a"});
  PatternMatch match;
  REQUIRE(match_pattern("a b-c d", "a {*-*} d", &match));
  CHECK(match.weight == 5);
  // A pattern that the build refuses is harmless.
  CHECK(pieces("a1 b", "a}1{ b").empty());
}

TEST_CASE("a cause says what was found, and something else where nothing was") {
  const std::string_view cause = "module [of version $1|of another version], [tcp://|ssh://][user]";
  CHECK(fill_cause(cause, {"535.1"}) == "module of version '535.1', [tcp://|ssh://][user]");
  CHECK(fill_cause(cause, {}) == "module of another version, [tcp://|ssh://][user]");
  CHECK(fill_cause(cause, {""}) == fill_cause(cause, {}));
  CHECK(fill_cause("a[ ($2)|] b", {"x"}) == "a b");
  CHECK(fill_cause("a[ ($2)|] b", {"x", "\x1b[31m"}) == "a ('\\x1b[31m') b");
  CHECK(fill_cause("a[", {}) == "a[");
  CHECK(fill_cause("[CUDA $cuda1|x]", {"11040"}) == "CUDA 11.4");
  CHECK(fill_cause("[CUDA $cuda1|x]", {"9020"}) == "CUDA 9.2");
  CHECK(fill_cause("[CUDA $cuda1|x]", {"many"}) == "x");
}

// The cause that `outboard explain` prints for a text.
static std::string explained(std::string_view text) {
  auto found = match_error_text(text);
  REQUIRE_FALSE(found.empty());
  return cause_text(found.front());
}

TEST_CASE("names in an answer are whole") {
  struct Case {
    const char* text;
    const char* part;
  };
  const Case kCases[] = {
      {"crun: cannot stat `/lib/x86_64-linux-gnu/libEGL_nvidia.so.535.113.01`: No such file or "
       "directory",
       "names '/lib/x86_64-linux-gnu/libEGL_nvidia.so.535.113.01', a driver file"},
      {"error stat'ing file `/usr/lib/x86_64-linux-gnu/libcuda.so.535`: No such file or directory",
       "names '/usr/lib/x86_64-linux-gnu/libcuda.so.535', a"},
      {"{\"msg\":\"error executing hook `/usr/bin/nvidia-ctk` (exit code: "
       "1)\",\"level\":\"error\"}",
       "ran the hook '/usr/bin/nvidia-ctk',"},
      {"NVRM: API mismatch: the client has the version 535.54.03, but",
       "libraries of version '535.54.03' to the kernel module of another:"},
      {"NVRM: API mismatch: the client has the version 535.54.03, but this kernel module has the "
       "version 530.30.02.  Please",
       "libraries of version '535.54.03' to the kernel module of version '530.30.02':"},
      {"kernel: NVRM: API mismatch: the client has the version 535.54.03, but#012NVRM: this kernel "
       "module has the version 530.30.02.  Please#012NVRM: make",
       "libraries of version '535.54.03' to the kernel module of version '530.30.02':"},
      {"NVRM: API mismatch", "libraries of one version to the kernel module of another:"},
      {"NVRM: API mismatch: the client 'nvidia-smi' (pid 123)\n   NVRM: has the version 595.84, "
       "but "
       "this kernel module has\n   NVRM: the version 595.80.  Please make",
       "The program 'nvidia-smi' brought driver libraries of version '595.84' to the kernel module "
       "of version '595.80':"},
      {"NVRM: API mismatch: the client 'nvidia-smi' (pid 123)\n",
       "The program 'nvidia-smi' brought driver libraries of one version to"},
      {"The NVIDIA driver on your system is too old (found version 11040).",
       "newer than the driver, which supports CUDA 11.4."},
      {"NVIDIA GeForce RTX 5090 with CUDA capability sm_120 is not compatible with the current "
       "PyTorch installation.",
       "for the GPU ('sm_120')."},
      {"open /dev/nvidia-uvm: no such file or directory", "The node '/dev/nvidia-uvm' is not"},
      {"stat nvidia.com/gpu=all: no such file or directory", "takes 'nvidia.com/gpu=all' for"},
      {"nvidia-container-cli: requirement error: unsatisfied condition: cuda >= 9.0\\n",
       "asks for 'cuda >= 9.0', which"},
      {"mount error: file creation failed: /var/lib/docker/overlay2/"
       "40c7fccee0aa8659243a8180389b333c9a6b85fac895a95207bfddca46df4fc6/merged/usr/lib/"
       "x86_64-linux-gnu/libnvidia-ml.so.1: file exists: unknown.",
       "holds '/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1' itself"},
      {"undefined symbol: nvmlDeviceGetMaxMigDeviceCount",
       "the function 'nvmlDeviceGetMaxMigDeviceCount'."},
      {"unsupported CUDA version: driver 8.0 < image 9.0",
       "wants CUDA '9.0', and this driver supports CUDA '8.0'."},
      {"kernel version 418.56.0 does not match DSO version 410.48.0 -- cannot find",
       "module is '418.56.0' and libcuda in the container is '410.48.0'."},
      {"initialization error: cannot open shared object file", "A driver library of the host is"},
      {"Could not load dynamic library 'libcudnn.so.8'; dlerror: libcudnn.so.8: cannot open shared "
       "object file",
       "cuDNN ('libcudnn.so.8') is not"},
      {"Could not load dynamic library 'libcudart.so.11.0'; dlerror: libcudart.so.11.0: cannot "
       "open shared object file",
       "does not have ('libcudart.so.11.0' is missing);"},
      {"Could not load dynamic library 'libnvinfer.so.7'; dlerror: libnvinfer.so.7: cannot open "
       "shared object file",
       "was built with ('libnvinfer.so.7') is not"},
      {"nvidia_uvm: disagrees about version of symbol module_layout",
       "The module 'nvidia_uvm' was"},
  };
  for (const Case& known : kCases) {
    INFO(known.text);
    const std::string cause = explained(known.text);
    INFO(cause);
    CHECK(cause.find(known.part) != std::string::npos);
  }
}
