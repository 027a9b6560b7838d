// SPDX-License-Identifier: Apache-2.0
// Podman, containerd and CRI-O on machines whose files are right and wrong. The real programs are
// asked by test/engines/doctor_engines.sh.
#include "doctor/engine_files.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

#include "doctor/read_engines.h"
#include "test/fixtures/doctor_machine.h"

using namespace outboard;
using namespace outboard::doctor;

namespace {

void program(TestMachine& machine, const std::string& name) {
  machine.write(name, "");
  REQUIRE(::chmod(machine.path(name).c_str(), 0755) == 0);
}

std::string said(std::string_view id, const Facts& facts) {
  const Check* check = find_check(id);
  REQUIRE(check);
  std::string text;
  for (const Finding& finding : check->look(facts))
    text += cat(severity_name(finding.severity), ": ", finding.what, "\n");
  return text;
}

constexpr const char* kSpec = R"({"kind": "nvidia.com/gpu", "devices": [{"name": "all"}]})";

// The CRI plugin's section in a file of version 2.
constexpr const char* kCri = "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\"";

CdiSpec spec_in(const std::string& directory) {
  CdiSpec spec;
  spec.directory = directory;
  spec.file = directory + "/nvidia.json";
  spec.kind = "nvidia.com/gpu";
  return spec;
}

}  // namespace

TEST_CASE("Podman, containerd and CRI-O: runtimes that do not exist, files that are none") {
  if (!can_make_nodes()) return;
  TestMachine machine;
  for (const char* id : {"podman", "containerd", "crio"})
    CHECK(machine.said(id) == "ok: not installed []\n");
  for (const char* name : {"podman", "containerd", "crio"}) program(machine, cat("usr/bin/", name));
  program(machine, "usr/bin/runc");
  machine.write("usr/bin/there", "")
      .write("etc/containers/containers.conf",
             "[engine]\nruntime = \"a\"\n[engine.runtimes]\na = [\"/no\", \"/usr/bin/there\"]\n")
      .write("etc/containerd/config.toml",
             cat(kCri, ".containerd]\ndefault_runtime_name = \"a\"\n",
                 "[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.a.options]\n"
                 "BinaryName = \"/usr/bin/there\"\n"))
      .write("etc/crio/crio.conf.d/99.conf",
             "[crio.runtime]\ndefault_runtime = \"a\"\n"
             "[crio.runtime.runtimes.a]\nruntime_path = \"/usr/bin/there\"\n");
  for (const char* id : {"podman", "containerd", "crio"}) {
    INFO(id);
    CHECK(machine.ask(id).severity() == Severity::kOk);
    CHECK(holds(machine.said(id), "; default 'a' of "));
  }
  machine.remove("usr/bin/there");
  CHECK(holds(machine.said("podman"), "error: the default runtime 'a' is '/no', which does not"));
  CHECK(holds(machine.said("containerd"), "error: the default runtime 'a' is '/usr/bin/there'"));
  CHECK(holds(machine.said("crio"), "error: the default runtime 'a' is '/usr/bin/there'"));
  machine.write("etc/containerd/config.toml", "version = \n");
  CHECK(holds(machine.said("containerd"), "config.toml: line 1: "));
  machine.write("run/crio/crio.sock", "");
  CHECK(holds(machine.said("crio"), "warning: its socket is there, but nobody listens"));
}

TEST_CASE("Podman's files: which count, what it takes by default, and where it has nothing") {
  if (!can_make_nodes()) return;
  TestMachine machine;
  program(machine, "usr/bin/podman");
  CHECK(holds(machine.said("podman"), "error: Podman has no OCI runtime"));
  program(machine, "usr/bin/runc");
  CHECK(holds(machine.said("podman"), "default 'runc' of 1, cgroup manager cgroupfs"));
  program(machine, "usr/bin/crun");
  REQUIRE(make_directories(machine.path("run/systemd/system")));
  CHECK(holds(machine.said("podman"), "default 'crun' of 1, cgroup manager systemd"));
  // A later file counts before an earlier one; one with another ending is none.
  machine.write("etc/containers/containers.conf", "[engine]\ncgroup_manager = \"cgroupfs\"\n")
      .write("etc/containers/containers.conf.d/10.conf", "[engine]\nruntime = \"runc\"\n")
      .write("etc/containers/containers.conf.d/20.conf.bak", "[engine]\nruntime = \"gone\"\n");
  CHECK(holds(machine.said("podman"), "default 'runc' of 1, cgroup manager cgroupfs"));
  machine.write("etc/containers/containers.conf.d/30.conf", "[engine]\nruntime = \"gone\"\n");
  CHECK(holds(machine.said("podman"), "error: the default runtime is 'gone', which no file"));
  machine.write("etc/containers/containers.conf.d/30.conf", "[engine]\nremote = true\n");
  CHECK(holds(machine.said("podman"), "note: remote is true in containers.conf: "));

  Places places = machine.places();
  auto has = [&](bool users) {
    std::string all = join(podman_files(places, users), "\n");
    return holds(all, "/home/her/.config/containers/containers.conf.d/a.conf");
  };
  machine.write("home/her/.config/containers/containers.conf.d/a.conf", "");
  const char* home = ::getenv("HOME");
  std::string before = home ? home : "/root";
  ::setenv("HOME", "/home/her", 1);
  ::unsetenv("XDG_CONFIG_HOME");
  CHECK(has(true));
  CHECK_FALSE(has(false));
  ::setenv("HOME", before.c_str(), 1);
}

