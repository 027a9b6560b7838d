// SPDX-License-Identifier: Apache-2.0
// Order of the result is fixed: nodes, mounts and cache entries appear as the rules produce them,
// so that two equal requests give equal specifications.
#include "plan/plan.h"

#include <algorithm>

#include "base/text.h"
#include "plan/plan_files.h"
#include "plan/plan_nodes.h"

namespace outboard::plan {

Result<Plan> make_plan(const host::Facts& facts, const device::Inventory& inventory,
                       const device::Selection& selection, device::Capabilities capabilities,
                       const ImageLayout& image) {
  if (!selection.driver) return Plan{};
  OB_CHECK(check_driver(facts));
  if (image.libc == ImageLayout::Libc::kMusl || image.libc == ImageLayout::Libc::kNone) {
    bool musl = image.libc == ImageLayout::Libc::kMusl;
    return make_error(
        ErrorCode::kUnsupported,
        cat("the image has no glibc loader (",
            musl ? "its C library is musl" : "no /lib64/ld-linux-x86-64.so.2",
            "): the NVIDIA driver's libraries cannot be loaded in it"),
        "use an image with glibc (Debian, Ubuntu, RHEL, ...), or run it without a GPU");
  }
  Plan plan;
  plan.simulated = facts.simulated;
  OB_CHECK(add_nodes(plan, facts, inventory, selection, capabilities));
  OB_CHECK(add_files(plan, facts, capabilities, image));
  return plan;
}

bool has_other_dev_root(const Plan& plan) {
  return std::any_of(plan.nodes.begin(), plan.nodes.end(),
                     [](const PlannedNode& node) { return node.path != node.host_path; });
}

void fit_user_namespace(Plan& plan, DeviceRules rules) {
  if (!plan.groups.empty()) {
    std::vector<std::string> names;
    for (uint32_t group : plan.groups) names.push_back(cat(group));
    plan.groups.clear();
    plan.notes.push_back(
        cat("in a user namespace a container gets no group of the host: nodes that only group ",
            join(names, ", "), " may open stay shut"));
  }
  if (!plan.nodes.empty() && rules == DeviceRules::kNone) {
    plan.notes.push_back(
        "without root there are no device rules: other GPUs are kept away by their nodes being "
        "absent, and by what the host lets this user open");
  }
}

}  // namespace outboard::plan
