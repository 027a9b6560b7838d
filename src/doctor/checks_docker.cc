// SPDX-License-Identifier: Apache-2.0
// Docker: there, answering, and able to give GPUs.
#include <algorithm>

#include "base/files.h"
#include "base/text.h"
#include "doctor/cdi_findings.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

constexpr const char* kHook = "nvidia-container-runtime-hook";

bool at_least(const DockerInfo& info, std::string_view version) {
  return compare_versions(info.version, version) >= 0;
}

bool is_snap(const DockerFacts& docker) {
  return docker.process && (docker.process->program.rfind("/snap/", 0) == 0 ||
                            docker.process->unit.rfind("snap.", 0) == 0);
}

bool is_desktop(const DockerFacts& docker) {
  return docker.info && docker.info->operating_system.find("Docker Desktop") != std::string::npos;
}

// A daemon that systemd started is restarted and reloaded through it.
std::string unit_of(const DockerFacts& docker) {
  return docker.process && !docker.process->unit.empty() ? docker.process->unit : "docker";
}

Step reload_step(const DockerFacts& docker) {
  if (!docker.process->unit.empty()) return {"systemctl", "reload", docker.process->unit};
  return {"kill", "-HUP", cat(docker.process->pid)};
}

std::string restart_text(const DockerFacts& docker) {
  return cat("'sudo systemctl restart ", unit_of(docker),
             "' (this stops containers, unless live-restore is set)");
}

Findings look_for_docker(const Facts& facts) {
  const DockerFacts& docker = facts.docker;
  bool wanted = facts.engine == "docker";
  if (docker.remote) {
    return {found(wanted ? Severity::kError : Severity::kNote,
                  cat("DOCKER_HOST is '", printable(docker.endpoint),
                      "': that daemon is asked by nobody here"),
                  "run outboard where the daemon runs")};
  }
  if (docker.info) {
    return ok(
        cat("Docker ", printable(docker.info->version, 40), " at ", printable(docker.endpoint)));
  }
  if (docker.denied) {
    return {found(wanted ? Severity::kError : Severity::kNote,
                  cat("'", printable(docker.endpoint), "' may not be opened by this user"),
                  "run doctor as root, or put the user into the group of the socket: "
                  "'sudo usermod -aG docker $USER'")};
  }
  if (docker.error) {
    return {found(Severity::kError,
                  cat("the daemon does not answer: ", printable(*docker.error, 400)),
                  cat("'sudo systemctl start ", unit_of(docker), "'; 'sudo journalctl -u ",
                      unit_of(docker), "' says why it does not run"))};
  }
  if (!docker.client && !docker.server) {
    if (wanted) return {found(Severity::kError, "Docker is not installed", "install it")};
    return ok("not installed");
  }
  return {found(wanted ? Severity::kError : Severity::kNote,
                cat("Docker is installed, but there is no '", printable(docker.endpoint), "'"),
                "sudo systemctl start docker")};
}

// What the checks that need the daemon's answer say without one; why there is none the first check
// says.
Findings not_asked(const DockerFacts& docker) {
  bool installed = docker.client || docker.server || docker.denied || docker.error;
  return ok(docker.remote ? "the daemon is not on this machine"
            : installed   ? "the daemon gave no answer to look at"
                          : "not installed");
}

Findings look_at_kind(const Facts& facts) {
  const DockerFacts& docker = facts.docker;
  if (is_desktop(docker)) {
    return {found(
        Severity::kError,
        "this is Docker Desktop, whose containers run in a virtual machine without this "
        "machine's GPUs",
        "use Docker Engine: 'sudo apt install docker.io' (or docker-ce), then 'docker context "
        "use default'")};
  }
  if (is_snap(docker)) {
    return {found(Severity::kError,
                  "Docker is installed as a snap, which sees neither the host's programs nor its "
                  "driver",
                  "install the distribution's package or docker-ce in its place: 'sudo snap "
                  "remove docker'")};
  }
  if (docker.info && docker.info->rootless) {
    return {found(Severity::kNote,
                  "the daemon runs without root: it cannot set device rules, and nodes must be "
                  "open to its user",
                  "for NVIDIA's toolkit set no-cgroups = true; Outboard needs nothing")};
  }
  return docker.info ? Findings() : not_asked(docker);
}

Findings look_at_runtimes(const Facts& facts) {
  const DockerFacts& docker = facts.docker;
  Findings findings;
  if (!docker.info) return not_asked(docker);
  for (const EngineRuntime& runtime : docker.info->runtimes) {
    if (runtime.found) continue;
    bool is_default = runtime.name == docker.info->default_runtime;
    Finding finding =
        found(is_default ? Severity::kError : Severity::kWarning,
              cat("the ", is_default ? "default " : "", "runtime '", printable(runtime.name),
                  "' is '", printable(runtime.path), "', which the daemon cannot find"),
              cat("install it, or take the runtime out of ", printable(docker.config_file),
                  " and reload the daemon"));
    if (is_default) finding.consequence = "no container starts at all";
    findings.push_back(std::move(finding));
  }
  if (findings.empty()) {
    return ok(cat("default '", printable(docker.info->default_runtime), "' of ",
                  docker.info->runtimes.size()));
  }
  return findings;
}

