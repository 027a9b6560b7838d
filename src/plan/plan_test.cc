// SPDX-License-Identifier: Apache-2.0
#include "plan/plan.h"

#include <doctest/doctest.h>

#include <algorithm>

using namespace outboard;

static host::DriverFile library(const char* name, const char* soname, int elf_class = 64,
                                const char* version = "580.95.05") {
  std::string directory =
      elf_class == 64 ? "/usr/lib/x86_64-linux-gnu/" : "/usr/lib/i386-linux-gnu/";
  return {
      host::FileKind::kLibrary, directory + name + "." + version, name, soname, elf_class, version};
}

static host::Facts machine() {
  host::Facts facts;
  facts.module_version = facts.library_version = "580.95.05";
  facts.majors = {{"nvidia", 195}, {"nvidia-uvm", 510}, {"nvidia-caps", 236}};
  for (uint32_t i = 0; i < 2; i++) {
    host::GpuFact gpu;
    gpu.pci = "0000:0" + std::to_string(i + 1) + ":00.0";
    gpu.minor = i;
    gpu.uuid = "GPU-" + std::to_string(i);
    gpu.bound = true;
    gpu.drm_nodes = {"/dev/dri/card" + std::to_string(i)};
    facts.gpus.push_back(gpu);
    std::string node = "/dev/nvidia" + std::to_string(i);
    facts.nodes.push_back({node, node, 'c', 195, i, 0666, 0, 0});
  }
  facts.nodes.push_back({"/dev/dri/card0", "/dev/dri/card0", 'c', 226, 0, 0660, 0, 44});
  facts.nodes.push_back({"/dev/nvidia-uvm", "/dev/nvidia-uvm", 'c', 510, 0, 0666, 0, 0});
  facts.nodes.push_back({"/dev/nvidiactl", "/dev/nvidiactl", 'c', 195, 255, 0666, 0, 0});
  facts.files = {
      library("libcuda.so", "libcuda.so.1"),
      library("libcuda.so", "libcuda.so.1", 32),
      library("libnvidia-ml.so", "libnvidia-ml.so.1"),
      library("libnvidia-encode.so", "libnvidia-encode.so.1"),
      library("libGLX_nvidia.so", "libGLX_nvidia.so.0"),
      library("libnvidia-gtk3.so", "libnvidia-gtk3.so.580.95.05"),
      library("libnvidia-brandnew.so", "libnvidia-brandnew.so.1"),
      library("libnvidia-ptxjitcompiler.so", "libnvidia-ptxjitcompiler.so.1", 64, "535.54.03"),
      {host::FileKind::kProgram, "/usr/bin/nvidia-smi", "nvidia-smi"},
      {host::FileKind::kProgram, "/usr/bin/nvidia-modprobe", "nvidia-modprobe"},
      {host::FileKind::kConfiguration, "/usr/share/vulkan/icd.d/nvidia_icd.json",
       "nvidia_icd.json"},
      {host::FileKind::kSocket, "/run/nvidia-persistenced/socket", "socket"}};
  return facts;
}

static Result<plan::Plan> plan_for(const host::Facts& facts, const char* gpus,
                                   const char* capabilities = "", plan::ImageLayout image = {}) {
  auto inventory = device::make_inventory(facts, nullptr);
  auto selection = device::select(inventory, *device::parse_gpus_option(gpus));
  REQUIRE(selection);
  return plan::make_plan(facts, inventory, *selection, *device::parse_capabilities(capabilities),
                         image);
}

static bool has_node(const plan::Plan& plan, std::string_view path) {
  return std::any_of(plan.nodes.begin(), plan.nodes.end(),
                     [&](const auto& node) { return node.path == path; });
}
static bool has_mount(const plan::Plan& plan, std::string_view target) {
  return std::any_of(plan.mounts.begin(), plan.mounts.end(),
                     [&](const auto& mount) { return mount.target == target; });
}

