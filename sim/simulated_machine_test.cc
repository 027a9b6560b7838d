// SPDX-License-Identifier: Apache-2.0
// Machines are made for real, in a directory of the test's own. Making nodes takes root; without it
// the test checks the error that says so.
#include "sim/simulated_machine.h"

#include <doctest/doctest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>

#include "base/files.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "sim/device_majors.h"
#include "test/scratch.h"

using namespace outboard;
using namespace outboard::sim;

namespace {

bool can_make_nodes() {
  if (::geteuid() == 0) return true;
  test::Scratch scratch;
  auto made = create_simulated_machine("h200x1", scratch.path + "/machine");
  REQUIRE_FALSE(made);
  CHECK(made.error().code == ErrorCode::kDenied);
  CHECK(made.error().hint.find("as root") != std::string::npos);
  CHECK(list_directory(scratch.path)->empty());
  MESSAGE("SKIPPED: making device nodes takes root");
  return false;
}

/// A program of the machine's driver (or the probe) with the machine's libraries and nodes.
Output run_on(const std::string& machine, std::vector<std::string> argv) {
  auto output = run_captured({.argv = std::move(argv),
                              .environment = std::vector<std::string>{
                                  cat("LD_LIBRARY_PATH=", machine, "/usr/lib/x86_64-linux-gnu"),
                                  cat("OUTBOARD_SIM_DEV=", machine, "/dev")}});
  REQUIRE(output);
  return std::move(*output);
}

json::Value probe(const std::string& machine, const std::vector<std::string>& arguments = {}) {
  std::vector<std::string> argv = {OB_PROBE};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  auto document = json::parse(run_on(machine, argv).out, "the probe's output");
  REQUIRE(document);
  return std::move(*document);
}

}  // namespace

TEST_CASE("the simulated libraries see what may be opened, and nothing else") {
  if (!can_make_nodes()) return;
  test::Scratch scratch;
  const std::string machine = scratch.path + "/machine";
  REQUIRE(create_simulated_machine("h200x4", machine));
  json::Value all = probe(machine, {"--expect-devices", "4"});
  CHECK(all["ok"].as_bool() == true);
  CHECK(all["simulated"].as_bool() == true);
  CHECK(all["driver_version"].text() == "580.95.05");
  CHECK(all["kernel"].items().at(0)["result"].text() == "not run (simulated)");
  CHECK(probe(machine, {"--require-kernel"})["ok"].as_bool() == false);

  REQUIRE(::unlink((machine + "/dev/nvidia1").c_str()) == 0);
  json::Value three = probe(machine, {"--expect-devices", "3"});
  CHECK(three["ok"].as_bool() == true);
  CHECK(three["devices_cuda"].items().at(1)["pci"].text() == "0000:3a:00.0");
  CHECK(three["devices_nvml"].items().at(1)["uuid"] == all["devices_nvml"].items().at(2)["uuid"]);

  REQUIRE(::unlink((machine + "/dev/nvidia-uvm").c_str()) == 0);
  json::Value no_uvm = probe(machine);
  CHECK(no_uvm["cuda"]["error"].text() == "cuInit: CUDA_ERROR_UNKNOWN");
  CHECK(no_uvm["nvml"]["error"].is_null());
  REQUIRE(::unlink((machine + "/dev/nvidiactl").c_str()) == 0);
  json::Value no_driver = probe(machine);
  CHECK(no_driver["cuda"]["error"].text() == "cuInit: CUDA_ERROR_NO_DEVICE");
  CHECK(no_driver["nvml"]["error"].text() == "nvmlInit: Driver Not Loaded (9)");
}

TEST_CASE("MIG devices are seen through their capability nodes") {
  if (!can_make_nodes()) return;
  test::Scratch scratch;
  const std::string machine = scratch.path + "/machine";
  REQUIRE(create_simulated_machine("a100x8-mig", machine));
  // 7 and 3 MIG devices, 6 GPUs; CUDA shows one MIG device.
  json::Value all = probe(machine, {"--expect-devices", "16"});
  CHECK(all["ok"].as_bool() == true);
  CHECK(all["devices_cuda"].items().size() == 1);
  const json::Value& first = all["devices_nvml"].items().at(0);
  CHECK(all["devices_cuda"].items()[0]["uuid"] == first["mig"].items().at(0)["uuid"]);

  // The GPU at index 0 has minor 2; its first MIG device is GPU instance 7.
  auto access = read_file(machine + "/proc/driver/nvidia/capabilities/gpu2/mig/gi7/ci0/access");
  REQUIRE(access);
  CHECK(*access == "DeviceFileMinor: 337\nDeviceFileMode: 292\nDeviceFileModify: 1\n");
  auto minors = read_file(machine + "/proc/driver/nvidia-caps/mig-minors");
  REQUIRE(minors);
  CHECK(minors->find("gpu2/gi7/ci0/access 337\n") != std::string::npos);
  REQUIRE(::unlink((machine + "/dev/nvidia-caps/nvidia-cap337").c_str()) == 0);
  json::Value fewer = probe(machine, {"--expect-devices", "15"});
  CHECK(fewer["ok"].as_bool() == true);
  const json::Value& second = fewer["devices_nvml"].items().at(0)["mig"].items().at(0);
  CHECK(second["gpu_instance"].as_int() == 8);
  CHECK(second["index"].as_int() == 0);
}

