// SPDX-License-Identifier: Apache-2.0
#include "render/arguments.h"

#include <doctest/doctest.h>

#include "render/describe.h"

using namespace outboard;

static plan::Plan small_plan() {
  plan::Plan plan;
  plan.simulated = true;
  plan.nodes = {
      {"/dev/nvidia0", "/sim/dev/nvidia0", 240, 0, 0666, 0, 0, false, {"GPU 0", "minor 0"}}};
  plan.mounts = {
      {"/usr/lib/libcuda.so.1.2", "/usr/lib64/libcuda.so.1", false, {"capability compute", "x"}},
      {"/run/s", "/run/s", true, {}}};
  plan.groups = {44};
  plan.notes = {"a note"};
  return plan;
}

TEST_CASE("arguments are the same words for docker and podman") {
  CHECK(render::engine_arguments(small_plan()) ==
        std::vector<std::string>{"--device=/sim/dev/nvidia0:/dev/nvidia0:rw",
                                 "--volume=/usr/lib/libcuda.so.1.2:/usr/lib64/libcuda.so.1:ro",
                                 "--volume=/run/s:/run/s", "--group-add=44",
                                 "--env=NVIDIA_VISIBLE_DEVICES=void"});
}

TEST_CASE("in a user namespace a node from elsewhere is a volume and a rule") {
  plan::Plan plan = small_plan();
  auto words = render::engine_arguments(plan, true);
  CHECK(words[0] == "--volume=/sim/dev/nvidia0:/dev/nvidia0");
  CHECK(words[1] == "--device-cgroup-rule=c 240:0 rw");
  plan.nodes[0].host_path = plan.nodes[0].path;
  CHECK(render::engine_arguments(plan, true)[0] == "--device=/dev/nvidia0:/dev/nvidia0:rw");
}

TEST_CASE("the Compose fragment is YAML with quoted scalars") {
  CHECK(render::compose_fragment(small_plan())
            .find("devices:\n  - \"/sim/dev/nvidia0:/dev/nvidia0:rw\"\n") == 0);
}

TEST_CASE("the text says simulated, what and why") {
  std::string text = render::plan_text(small_plan());
  CHECK(text.find("simulated machine") == 0);
  CHECK(text.find("/dev/nvidia0 (240:0, to be made)") != std::string::npos);
  CHECK(text.find("capability compute") != std::string::npos);
  CHECK(render::plan_json(small_plan())["nodes"].items()[0]["mode"].text() == "0666");
}