TEST_CASE("the default gives compute and utility, the chosen GPU and no other") {
  auto plan = plan_for(machine(), "device=1");
  REQUIRE(plan);
  CHECK(has_node(*plan, "/dev/nvidia1"));
  CHECK_FALSE(has_node(*plan, "/dev/nvidia0"));
  CHECK(has_node(*plan, "/dev/nvidiactl"));
  CHECK(has_node(*plan, "/dev/nvidia-uvm"));
  CHECK_FALSE(has_node(*plan, "/dev/dri/card0"));
  CHECK(has_mount(*plan, "/usr/lib/x86_64-linux-gnu/libcuda.so.1"));
  CHECK(has_mount(*plan, "/usr/lib/x86_64-linux-gnu/libcuda.so"));
  CHECK(has_mount(*plan, "/usr/bin/nvidia-smi"));
  CHECK_FALSE(has_mount(*plan, "/usr/bin/nvidia-modprobe"));
  CHECK_FALSE(has_mount(*plan, "/usr/lib/x86_64-linux-gnu/libnvidia-encode.so.1"));
  CHECK(has_mount(*plan, "/usr/lib/x86_64-linux-gnu/libnvidia-brandnew.so.1"));
  CHECK_FALSE(has_mount(*plan, "/etc/vulkan/icd.d/nvidia_icd.json"));
  CHECK(has_mount(*plan, "/run/nvidia-persistenced/socket"));
  CHECK(plan->mounts[0].origin.rule == "capability compute");
}

TEST_CASE("a library of another version and a part of the host's desktop are never mounted") {
  auto plan = plan_for(machine(), "all", "all");
  REQUIRE(plan);
  CHECK_FALSE(has_mount(*plan, "/usr/lib/x86_64-linux-gnu/libnvidia-ptxjitcompiler.so.1"));
  CHECK_FALSE(has_mount(*plan, "/usr/lib/x86_64-linux-gnu/libnvidia-gtk3.so.580.95.05"));
}

TEST_CASE("capabilities decide: utility alone has no CUDA") {
  auto plan = plan_for(machine(), "all", "utility");
  REQUIRE(plan);
  CHECK_FALSE(has_node(*plan, "/dev/nvidia-uvm"));
  CHECK_FALSE(has_mount(*plan, "/usr/lib/x86_64-linux-gnu/libcuda.so.1"));
  CHECK(has_mount(*plan, "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.1"));
}

TEST_CASE(
    "graphics brings DRM nodes with their group, Vulkan files and a note on what is missing") {
  auto plan = plan_for(machine(), "device=0", "graphics");
  REQUIRE(plan);
  CHECK(has_node(*plan, "/dev/dri/card0"));
  CHECK(plan->groups == std::vector<uint32_t>{44});
  CHECK(has_mount(*plan, "/etc/vulkan/icd.d/nvidia_icd.json"));
  CHECK(has_mount(*plan, "/usr/lib/x86_64-linux-gnu/libGLX_indirect.so.0"));
}

TEST_CASE("libraries go where the image's own loader looks, 32 bit ones only if it has one") {
  plan::ImageLayout rhel{plan::ImageLayout::Libc::kGlibc, "/usr/lib64", std::nullopt, true};
  auto plan = plan_for(machine(), "all", "all", rhel);
  REQUIRE(plan);
  CHECK(has_mount(*plan, "/usr/lib64/libcuda.so.1"));
  CHECK(plan->notes == std::vector<std::string>{
                           "the image has no 32 bit loader: 32 bit driver libraries are left out"});
  rhel.library_directory32 = "/usr/lib";
  plan = plan_for(machine(), "all", "compute,compat32", rhel);
  CHECK(has_mount(*plan, "/usr/lib/libcuda.so.1"));
  plan = plan_for(machine(), "all", "compute", rhel);
  CHECK_FALSE(has_mount(*plan, "/usr/lib/libcuda.so.1"));
}

TEST_CASE(
    "a missing node is made from its known numbers; without numbers the error names the command") {
  host::Facts facts = machine();
  std::erase_if(facts.nodes, [](const auto& node) {
    return node.path == "/dev/nvidia-uvm" || node.path == "/dev/nvidia0";
  });
  facts.node_parameters = host::NodeParameters{true, 0660, 0, 44};
  auto plan = plan_for(facts, "device=0");
  REQUIRE(plan);
  auto uvm = std::find_if(plan->nodes.begin(), plan->nodes.end(),
                          [](const auto& node) { return node.path == "/dev/nvidia-uvm"; });
  REQUIRE(uvm != plan->nodes.end());
  CHECK_FALSE(uvm->exists);
  CHECK(uvm->major == 510);
  CHECK(uvm->mode == 0660);
  CHECK(plan->groups == std::vector<uint32_t>{44});
  std::erase_if(facts.majors, [](const auto& entry) { return entry.name == "nvidia-uvm"; });
  plan = plan_for(facts, "device=0");
  REQUIRE_FALSE(plan);
  CHECK(plan.error().text ==
        "device node '/dev/nvidia-uvm' is missing and cannot be made: kernel module nvidia-uvm is "
        "not in /proc/devices");
  CHECK(plan.error().hint == "run 'sudo nvidia-modprobe -u -c=0'");
}