Findings look_at_config(const Facts& facts) {
  const DockerFacts& docker = facts.docker;
  std::string file = printable(docker.config_file);
  if (docker.config_error) {
    return {found(Severity::kError, printable(*docker.config_error, 300),
                  cat("correct it: 'sudo dockerd --validate --config-file ", file, "' checks it"))};
  }
  if (!docker.info) return not_asked(docker);
  if (!docker.config) return {};
  Findings findings;
  std::vector<std::string> unloaded;
  for (const auto& member : (*docker.config)["runtimes"].members()) {
    const std::string& name = member.first;
    const json::Value& runtime = member.second;
    bool known =
        std::any_of(docker.info->runtimes.begin(), docker.info->runtimes.end(),
                    [&](const EngineRuntime& loaded) {
                      return loaded.name == name && (loaded.path == runtime["path"].text());
                    });
    if (!known) unloaded.push_back(cat("runtime '", printable(name), "'"));
  }
  const std::string& chosen = (*docker.config)["default-runtime"].text();
  if (!chosen.empty() && chosen != docker.info->default_runtime)
    unloaded.push_back(cat("default-runtime '", printable(chosen), "'"));
  if (unloaded.empty()) return ok(file);
  std::vector<Step> steps;
  if (docker.process) steps.push_back(reload_step(docker));
  return {
      found(Severity::kWarning,
            cat("'", file, "' has what the running daemon has not loaded: ", join(unloaded, ", ")),
            "sudo systemctl reload docker", std::move(steps))};
}

Findings look_for_hook(const Facts& facts) {
  const DockerFacts& docker = facts.docker;
  if (!docker.info) return not_asked(docker);
  if (docker.info->version.empty() || is_desktop(docker)) return ok("not looked for here");
  if (!at_least(*docker.info, "19.03")) {
    return {found(Severity::kWarning,
                  cat("Docker ", printable(docker.info->version, 40),
                      " is older than 19.03, the "
                      "first with --gpus"),
                  "use 'docker run --runtime outboard -e NVIDIA_VISIBLE_DEVICES=all', or a newer "
                  "Docker")};
  }
  bool by_cdi = docker.cdi_hook && at_least(*docker.info, "29.2");
  if (by_cdi) return ok("--gpus goes by CDI");
  Severity severity = facts.machine.gpus.empty() ? Severity::kNote : Severity::kWarning;
  if (!docker.hook) {
    if (docker.process && !docker.process->search_path)
      return unknown("the daemon's PATH may be read by root alone");
    std::string link = cat("'sudo ln -s $(command -v outboard-runtime) /usr/bin/", kHook, "'");
    return {found(severity, cat("there is no ", kHook, " on the daemon's PATH"),
                  cat(link, ", then ", restart_text(docker),
                      "; 'outboard run' and --runtime outboard do without"))};
  }
  if (changed_after_start(docker.hook->changed, docker.process)) {
    return {
        found(severity,
              cat("'", printable(docker.hook->path),
                  "' is newer than the running daemon, which looks for it once, when it starts"),
              cat("if --gpus fails: ", restart_text(docker)))};
  }
  return ok(printable(docker.hook->path));
}

// Of the specifications that the daemon reads, the devices that it has not found.
std::vector<std::string> undiscovered(const Facts& facts) {
  const DockerFacts& docker = facts.docker;
  std::vector<std::string> devices;
  if (!docker.info->cdi_devices) return devices;
  const auto& known = *docker.info->cdi_devices;
  for (const auto* specs : {&facts.cdi.specs, &docker.cdi_specs}) {
    for (const CdiSpec& spec : *specs) {
      const auto& places = docker.cdi_places;
      if (spec.error || std::find(places.begin(), places.end(), spec.directory) == places.end())
        continue;
      for (const std::string& name : spec.devices) {
        std::string device = cat(spec.kind, "=", name);
        if (std::find(known.begin(), known.end(), device) == known.end())
          devices.push_back(cat("'", printable(device, 100), "' of '", printable(spec.file), "'"));
      }
    }
  }
  return devices;
}

