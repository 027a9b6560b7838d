// SPDX-License-Identifier: Apache-2.0
#include "app/cli/command.h"

#include <doctest/doctest.h>

#include "app/cli/check_report.h"
#include "base/text.h"

using namespace outboard;

TEST_CASE("a text keeps its lines and loses its power over the terminal") {
  CHECK(cli::printable_lines("no engine works:\n  docker: \x1b[2J\n  podman") ==
        "no engine works:\n  docker: \\x1b[2J\n  podman");
  CHECK(cli::printable_lines("").empty());
  std::string long_line(5000, 'x');
  CHECK(cli::printable_lines(long_line) == long_line);
}

TEST_CASE("nothing that a report on an image says commands the terminal") {
  const std::string evil = "9\x1b[2J\xc2\x9b\r1";
  cli::CheckReport report;
  report.name = evil;
  report.image = engine::InspectedImage{};
  report.image->architecture = evil;
  report.image->digest = evil;
  report.files = engine::ImageFiles{};
  report.files->versions = {{"libcudart", evil, evil}};
  report.files->compat = plan::ImageCompat{evil, evil, {}};
  app::ImageVerdict& verdict = report.verdict;
  verdict.cuda = app::CudaSign{evil, evil};
  verdict.requirements = {{evil, evil, {}}};
  verdict.driver.version = evil;
  verdict.driver_cuda = compat::KnownVersion{evil, false};
  verdict.notes = {evil};
  app::GpuVerdict gpu;
  gpu.label = printable(evil);
  gpu.parts = {{evil, {compat::Verdict::kFull, evil, {evil}, {evil}, evil}}};
  verdict.gpus = {gpu};
  std::string text = cli::check_text(report);
  CHECK(text.find("but: 9\\x1b[2J\\xc2\\x9b\\x0d1\n") != std::string::npos);
  CHECK(text == cli::printable_lines(text));
}