TEST_CASE("a driver that no container could use is refused in words") {
  host::Facts facts = machine();
  facts.module_version = "535.104.05";
  auto checked = plan::check_driver(facts);
  REQUIRE_FALSE(checked);
  CHECK(checked.error().text ==
        "the NVIDIA kernel module is version 535.104.05, the driver libraries are version "
        "580.95.05: they must be equal, and the kernel module is older");
  facts.module_version = "610.1";
  CHECK(plan::check_driver(facts).error().text.find("the libraries are older") !=
        std::string::npos);
  facts.module_version.reset();  // the nodes stay when the module goes
  CHECK(plan::check_driver(facts).error().text ==
        "the NVIDIA kernel module is not loaded (driver libraries 580.95.05 are installed)");
  facts.library_version.reset();
  facts.roots.driver = "/a\nb";  // a snapshot can hold anything
  CHECK(plan::check_driver(facts).error().text.find("driver root '/a\\x0ab'") != std::string::npos);
  facts.roots.driver = "/";
  CHECK(plan::check_driver(facts).error().text.find("no NVIDIA driver on this host") == 0);
  facts.module_version = "580.95.05";
  CHECK(
      plan::check_driver(facts).error().text ==
      "the NVIDIA kernel module 580.95.05 is loaded, but its libraries are not in driver root '/'");
}

TEST_CASE("no name that a file gives itself leads out of the library directory") {
  host::Facts facts = machine();
  for (const char* soname : {"", "..", "../../../etc/ld.so.preload", "/etc/passwd"}) {
    facts.files[0].soname = soname;
    auto plan = plan_for(facts, "all");
    REQUIRE(plan);
    CHECK(plan->mounts[0].target == "/usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05");
  }
  facts.files.back().path = "/run/../etc/socket";
  facts.files.back().name = "socket";
  auto plan = plan_for(facts, "all");
  REQUIRE(plan);
  CHECK(std::none_of(plan->mounts.begin(), plan->mounts.end(), [](const plan::PlannedMount& mount) {
    return mount.target.find("/../") != std::string::npos;
  }));
}

TEST_CASE("nodes are planned with permission bits alone") {
  host::Facts facts = machine();
  facts.nodes.back().mode = 07666;
  facts.nodes.erase(facts.nodes.end() - 2);  // nvidia-uvm: to be made
  facts.node_parameters = host::NodeParameters{true, 0xffffffff, 0, 0};
  auto plan = plan_for(facts, "all");
  REQUIRE(plan);
  CHECK(std::all_of(plan->nodes.begin(), plan->nodes.end(),
                    [](const plan::PlannedNode& node) { return node.mode <= 0777; }));
}

TEST_CASE("an image without glibc is refused, and void plans nothing") {
  plan::ImageLayout musl{plan::ImageLayout::Libc::kMusl};
  auto plan = plan_for(machine(), "all", "", musl);
  REQUIRE_FALSE(plan);
  CHECK(plan.error().text.find("the image has no glibc loader (its C library is musl)") == 0);
  plan = plan_for(machine(), "void", "", musl);
  REQUIRE(plan);
  CHECK(plan->nodes.empty());
}

TEST_CASE("none gives the driver and the control nodes, no GPU") {
  auto plan = plan_for(machine(), "none");
  REQUIRE(plan);
  CHECK(has_node(*plan, "/dev/nvidiactl"));
  CHECK_FALSE(has_node(*plan, "/dev/nvidia0"));
  CHECK(has_mount(*plan, "/usr/lib/x86_64-linux-gnu/libcuda.so.1"));
}

TEST_CASE("a file that others than root could change is refused if the container would get it") {
  host::Facts facts = machine();
  facts.files[3].distrust = "owned by user 1000";  // libnvidia-encode
  CHECK(plan_for(facts, "all"));
  auto plan = plan_for(facts, "all", "video");
  REQUIRE_FALSE(plan);
  CHECK(plan.error().code == ErrorCode::kDenied);
  CHECK(plan.error().text.find("libnvidia-encode.so.580.95.05' is owned by user 1000") !=
        std::string::npos);
}

TEST_CASE("in a user namespace groups are left out, and how GPUs are kept apart is said") {
  plan::Plan plan;
  plan::fit_user_namespace(plan, plan::DeviceRules::kNone);
  CHECK(plan == plan::Plan{});
  plan.nodes.resize(1);
  plan.groups = {44, 110};
  plan::fit_user_namespace(plan, plan::DeviceRules::kNone);
  CHECK(plan.groups.empty());
  REQUIRE(plan.notes.size() == 2);
  CHECK(plan.notes[0].find("group 44, 110") != std::string::npos);
  CHECK(plan.notes[1].find("absent") != std::string::npos);
}
