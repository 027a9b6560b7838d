// SPDX-License-Identifier: Apache-2.0
// CRI-O: its program's version, who listens on its socket, and its files.
//
// Facts: crio.conf(5), crio.conf.d(5): [crio.runtime] default_runtime, cgroup_manager,
// cdi_spec_dirs, [crio.runtime.runtimes.NAME] runtime_path (without one NAME is searched); files
// of the directory count in the order of names, whatever their ending.
#include "base/files.h"
#include "doctor/cdi_spec.h"
#include "doctor/engine_files.h"
#include "doctor/read_engines.h"

namespace outboard::doctor {

void read_crio(const Places& places, Facts& facts) {
  EngineFiles& crio = facts.crio;
  crio.name = "CRI-O";
  crio.unit = "crio";
  crio.program = program_below(places, "crio");
  if (!crio.program) return;
  read_socket(places, "run/crio/crio.sock", crio);
  ask_version(places, crio);
  std::vector<std::string> paths = {join_path(places.system, "etc/crio/crio.conf")};
  for (std::string& path : files_in(places, "etc/crio/crio.conf.d", ""))
    paths.push_back(std::move(path));
  std::string manager = "systemd";
  std::vector<std::string> directories = usual_cdi_directories();
  for (const std::string& path : paths) {
    auto document = read_document(path, crio);
    if (!document) continue;
    set_text(crio.store, (*document)["crio"]["root"]);
    const json::Value& runtime = (*document)["crio"]["runtime"];
    set_text(crio.default_runtime, runtime["default_runtime"]);
    set_text(manager, runtime["cgroup_manager"]);
    if (runtime["cdi_spec_dirs"].is_array()) directories = runtime["cdi_spec_dirs"].as_strings();
    for (const auto& [name, entry] : runtime["runtimes"].members()) {
      const std::string& given = entry["runtime_path"].text();
      std::string program = given.empty() ? name : given;
      add_runtime(crio, {name, program, runtime_exists(places, program)});
    }
  }
  add_known_default(places, {"crun", "runc"}, crio);
  crio.systemd_cgroups = manager == "systemd";
  read_cdi_directories(places, std::move(directories), crio.cdi);
}

}  // namespace outboard::doctor
