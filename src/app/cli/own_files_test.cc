// SPDX-License-Identifier: Apache-2.0
#include "app/cli/own_files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/text.h"
#include "doctor/check.h"
#include "test/scratch.h"

using namespace outboard;       // NOLINT: a test
using namespace outboard::cli;  // NOLINT

namespace {

// A system's directory with our files in etc/outboard.
class System {
 public:
  System() { REQUIRE(make_directories(path("compat.d"))); }
  std::string path(const std::string& name) const {
    return cat(scratch_.path, "/etc/outboard/", name);
  }
  const System& write(const std::string& name, std::string_view text) const {
    REQUIRE(replace_file(path(name), text));
    return *this;
  }
  // "error: TEXT [MEND]" by line, as the check says it.
  std::string said(std::string_view id) const {
    doctor::Facts facts;
    read_own_files(scratch_.path, facts.own);
    const doctor::Check* check = doctor::find_check(id);
    REQUIRE(check);
    std::string text;
    for (const doctor::Finding& finding : check->look(facts))
      text += cat(doctor::severity_name(finding.severity), ": ", finding.what, " [", finding.mend,
                  "]\n");
    return text;
  }

 private:
  test::Scratch scratch_;
};

// Files of others are not read, and a test's are its user's.
bool is_root() {
  if (::geteuid() == 0) return true;
  MESSAGE("SKIPPED: files that root reads take root to make");
  return false;
}

bool holds(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("our own configuration: nothing, good, and each way to be bad, with file, line and key") {
  if (!is_root()) return;
  System system;
  std::string file = system.path("config.toml");
  CHECK(system.said("outboard-config") ==
        cat("ok: there is no ", file, ", and none is needed []\n"));
  system.write("config.toml", "[requests]\nenvironment = false\n");
  CHECK(system.said("outboard-config") == cat("ok: ", file, " []\n"));

  system.write("config.toml", "[requests]\nenviroment = false\n");
  CHECK(system.said("outboard-config") == cat("error: ", file,
                                              ":2: unknown key 'requests.enviroment' "
                                              "[did you mean 'requests.environment'?]\n"));
  system.write("config.toml", "[requests]\n\nenvironment = 'no'\n");
  CHECK(system.said("outboard-config") ==
        cat("error: ", file, ":3: 'requests.environment' must be true or false []\n"));
  system.write("config.toml", "[requests\n");
  CHECK(holds(system.said("outboard-config"), cat("error: ", file, ":1: not valid TOML: ")));
}

TEST_CASE("what our configuration names must exist") {
  if (!is_root()) return;
  System system;
  system.write("config.toml", "[driver]\nroot = '/no/such/driver'\n");
  CHECK(holds(system.said("outboard-config"),
              "error: 'driver.root' in '" + system.path("config.toml") +
                  "' names '/no/such/driver', which does not exist ["));
  system.write("config.toml", "[driver]\nroot = '/usr'\n");
  CHECK(holds(system.said("outboard-config"), "ok: "));
  system.write("config.toml", "[runtime]\nlow-level = ['no-such-runc', '/no/such/crun']\n");
  CHECK(holds(system.said("outboard-config"),
              "names no program that exists: no-such-runc, /no/such/crun ["));
  system.write("config.toml", "[runtime]\nlow-level = ['no-such-runc', '/bin/sh']\n");
  CHECK(holds(system.said("outboard-config"), "ok: "));
  system.write("config.toml", "[nvml]\nhelper = '/etc/passwd'\n");
  CHECK(holds(system.said("outboard-config"), "warning: 'nvml.helper' in "));

  app::Policy policy;
  policy.roots.driver = "/no/such/driver";
  policy.roots.sys = "/usr";
  CHECK(existing_roots(policy).roots.driver == "/");
  CHECK(existing_roots(policy).roots.sys == "/usr");
}

TEST_CASE("files that root would not read are found by everybody") {
  if (!is_root()) return;
  System system;
  system.write("config.toml", "[driver]\nany-owner = true\n")
      .write("compat.d/xid.csv", "xid,class,meaning,look,action,confidence,source\n");
  doctor::Facts facts;
  facts.root = true;
  facts.machine.files = {{host::FileKind::kLibrary, "/usr/lib/libcuda.so.1", "libcuda.so"}};
  facts.machine.files[0].distrust = "owned by user 1000";
  auto owners = [&] { return doctor::find_check("driver-owner")->look(facts).at(0).severity; };
  CHECK(owners() == doctor::Severity::kError);
  facts.own.any_owner = true;
  CHECK(owners() == doctor::Severity::kOk);

  CHECK(holds(system.said("outboard-config"), "ok: "));
  REQUIRE(::chmod(system.path("config.toml").c_str(), 0666) == 0);
  REQUIRE(::chmod(system.path("compat.d/xid.csv").c_str(), 0666) == 0);
  // Root is told by the reader, others by the mode.
  std::string said = system.said("outboard-config");
  CHECK(holds(said, "config.toml' is "));
  CHECK(holds(said, "sudo chown root:root " + system.path("config.toml")));
  CHECK(holds(system.said("outboard-tables"), "xid.csv' is "));
}

TEST_CASE("rows of compat.d that are skipped are listed") {
  if (!is_root()) return;
  System system;
  CHECK(holds(system.said("outboard-tables"), "ok: rows of " + system.path("compat.d")));
  std::string header = "xid,class,meaning,look,action,confidence,source\n";
  system.write("compat.d/xid.site.csv", header + "4711,reset,ours,,call us,high,us\n");
  CHECK(holds(system.said("outboard-tables"), "ok: "));
  system.write("compat.d/xid.site.csv", header + "4711,reset,ours,,call us,high,us\nx,reset\n");
  CHECK(
      holds(system.said("outboard-tables"), "warning: " + system.path("compat.d/xid.site.csv:3")));
  system.write("compat.d/xids.csv", header);
  CHECK(holds(system.said("outboard-tables"), "xids.csv: no table has this name"));
}