TEST_CASE("the CDI directories of Podman and CRI-O") {
  if (!can_make_nodes()) return;
  TestMachine machine;
  CHECK(machine.said("podman-cdi") == "ok: not installed []\n");
  for (const char* name : {"podman", "crio", "crun"}) program(machine, cat("usr/bin/", name));
  CHECK(machine.said("podman-cdi") == "ok: there are no CDI specifications []\n");
  machine.write("etc/cdi/nvidia.json", kSpec);
  CHECK(machine.said("podman-cdi") == "ok: /etc/cdi, /var/run/cdi []\n");
  CHECK(machine.said("crio-cdi") == "ok: /etc/cdi, /var/run/cdi []\n");
  machine.write("etc/containers/containers.conf", "[engine]\ncdi_spec_dirs = [\"/srv/cdi\"]\n")
      .write("etc/crio/crio.conf", "[crio.runtime]\ncdi_spec_dirs = [\"/srv/cdi\"]\n")
      .write("srv/cdi/nvidia.json", R"({"kind": "nvidia.com/gpu", "devices": [{"name": "all",
        "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia77"}]}}]})");
  for (const char* id : {"podman-cdi", "crio-cdi"}) {
    INFO(id);
    CHECK(holds(machine.said(id), "reads /srv/cdi alone, and not '"));
    CHECK(holds(machine.said(id), "names what does not exist: /dev/nvidia77"));
    CHECK(machine.ask(id).severity() == Severity::kError);
  }
  machine.remove("srv/cdi").write("etc/containers/containers.conf.d/1.conf",
                                  "[engine]\ncdi_spec_dirs = [\"/etc/cdi\", {append=true}]\n");
  CHECK(machine.said("podman-cdi") == "ok: /srv/cdi, /etc/cdi []\n");
  CHECK(machine.ask("crio-cdi").severity() == Severity::kWarning);
}

TEST_CASE("CDI specifications that are newer than what Podman reads") {
  if (!can_make_nodes()) return;
  TestMachine machine;
  program(machine, "usr/bin/podman");
  program(machine, "usr/bin/crun");
  Facts facts;
  read_podman(machine.places(), facts);
  auto ask = [&](const char* podman, const char* version, std::string_view device) {
    machine.write("etc/cdi/nvidia.yaml", cat("cdiVersion: ", version,
                                             "\nkind: nvidia.com/gpu\ndevices:\n- ", device, "\n"));
    facts.cdi.specs.clear();
    read_cdi(machine.places(), facts);
    REQUIRE(facts.cdi.specs.size() == 1);
    facts.podman.version = podman;
    return said("podman-cdi", facts);
  };
  constexpr std::string_view kGroups =
      "name: all\n  containerEdits:\n    additionalGids:\n    - 44";
  std::string text = ask("4.9.3", "0.7.0", kGroups);
  CHECK(holds(text, "is of CDI 0.7.0 (additionalGids); Podman 4.9.3 reads 0.6.0 and older"));
  Findings findings = find_check("podman-cdi")->look(facts);
  CHECK(findings.at(0).severity == Severity::kWarning);
  CHECK(holds(findings.at(0).mend, "--feature-flag=no-additional-gids-for-device-nodes --output="));
  CHECK(holds(findings.at(0).consequence, "leaves the whole file out"));
  // The field alone is enough, and so is the version.
  CHECK(holds(ask("4.9.3", "0.5.0", kGroups), "is of CDI 0.7.0 (additionalGids)"));
  CHECK(holds(ask("4.9.3", "0.8.0", "name: all"), "is of CDI 0.8.0; Podman 4.9.3"));
  CHECK_FALSE(holds(find_check("podman-cdi")->look(facts).at(0).mend, "feature-flag"));
  CHECK(holds(ask("5.1.0", "0.7.0", kGroups), "ok: "));
  CHECK(holds(ask("4.3.1", "0.6.0", "name: all"), "Podman 4.3.1 reads 0.5.0 and older"));
  CHECK(holds(ask("4.3.1", "0.3.0", "name: '0'"), "ok: "));
  CHECK(holds(ask("4.2.0", "0.3.0", "name: '0'"), "(device names that begin with a digit)"));
  CHECK(holds(ask("4.2.0", "0.4.0",
                  "name: all\n  containerEdits:\n    deviceNodes:\n    - path: /dev/nvidia0\n"
                  "      hostPath: /dev/nvidia0"),
              "(hostPath of device nodes)"));
  CHECK(holds(ask("4.2.0", "0.4.0", "name: all\n  containerEdits:\n    mounts:\n    - type: bind"),
              "ok: "));
  // Of directories that it does not read it knows nothing.
  facts.podman.cdi.places = {"/elsewhere"};
  CHECK_FALSE(holds(ask("4.9.3", "0.7.0", kGroups), "is of CDI"));
}

