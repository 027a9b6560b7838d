// SPDX-License-Identifier: Apache-2.0
// What runs short: shared and locked memory, room for images, mounts.
#include <algorithm>
#include <limits>

#include "base/text.h"
#include "doctor/driver_state.h"
#include "doctor/tables.h"

namespace outboard::doctor {

namespace {

constexpr uint64_t kMiB = 1U << 20;
constexpr uint64_t kGiB = 1U << 30;

Findings look_at_shared_memory(const Facts& facts) {
  if (!facts.limits.shared_memory) return ok("/dev/shm is no mount of its own");
  uint64_t size = *facts.limits.shared_memory;
  if (size >= kGiB) {
    std::string own =
        facts.docker.config ? (*facts.docker.config)["default-shm-size"].text() : std::string();
    return ok(cat("/dev/shm has ", size / kGiB, " GiB",
                  own.empty() ? ""
                              : cat("; a /dev/shm of Docker's containers has ", printable(own, 40),
                                    " (default-shm-size)")));
  }
  std::vector<Step> steps;
  if (touches_kernel(facts))
    steps.push_back({"mount", "-o", "remount,size=50%", facts.machine.roots.dev + "/shm"});
  return {found(Severity::kWarning, cat("/dev/shm has ", size / kMiB, " MiB only"), {},
                std::move(steps))};
}

// {"default-ulimits": {"memlock": {"Name": "memlock", "Hard": -1, "Soft": -1}}} in daemon.json.
bool unlimited_by_docker(const DockerFacts& docker) {
  return docker.config &&
         (*docker.config)["default-ulimits"]["memlock"]["Soft"].as_int() == int64_t{-1};
}

Findings look_at_memory_lock(const Facts& facts) {
  if (!facts.pci.infiniband) return ok("no InfiniBand or RoCE device that would need it");
  Findings findings;
  for (const Process& process : facts.processes.processes) {
    if (!process.memory_lock || *process.memory_lock == std::numeric_limits<uint64_t>::max())
      continue;
    std::string name = printable(process.name, 20);
    // What daemon.json gives to each container comes after what the daemon itself may.
    if (process.name == "dockerd" && unlimited_by_docker(facts.docker)) continue;
    bool daemon =
        process.name == "dockerd" || process.name == "containerd" || process.name == "crio";
    findings.push_back(found(
        Severity::kWarning,
        cat(name, " (", process.pid, ") may lock ", *process.memory_lock / 1024, " KiB of memory"),
        daemon ? cat("LimitMEMLOCK=infinity with 'sudo systemctl edit ",
                     process.name == "dockerd" ? "docker" : name,
                     "', or --ulimit memlock=-1 for each container")
               : std::string()));
  }
  return findings;
}

Findings look_at_disks(const Facts& facts) {
  Findings findings;
  std::vector<std::string> room;
  auto is_of = [](const ImageStore& store, std::string_view engine) {
    return store.owner == engine || store.owner == cat("rootless ", engine);
  };
  for (const ImageStore& store : facts.stores) {
    std::string where = cat(store.owner, "'s image store '", printable(store.path), "'");
    std::string mend =
        is_of(store, "Docker")
            ? "'docker system df' shows what takes it, 'docker system prune' removes what is unused"
        : is_of(store, "Podman")
            ? "'podman system df' shows what takes it, 'podman system prune' removes what is unused"
            : "remove what is not needed";
    if (store.free_bytes < 10 * kGiB && store.free_bytes < store.total_bytes) {
      findings.push_back(found(Severity::kWarning,
                               cat("only ", store.free_bytes / kMiB, " MiB are free for ", where),
                               mend));
    } else if (store.free_files && store.total_files &&
               *store.free_files < *store.total_files / 100) {
      findings.push_back(found(Severity::kWarning,
                               cat("fewer than 1 % of the inodes are free for ", where), mend));
    } else {
      room.push_back(cat(store.free_bytes / kGiB, " GiB for ", where));
    }
  }
  if (!findings.empty()) return findings;
  return ok(room.empty() ? "there is no image store" : join(room, ", "));
}

Findings look_at_mounts(const Facts& facts) {
  constexpr size_t kMany = 1000;
  if (facts.system.driver_mounts <= kMany)
    return ok(cat(facts.system.driver_mounts, " mounts of driver files"));
  return {found(Severity::kWarning,
                cat(facts.system.driver_mounts, " mounts of driver files on the host"))};
}

}  // namespace

std::vector<Check> limit_checks() {
  return {
      {"shared-memory",
       "the host's /dev/shm holds what data loaders and NCCL put there",
       "size of the file system at /dev/shm, default-shm-size in Docker's daemon.json",
       "containers that share it (--ipc=host, or without a network namespace of their own) end "
       "with "
       "'Bus error' or 'unable to open shared memory object'; others have 64 MiB unless --shm-size "
       "says more",
       "enlarge it",
       {Part::kMachine, Part::kLimits, Part::kDocker},
       look_at_shared_memory},
      {"memory-lock",
       "engines may lock memory for InfiniBand",
       "/sys/class/infiniband, /proc/PID/limits of dockerd, containerd and crio, and of the shell; "
       "default-ulimits in Docker's daemon.json",
       "NCCL over InfiniBand fails with 'ibv_reg_mr failed' or 'Cannot allocate memory'",
       "raise the limit (ulimit -l unlimited, or memlock in /etc/security/limits.d)",
       {Part::kPci, Part::kProcesses, Part::kDocker},
       look_at_memory_lock},
      {"disk-space",
       "there is room for images",
       "free space and inodes of the directories that the Docker daemon or daemon.json "
       "(data-root), "
       "storage.conf (graphroot, for an ordinary user the user's own), containerd's config.toml "
       "and "
       "crio.conf (root) name, else of /var/lib/docker, /var/lib/containers and "
       "/var/lib/containerd; and of /var/cache/outboard",
       "pulling a CUDA image of 5 to 20 GB ends with 'no space left on device'",
       "remove images that are not needed",
       {Part::kDocker, Part::kPodman, Part::kContainerd, Part::kCrio, Part::kStores},
       look_at_disks},
      {"driver-mounts",
       "mounts of driver files do not pile up",
       "/proc/1/mountinfo",
       "each container that starts doubles leaked mounts, until starts fail with 'no space left on "
       "device' (fs.mount-max)",
       "stop the containers and unmount what is left, or reboot; then mount with propagation "
       "private "
       "or rslave",
       {Part::kSystem},
       look_at_mounts},
  };
}

}  // namespace outboard::doctor
