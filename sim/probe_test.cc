// SPDX-License-Identifier: Apache-2.0
// outboard-probe is judged from outside: what it needs of the image it runs in, and what it says
// about a libcuda that computes rightly and about one that does not.
#include <doctest/doctest.h>

#include "base/json.h"
#include "base/process.h"
#include "base/text.h"

using namespace outboard;

namespace {

struct ProbeRun {
  int status = -1;
  json::Value document;
};

ProbeRun run_probe(const std::string& library_directory, std::vector<std::string> arguments = {}) {
  arguments.insert(arguments.begin(), OB_PROBE);
  auto output = run_captured(
      {.argv = arguments,
       .environment = std::vector<std::string>{cat("LD_LIBRARY_PATH=", library_directory)}});
  REQUIRE(output);
  CHECK_FALSE(output->status.signalled);
  auto document = json::parse(output->out, "the probe's output");
  REQUIRE_MESSAGE(document, output->out);
  return {output->status.number, std::move(*document)};
}

std::string dynamic_symbols(const std::string& file) {
  auto output = run_captured({{"/usr/bin/objdump", "-T", file}});
  REQUIRE(output);
  REQUIRE(output->status.success());
  return output->out;
}

}  // namespace

TEST_CASE("everything that runs in a container needs no glibc newer than 2.17 and no libstdc++") {
  for (const std::string file : {OB_PROBE, OB_SIM_FILES}) {
    CAPTURE(file);
    size_t versions = 0;
    const std::string symbols = dynamic_symbols(file);
    for (std::string_view line : split(symbols, '\n')) {
      const size_t at = line.find("(GLIBC_");
      if (at == std::string_view::npos) continue;
      versions++;
      const std::string_view version = line.substr(at + 7, line.find(')', at) - at - 7);
      CHECK_MESSAGE(compare_versions(version, "2.17") <= 0, line);
    }
    CHECK(versions > 0);
    auto dynamic = run_captured({{"/usr/bin/readelf", "-dW", file}});
    REQUIRE(dynamic);
    for (std::string_view line : split(dynamic->out, '\n')) {
      if (line.find("(NEEDED)") == std::string_view::npos) continue;
      const bool known = line.find("[libc.so.6]") != std::string_view::npos ||
                         line.find("[libdl.so.2]") != std::string_view::npos;
      CHECK_MESSAGE(known, line);
    }
  }
}

TEST_CASE("a kernel that computes rightly is ok") {
  ProbeRun run = run_probe(OB_CPU_LIBCUDA_RIGHT, {"--require-kernel", "--expect-devices", "1"});
  CHECK(run.status == 0);
  CHECK(run.document["ok"].as_bool() == true);
  CHECK(run.document["simulated"].as_bool() == false);
  CHECK(run.document["cuda_version"].text() == "12.4");
  REQUIRE(run.document["kernel"].items().size() == 1);
  CHECK(run.document["kernel"].items()[0]["result"].text() == "ok");
  const json::Value& device = run.document["devices_cuda"].items().at(0);
  CHECK(device["uuid"].text() == "GPU-00112233-4455-6677-8899-aabbccddeeff");
  CHECK(device["compute_capability"].text() == "7.5");
  CHECK(device["memory_mib"].as_int() == 2048);
  CHECK(run.document["cuda"]["library"].text() == cat(OB_CPU_LIBCUDA_RIGHT, "/libcuda.so.1"));
}

TEST_CASE("one wrong sum of a kernel fails") {
  ProbeRun run = run_probe(OB_CPU_LIBCUDA_WRONG);
  CHECK(run.status == 1);
  CHECK(run.document["ok"].as_bool() == false);
  const json::Value& kernel = run.document["kernel"].items().at(0);
  CHECK(kernel["result"].text() == "wrong");
  CHECK(kernel["wrong_elements"].as_int() == 1);
  CHECK(kernel["first_wrong"].as_int() == 32768);
  REQUIRE(run.document["problems"].items().size() == 1);
  CHECK(run.document["problems"].items()[0].text().find("wrong in 1 elements") !=
        std::string::npos);
}

TEST_CASE("a wrong number of devices fails, and so does none") {
  CHECK(run_probe(OB_CPU_LIBCUDA_RIGHT, {"--expect-devices=2"}).status == 1);
  ProbeRun none = run_probe("/nonexistent", {"--require-kernel"});
  CHECK(none.status == 1);
  CHECK(none.document["cuda"]["error"].text().find("libcuda.so.1") != std::string::npos);
  CHECK(run_probe("/nonexistent", {"--expect-devices", "0"}).status == 0);
}

TEST_CASE("a wrong command line is status 2") {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{OB_PROBE, "--frob"},
                                             {OB_PROBE, "--expect-devices"},
                                             {OB_PROBE, "--expect-devices=x"}}) {
    auto output = run_captured({words});
    REQUIRE(output);
    CHECK(output->status.number == 2);
    CHECK(output->out == "");
    CHECK(output->err.find("usage: outboard-probe") != std::string::npos);
  }
}