TEST_CASE("engines that are too old for CDI, and where nobody wants it") {
  Facts facts;
  for (EngineFiles* engine : {&facts.podman, &facts.containerd, &facts.crio}) {
    engine->program = "/usr/bin/x";
    engine->name = "X";
    engine->cdi.places = {"/etc/cdi", "/run/cdi"};
  }
  auto with = [&](const char* version) {
    facts.podman.version = facts.containerd.version = facts.crio.version = version;
  };
  with("1.6.20~ds1");
  for (const char* id : {"podman-cdi", "containerd-cdi", "crio-cdi"})
    CHECK(said(id, facts) == "ok: there are no CDI specifications\n");
  facts.cdi.specs.push_back(spec_in("/run/cdi"));
  CHECK(holds(said("containerd-cdi", facts), "note: X 1.6.20~ds1 knows no CDI; 1.7 is the first"));
  CHECK(holds(said("podman-cdi", facts), "warning: X 1.6.20~ds1 is older than 4.1"));
  with("4.0.3");
  CHECK(holds(said("podman-cdi", facts), "warning: "));
  with("4.1.0");
  CHECK(holds(said("podman-cdi", facts), "ok: "));
  with("1.22.9");
  CHECK(holds(said("crio-cdi", facts), "note: X 1.22.9 knows no CDI; 1.23"));
  with("1.23.0");
  CHECK(holds(said("crio-cdi", facts), "ok: "));
  with("1.7.24~ds1");
  CHECK(holds(said("containerd-cdi", facts), "does not use CDI: enable_cdi is not set"));
  facts.containerd.cdi.switched_on = true;
  CHECK(holds(said("containerd-cdi", facts), "ok: "));
  with("2.1.9+unknown");
  facts.containerd.cdi.switched_on.reset();
  CHECK(holds(said("containerd-cdi", facts), "ok: "));
  facts.containerd.cdi.switched_on = false;
  CHECK(holds(said("containerd-cdi", facts), "enable_cdi is false"));
  facts.containerd.plugin_off = true;
  CHECK(holds(said("containerd-cdi", facts), "ok: the CRI plugin is off"));
}

TEST_CASE(
    "containerd's imports: sections of version 2, keys of version 3, files that are not there") {
  if (!can_make_nodes()) return;
  TestMachine machine;
  for (const char* name : {"containerd", "runc", "ours"}) program(machine, cat("usr/bin/", name));
  CHECK(holds(machine.said("containerd"), "default 'runc' of 1, cgroup manager cgroupfs"));
  auto files = [&](int version, const std::string& plugin) {
    std::string section = cat("[plugins.\"", plugin, "\".containerd");
    machine
        .write("etc/containerd/config.toml",
               cat("version = ", version, "\nimports = [\"conf.d/*.toml\"]\n", section,
                   ".runtimes.theirs.options]\nBinaryName = \"gone\"\n"))
        .write("etc/containerd/conf.d/99.toml",
               cat("version = ", version, "\n", section, "]\ndefault_runtime_name = \"ours\"\n",
                   section, ".runtimes.ours.options]\n",
                   "BinaryName = \"/usr/bin/ours\"\nSystemdCgroup = true\n"));
  };
  files(2, "io.containerd.grpc.v1.cri");
  CHECK(holds(machine.said("containerd"), "ok: containerd at "));
  CHECK(holds(machine.said("containerd"), "; default 'ours' of 1, cgroup manager systemd"));
  files(3, "io.containerd.cri.v1.runtime");
  CHECK(holds(machine.said("containerd"), "warning: the runtime 'theirs' is 'gone', which does"));
  machine.write("etc/containerd/config.toml",
                cat(kCri, ".containerd.runtimes.ours.options]\nBinaryName = \"ours\"\n"));
  CHECK(holds(machine.said("containerd"), "error: the default runtime is 'runc', which no file"));
  machine.write("etc/containerd/config.toml", "version = 2\nimports = [\"/etc/more.toml\"]\n");
  CHECK(holds(machine.said("containerd"), "/etc/more.toml', which '"));
  // Two files that import each other end all the same.
  machine.write("etc/containerd/config.toml", "version = 2\nimports = [\"/etc/more.toml\"]\n")
      .write("etc/more.toml", cat("imports = [\"/etc/containerd/config.toml\"]\n", kCri,
                                  ".containerd]\ndefault_runtime_name = \"none\"\n"));
  CHECK(holds(machine.said("containerd"), "error: the default runtime is 'none', which no file"));
  machine.write("etc/containerd/config.toml",
                cat("disabled_plugins = [\"cri\"]\n", kCri,
                    ".containerd]\ndefault_runtime_name = \"none\"\n"));
  CHECK(holds(machine.said("containerd"), "; Kubernetes cannot use it (the CRI plugin is off)"));
}