Findings look_at_cdi(const Facts& facts) {
  const DockerFacts& docker = facts.docker;
  if (!docker.info) return not_asked(docker);
  const DockerInfo& info = *docker.info;
  bool none = facts.cdi.specs.empty() && docker.cdi_specs.empty();
  std::string version = cat("Docker ", printable(info.version, 40));
  if (!none && !info.version.empty() && !at_least(info, "25.0")) {
    return {found(Severity::kNote, cat(version, " knows no CDI; 25.0 is the first that does"),
                  "'docker run --gpus', '--runtime outboard' and 'outboard run' do without CDI")};
  }
  Findings findings = findings_about(docker.cdi_specs);
  for (Finding& finding : version_findings(docker.cdi_specs, facts.machine.module_version))
    findings.push_back(std::move(finding));
  bool off = docker.config && (*docker.config)["features"]["cdi"].as_bool() == false;
  if (off || (info.cdi_directories.empty() && !none)) {
    findings.push_back(found(
        Severity::kNote,
        off ? cat("CDI is switched off in '", printable(docker.config_file), "' (features.cdi)")
            : cat(version, " does not use CDI; only from 28.2 on it does without being told"),
        cat("set features.cdi to true in '", printable(docker.config_file), "' and restart ",
            unit_of(docker), ", if '--device nvidia.com/gpu=all' is wanted")));
    return findings;
  }
  if (auto unread = unread_specs(facts.cdi.specs, docker.cdi_places); !unread.empty()) {
    findings.push_back(
        found(Severity::kWarning,
              cat("the daemon reads ", printable(join(info.cdi_directories, ", "), 300),
                  " alone, and not ", unread),
              cat("add the directory to cdi-spec-dirs in '", printable(docker.config_file),
                  "', and restart the daemon")));
  }
  if (auto devices = undiscovered(facts); !devices.empty()) {
    findings.push_back(
        found(Severity::kWarning,
              cat("the daemon has not found ", devices.front(),
                  devices.size() > 1 ? cat(" and ", devices.size() - 1, " more") : std::string()),
              cat("'sudo journalctl -u ", unit_of(docker),
                  "' says what is wrong with the file; "
                  "make it again: 'sudo nvidia-ctk cdi generate --output=FILE'")));
  }
  if (findings.empty()) {
    return ok(info.cdi_directories.empty() ? "this daemon uses no CDI"
                                           : printable(join(info.cdi_directories, ", ")));
  }
  return findings;
}

}  // namespace

std::vector<Check> docker_checks() {
  return {
      {"docker",
       "Docker answers, or is not installed",
       "DOCKER_HOST, /run/docker.sock and those of rootless Docker and Docker Desktop: GET /info",
       "'Cannot connect to the Docker daemon', or 'permission denied' on its socket",
       "start the daemon, or let this user talk to it",
       {Part::kDocker},
       look_for_docker,
       "docker"},
      {"docker-kind",
       "the Docker daemon runs on this system itself",
       "what the daemon says about its system, where its program lies",
       "containers of Docker Desktop and of the snap cannot have this machine's GPUs: 'could not "
       "select device driver', 'libnvidia-ml.so.1: cannot open shared object file'",
       "use Docker Engine from packages",
       {Part::kDocker},
       look_at_kind,
       "docker"},
      {"docker-config",
       "the daemon has loaded its configuration",
       "daemon.json (or what --config-file names) against the runtimes that the daemon reports",
       "'unknown or invalid runtime name', or containers start with another runtime than the file "
       "says",
       "sudo systemctl reload docker",
       {Part::kDocker},
       look_at_config,
       "docker"},
      {"docker-runtimes",
       "every runtime that Docker has registered exists",
       "the runtimes that the daemon reports, looked for on its PATH",
       "containers with that runtime fail: 'unable to retrieve OCI runtime error', 'no such file "
       "or "
       "directory'",
       "install the program, or take the runtime out of daemon.json",
       {Part::kDocker},
       look_at_runtimes,
       "docker"},
      {"docker-gpus",
       "'docker run --gpus' finds its driver",
       "nvidia-container-runtime-hook (nvidia-cdi-hook from Docker 29.2 on) on the PATH of the "
       "daemon's process, and when each came",
       "'could not select device driver \"\" with capabilities: [[gpu]]'",
       "put the hook's name on the daemon's PATH and restart the daemon",
       {Part::kMachine, Part::kDocker},
       look_for_hook,
       "docker"},
      {"docker-cdi",
       "the daemon reads the CDI specifications that there are, and its own fit this machine",
       "the CDI directories and devices that the daemon reports against the directories in which "
       "specifications lie, and the files in those that it alone reads",
       "'--device nvidia.com/gpu=all' fails ('unresolvable CDI devices', 'could not select device "
       "driver \"cdi\"'), or brings another driver's files",
       "let the daemon read the directory, or make the file again",
       {Part::kMachine, Part::kDocker, Part::kCdi},
       look_at_cdi,
       "docker"},
  };
}

}  // namespace outboard::doctor
