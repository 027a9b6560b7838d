// SPDX-License-Identifier: Apache-2.0
#include "pipeline.h"

#include "base/json.h"
#include "base/text.h"
#include "device/select.h"
#include "host/facts_json.h"
#include "oci_schema.h"
#include "plan/plan.h"
#include "render/oci.h"
#include "require.h"

namespace outboard::fuzz {

namespace {

void check_plan(const plan::Plan& plan, const host::Roots& roots) {
  for (const plan::PlannedNode& node : plan.nodes) {
    FUZZ_REQUIRE(node.path.rfind("/dev/", 0) == 0, node.path);
    FUZZ_REQUIRE(node.mode <= 0777, node.path);
  }
  for (const plan::PlannedMount& mount : plan.mounts) {
    FUZZ_REQUIRE(!mount.target.empty() && mount.target[0] == '/', mount.target);
    FUZZ_REQUIRE((mount.target + "/").find("/../") == std::string::npos, mount.target);
    // A snapshot may have been taken with any root; its files lie below that.
    FUZZ_REQUIRE(mount.source.rfind(roots.driver, 0) == 0, mount.source);
  }
  for (const plan::PlannedCacheEntry& entry : plan.cache)
    FUZZ_REQUIRE(!entry.soname.empty() && entry.path.back() != '/', entry.path);
}

}  // namespace

void check_pipeline(const host::Facts& facts, const host::NvmlAnswer* nvml,
                    const plan::ImageLayout& image) {
  std::string text = json::write(host::facts_to_json(facts));
  auto value = json::parse(text, "facts");
  FUZZ_REQUIRE(value, text);
  auto again = host::facts_from_json(*value);
  FUZZ_REQUIRE(again, again ? "" : again.error().text, text);
  FUZZ_REQUIRE(*again == facts, text);

  device::Inventory inventory = device::make_inventory(facts, nvml);
  device::Request request;
  request.kind = device::Request::Kind::kAll;
  request.optional = true;
  (void)device::needs_nvml(request, facts);
  auto selection = device::select(inventory, request);
  if (!selection) {
    FUZZ_REQUIRE(!selection.error().text.empty());
    return;
  }
  auto plan = plan::make_plan(facts, inventory, *selection, device::kAllCapabilities, image);
  if (!plan) {
    FUZZ_REQUIRE(!plan.error().text.empty());
    return;
  }
  check_plan(*plan, facts.roots);
  auto spec = json::parse(
      R"({"ociVersion":"1.0.2","process":{"cwd":"/"},"root":{"path":"rootfs"}})", "spec");
  FUZZ_REQUIRE(spec);
  render::edit_spec(*spec, *plan, {});
  auto problem = schema_problem(*spec);
  FUZZ_REQUIRE(!problem, problem.value_or(""), json::write(*spec));
}

}  // namespace outboard::fuzz