TEST_CASE("containerd of a Kubernetes distribution") {
  if (!can_make_nodes()) return;
  TestMachine machine;
  machine.write("var/lib/rancher/k3s/agent/etc/containerd/config.toml",
                "version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.'nvidia'."
                "options]\nBinaryName = \"/usr/bin/nvidia-container-runtime\"\n");
  program(machine, "usr/bin/runc");
  std::string said = machine.said("containerd");
  CHECK(holds(said, "ok: not installed"));
  CHECK(holds(said, "warning: containerd of k3s: the runtime 'nvidia' is '/usr/bin/nvidia-cont"));
  program(machine, "usr/bin/nvidia-container-runtime");
  CHECK(machine.ask("containerd").severity() == Severity::kOk);
  CHECK(holds(machine.said("containerd"), "ok: containerd of k3s; default 'runc' of 2"));
}

TEST_CASE("a daemon that has not read what changed since it started") {
  Facts facts;
  EngineFiles& containerd = facts.containerd;
  containerd.name = containerd.unit = "containerd";
  containerd.program = "/usr/bin/containerd";
  containerd.process.emplace();
  containerd.process->started = 1000.0;
  containerd.files = {{"/etc/containerd/config.toml", {}, 900.0}};
  CHECK(holds(said("containerd", facts), "ok: "));
  containerd.files.front().changed = 1100.0;
  CHECK(holds(said("containerd", facts), "config.toml' was changed after containerd started"));
  containerd.process.reset();
  CHECK(holds(said("containerd", facts), "ok: "));
  facts.engine = "containerd";
  CHECK(holds(said("containerd", facts), "error: containerd is installed, but has no socket"));
  containerd.program.reset();
  CHECK(said("containerd", facts) == "error: containerd is not installed\n");
}

TEST_CASE("what a program says about its version, and one that never says it") {
  CHECK(version_in("podman version 4.3.1\n") == "4.3.1");
  CHECK(version_in("containerd github.com/containerd/containerd/v2 2.1.9+unknown \n") ==
        "2.1.9+unknown");
  CHECK(version_in("containerd containerd.io v1.7.27 05044ec0a9a75232cad458027ca83437aae3f4da") ==
        "1.7.27");
  CHECK_FALSE(version_in("no version here"));
  CHECK_FALSE(version_in(""));

  test::Scratch scratch;
  auto script = [&](const std::string& body) {
    std::string path = scratch.path + "/engine";
    REQUIRE(replace_file(path, cat("#!/bin/sh\n", body, "\n")));
    REQUIRE(::chmod(path.c_str(), 0755) == 0);
    return path;
  };
  auto patience = std::chrono::milliseconds(10'000);
  auto version =
      version_of(script("test \"$1\" = --version && echo crio version 1.30.2"), patience);
  REQUIRE(version);
  CHECK(*version == "1.30.2");
  CHECK(holds(version_of(script("echo broken >&2; exit 1"), patience).error().text,
              "--version' failed: broken"));
  CHECK(holds(version_of(script("echo hello"), patience).error().text, "names no version"));
  CHECK(version_of(scratch.path + "/none", patience).error().code == ErrorCode::kNotFound);
  auto start = std::chrono::steady_clock::now();
  CHECK(version_of(script("sleep 100"), std::chrono::milliseconds(50)).error().code ==
        ErrorCode::kBusy);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));

  Facts facts;
  facts.podman.program = "/usr/bin/podman";
  facts.podman.default_runtime = "crun";
  facts.podman.runtimes = {{"crun", "crun", true}};
  facts.podman.no_version = "it did not answer";
  CHECK(said("podman", facts) == "unknown: its version: it did not answer\n");
  // Programs of a machine in a directory are not run.
  Places places;
  places.system = scratch.path;
  EngineFiles engine;
  engine.program = script("echo 1.2.3");
  ask_version(places, engine);
  CHECK_FALSE(engine.version);
  places.system = "/";
  ask_version(places, engine, patience);
  CHECK(engine.version == "1.2.3");
}
