// SPDX-License-Identifier: Apache-2.0
// outboard-nvml: loads one NVML library, prints what it says as JSON and ends. A program of its
// own, because NVML can crash or hang in whoever loads it. Called by query_nvml (src/host), not by
// people. Exit codes: 0 the answer is on stdout; 1 it cannot be written; 2 usage; 3 the library
// cannot be loaded; 4 NVML failed; 5 the process could not give up its privileges. The reason is
// the last line on stderr.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "app/nvml/confine.h"
#include "app/nvml/nvml_library.h"
#include "app/nvml/read_nvml.h"
#include "base/files.h"
#include "base/options.h"
#include "host/facts_json.h"

using namespace outboard;

static int fail(int code, const Error& error) {
  std::fprintf(stderr, "outboard-nvml: %s\n", error.text.c_str());
  return code;
}

int main(int argc, char** argv) {
  CommandHelp help;
  help.summary = "print what an NVML library says, as JSON";
  help.options = {
      {"library", 0, "FILE", "absolute path of libnvidia-ml.so.1", "FILE"},
      {"health", 0, "", "also the state of each GPU at this moment", ""},
      {"simulated-dev", 0, "DIR", "device directory of a simulated machine", "DIR"},
  };
  auto parsed = parse_options(help, std::vector<std::string>(argv + 1, argv + argc));
  if (!parsed) return fail(2, parsed.error());
  if (parsed->help()) {
    std::fputs(help_text("outboard-nvml", help).c_str(), stdout);
    return 0;
  }
  std::string library = parsed->value("library");
  if (library.empty() || library[0] != '/' || !parsed->words().empty())
    return fail(2, make_error(ErrorCode::kUsage, "needs --library with an absolute path"));
  // Only the simulated NVML looks at this variable.
  if (parsed->has("simulated-dev"))
    ::setenv("OUTBOARD_SIM_DEV", parsed->value("simulated-dev").c_str(), 1);  // NOLINT: one thread

  auto confined =
      app::confine(library, parsed->has("simulated-dev") ? parsed->value("simulated-dev") : "/dev");
  if (!confined) return fail(5, confined.error());
  auto nvml = app::load_nvml(library);
  if (!nvml) return fail(3, nvml.error());
  auto answer = app::read_nvml(*nvml, parsed->has("health"));
  if (!answer) return fail(4, answer.error());
  std::string text = json::write(host::nvml_to_json(*answer)) + "\n";
  if (auto written = write_all(STDOUT_FILENO, text, "stdout"); !written)
    return fail(1, written.error());
  return 0;
}
