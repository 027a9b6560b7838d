// SPDX-License-Identifier: Apache-2.0
// What the parts of a container start cost, in one process: reading the machine, planning, editing
// a specification, merging the loader's cache. The machine is the one that OUTBOARD_ROOT names (a
// simulated one), else this one; the specification is about as long as Docker's.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "app/compat_check.h"
#include "app/container_cache.h"
#include "app/machine.h"
#include "app/policy.h"
#include "base/files.h"
#include "base/json.h"
#include "plan/plan.h"
#include "render/oci.h"

namespace outboard {
namespace {

app::MachineOptions options() {
  app::MachineOptions result;
  if (const char* root = getenv("OUTBOARD_ROOT")) result.roots = app::roots_below(root);
  result.may_ask_nvml = false;
  return result;
}

std::string long_spec() {
  json::Value spec = json::Value::object();
  spec.set("ociVersion", "1.0.2");
  for (int i = 0; i < 40; ++i)
    spec.at("process").at("env").push("VARIABLE_" + std::to_string(i) + "=some value of it");
  for (int i = 0; i < 15; ++i) {
    json::Value mount = json::Value::object();
    mount.set("destination", "/mnt/" + std::to_string(i));
    mount.set("type", "bind");
    mount.set("source", "/var/lib/something/" + std::to_string(i));
    mount.at("options").push("rbind");
    mount.at("options").push("rprivate");
    spec.at("mounts").push(std::move(mount));
  }
  // Docker's seccomp profile is most of its specification: some 400 names of system calls.
  json::Value& calls = spec.at("linux").at("seccomp").at("syscalls");
  for (int i = 0; i < 20; ++i) {
    json::Value rule = json::Value::object();
    for (int k = 0; k < 20; ++k) rule.at("names").push("system_call_" + std::to_string(i * 20 + k));
    rule.set("action", "SCMP_ACT_ALLOW");
    calls.push(std::move(rule));
  }
  return json::write(spec);
}

Result<plan::Plan> plan_all(const app::Machine& machine) {
  device::Selection selection{true, {}};
  for (uint32_t i = 0; i < machine.inventory.gpus.size(); ++i) selection.devices.push_back({i, {}});
  return plan::make_plan(machine.facts, machine.inventory, selection, device::kAllCapabilities, {});
}

void read_machine(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(app::read_machine(options(), app::NvmlUse::kNever));
}
BENCHMARK(read_machine)->Unit(benchmark::kMicrosecond);

void make_plan(benchmark::State& state) {
  auto machine = app::read_machine(options(), app::NvmlUse::kNever);
  if (!machine || !plan_all(*machine)) return state.SkipWithError("no usable driver");
  for (auto _ : state) benchmark::DoNotOptimize(plan_all(*machine));
}
BENCHMARK(make_plan)->Unit(benchmark::kMicrosecond);

// A published image's requirement, and compat libraries in it, for every GPU of the machine.
void check_compatibility(benchmark::State& state) {
  auto machine = app::read_machine(options(), app::NvmlUse::kNever);
  if (!machine) return state.SkipWithError("no machine");
  app::Chosen chosen{std::move(*machine), {true, {}}};
  for (uint32_t i = 0; i < chosen.machine.inventory.gpus.size(); ++i)
    chosen.selection.devices.push_back({i, {}});
  app::ImageDemands demands;
  demands.environment = {"PATH=/usr/local/cuda/bin:/usr/bin", "CUDA_VERSION=12.4.1",
                         "NVIDIA_REQUIRE_CUDA=cuda>=12.4 brand=tesla,driver>=470,driver<471 "
                         "brand=unknown,driver>=470,driver<471 brand=nvidia,driver>=470,driver<471 "
                         "brand=tesla,driver>=525,driver<526 brand=nvidia,driver>=525,driver<526"};
  demands.compat = plan::ImageCompat{"/usr/local/cuda-12.4/compat", "550.54.15", {"libcuda.so.1"}};
  for (auto _ : state) {
    std::vector<std::string> notes;
    benchmark::DoNotOptimize(
        app::check_compatibility(chosen, options(), demands, compat::core_tables(), notes));
  }
}
BENCHMARK(check_compatibility)->Unit(benchmark::kMicrosecond);

void edit_specification(benchmark::State& state) {
  auto machine = app::read_machine(options(), app::NvmlUse::kNever);
  if (!machine) return state.SkipWithError("no machine");
  auto plan = plan_all(*machine);
  if (!plan) return state.SkipWithError("no usable driver");
  const std::string text = long_spec();
  for (auto _ : state) {
    auto spec = json::parse(text, "config.json");
    render::edit_spec(*spec, *plan, {});
    benchmark::DoNotOptimize(json::write(*spec));
  }
  state.SetBytesProcessed(static_cast<int64_t>(text.size()) * state.iterations());
}
BENCHMARK(edit_specification)->Unit(benchmark::kMicrosecond);

void merge_loader_cache(benchmark::State& state) {
  auto machine = app::read_machine(options(), app::NvmlUse::kNever);
  auto cache = read_file("/etc/ld.so.cache", 64U << 20);
  if (!machine || !cache) return state.SkipWithError("no machine or no /etc/ld.so.cache");
  auto plan = plan_all(*machine);
  if (!plan) return state.SkipWithError("no usable driver");
  for (auto _ : state) benchmark::DoNotOptimize(app::merged_cache(*cache, *plan, {}));
  state.SetBytesProcessed(static_cast<int64_t>(cache->size()) * state.iterations());
}
BENCHMARK(merge_loader_cache)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace outboard

BENCHMARK_MAIN();