TEST_CASE("the simulated nvidia-smi says that it is simulated") {
  if (!can_make_nodes()) return;
  test::Scratch scratch;
  const std::string machine = scratch.path + "/machine";
  REQUIRE(create_simulated_machine("rtx4090x2", machine));
  Output list = run_on(machine, {machine + "/usr/bin/nvidia-smi", "-L"});
  CHECK(list.status.success());
  CHECK(list.out.starts_with("GPU 0: NVIDIA GeForce RTX 4090 (simulated) (UUID: GPU-"));
  CHECK(words(list.out).size() > 8);
  Output table = run_on(machine, {machine + "/usr/bin/nvidia-smi"});
  CHECK(table.out.find("simulated by outboard") != std::string::npos);
  CHECK(table.out.find("24564 MiB") != std::string::npos);
  Output other = run_on(machine, {machine + "/usr/bin/nvidia-debugdump"});
  CHECK(other.out == "nvidia-debugdump: simulated by outboard; it does nothing\n");
  REQUIRE(::unlink((machine + "/dev/nvidiactl").c_str()) == 0);
  Output failed = run_on(machine, {machine + "/usr/bin/nvidia-smi"});
  CHECK(failed.status.number == 9);
  CHECK(failed.out == "Failed to initialize NVML (simulated): Driver Not Loaded\n");
}

TEST_CASE("no node of a simulated machine has a number that the kernel knows") {
  if (!can_make_nodes()) return;
  test::Scratch scratch;
  const std::string machine = scratch.path + "/machine";
  REQUIRE(create_simulated_machine("h200x8", machine));
  auto devices = read_file("/proc/devices");
  REQUIRE(devices);
  const std::vector<unsigned> used = used_majors(*devices);
  size_t nodes = 0;
  for (const char* directory : {"/dev", "/dev/dri", "/dev/nvidia-caps"}) {
    auto names = list_directory(machine + directory);
    REQUIRE(names);
    for (const std::string& name : *names) {
      struct stat status;
      const std::string path = cat(machine, directory, "/", name);
      REQUIRE(::lstat(path.c_str(), &status) == 0);
      if (!S_ISCHR(status.st_mode)) continue;
      nodes++;
      CHECK_MESSAGE(std::find(used.begin(), used.end(), major(status.st_rdev)) == used.end(), path);
      CHECK(path_exists(
          cat(machine, "/dev/char/", major(status.st_rdev), ":", minor(status.st_rdev))));
    }
  }
  CHECK(nodes > 20);
}

TEST_CASE("the PCI bus leads into the machine's own sys") {
  if (!can_make_nodes()) return;
  test::Scratch scratch;
  const std::string machine = scratch.path + "/machine";
  REQUIRE(create_simulated_machine("h200x4", machine));
  const std::string bus = machine + "/sys/bus/pci/devices";
  auto addresses = list_directory(bus);
  REQUIRE(addresses);
  size_t gpus = 0;
  for (const std::string& address : *addresses) {
    auto vendor = read_file(cat(bus, "/", address, "/vendor"));
    auto device = read_file(cat(bus, "/", address, "/device"));
    REQUIRE(vendor);
    REQUIRE(device);
    if (*vendor != "0x10de\n") continue;
    gpus++;
    CHECK(*device == "0x2335\n");
    CHECK(list_directory(cat(bus, "/", address, "/drm"))->size() == 2);
  }
  CHECK(gpus == 4);
}

TEST_CASE("ldconfig reads the machine's ld.so.cache") {
  if (!can_make_nodes()) return;
  test::Scratch scratch;
  const std::string machine = scratch.path + "/machine";
  REQUIRE(create_simulated_machine("h200x1", machine));
  auto listed = run_captured({{"/sbin/ldconfig", "-p", "-C", machine + "/etc/ld.so.cache"}});
  REQUIRE(listed);
  CHECK(listed->out.find("libcuda.so.1 (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/libcuda.so.1") !=
        std::string::npos);
  CHECK(listed->out.find("libcuda.so.1 (libc6) => /usr/lib/i386-linux-gnu/libcuda.so.1") !=
        std::string::npos);
}

TEST_CASE("only an empty directory or a simulated machine is replaced") {
  if (!can_make_nodes()) return;
  test::Scratch scratch;
  const std::string machine = scratch.path + "/machine";
  REQUIRE(make_directories(machine));
  REQUIRE(create_simulated_machine("h200x4", machine));
  REQUIRE(create_simulated_machine("none", machine));
  CHECK_FALSE(path_exists(machine + "/dev/nvidiactl"));
  auto marker = read_file(machine + "/outboard-sim.json");
  REQUIRE(marker);
  CHECK(json::parse(*marker, "marker")->find("profile")->text() == "none");
  CHECK(list_directory(scratch.path)->size() == 1);

  const std::string precious = scratch.path + "/precious";
  REQUIRE(make_directories(precious));
  REQUIRE(replace_file(precious + "/thesis.txt", "text"));
  auto refused = create_simulated_machine("h200x4", precious + "/");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::kConflict);
  CHECK(refused.error().text.find("no simulated machine") != std::string::npos);
  CHECK(*read_file(precious + "/thesis.txt") == "text");
  CHECK_FALSE(create_simulated_machine("h200x4", precious + "/thesis.txt"));
  CHECK_FALSE(create_simulated_machine("h200x4", "/"));
  CHECK(list_directory(scratch.path)->size() == 2);
}

TEST_CASE("a file system that forbids device nodes is named") {
  if (!can_make_nodes()) return;
  test::Scratch scratch;
  const std::string place = scratch.path + "/nodev";
  REQUIRE(make_directories(place));
  REQUIRE(::mount("tmpfs", place.c_str(), "tmpfs", MS_NODEV, "size=16m") == 0);
  auto refused = create_simulated_machine("h200x1", place + "/machine");
  CHECK_FALSE(refused);
  if (!refused) {
    CHECK(refused.error().code == ErrorCode::kUnsupported);
    CHECK(refused.error().text.find("mounted nodev") != std::string::npos);
  }
  CHECK(list_directory(place)->empty());
  CHECK(::umount(place.c_str()) == 0);
}
