// SPDX-License-Identifier: Apache-2.0
#include "render/oci.h"

#include <doctest/doctest.h>

using namespace outboard;

static plan::Plan small_plan(const char* version) {
  plan::Plan plan;
  plan.nodes = {{"/dev/nvidia0", "/dev/nvidia0", 195, 0, 0666, 0, 0, true, {}},
                {"/dev/nvidiactl", "/dev/nvidiactl", 195, 255, 0660, 0, 44, true, {}}};
  plan.mounts = {
      {std::string("/usr/lib/libcuda.so.") + version, "/usr/lib64/libcuda.so.1", false, {}},
      {"/run/nvidia-persistenced/socket", "/run/nvidia-persistenced/socket", true, {}}};
  plan.cache = {{"libcuda.so.1", "/usr/lib64/libcuda.so.1", 64}};
  plan.groups = {44};
  return plan;
}

static json::Value parsed(const char* text) {
  auto value = json::parse(text, "spec");
  REQUIRE(value);
  return *value;
}

static const char* kSpec = R"({"ociVersion":"1.0.2","future":{"x":18446744073709551615},
  "process":{"env":["PATH=/bin"],"user":{"uid":0,"additionalGids":[5]}},
  "mounts":[{"destination":"/proc","type":"proc","source":"proc"}],
  "hooks":{"prestart":[{"path":"/usr/bin/nvidia-container-runtime-hook"},{"path":"/bin/other"}]},
  "linux":{"resources":{"devices":[{"allow":false,"access":"rwm"}]}}})";

TEST_CASE("an edit adds nodes, rules, mounts and groups, takes GPU hooks out and leaves the rest") {
  json::Value spec = parsed(kSpec);
  render::edit_spec(spec, small_plan("1"), {});
  CHECK(spec["linux"]["devices"].items().size() == 2);
  CHECK(spec["linux"]["resources"]["devices"].items().size() == 3);
  CHECK(spec["linux"]["resources"]["devices"].items()[0]["allow"].as_bool() == false);
  CHECK(spec["mounts"].items().size() == 3);
  CHECK(spec["process"]["user"]["additionalGids"].items().size() == 2);
  CHECK(spec["hooks"]["prestart"].items().size() == 1);
  CHECK(spec["future"]["x"].number_text() == "18446744073709551615");
  CHECK(render::edited_mounts(spec) ==
        std::vector<std::string>{"/usr/lib64/libcuda.so.1", "/run/nvidia-persistenced/socket"});
}

TEST_CASE("editing twice equals editing once, also after a driver upgrade") {
  json::Value once = parsed(kSpec), twice = parsed(kSpec);
  render::edit_spec(once, small_plan("2"), {});
  render::edit_spec(twice, small_plan("1"), {});
  render::edit_spec(twice, small_plan("2"), {});
  CHECK(json::write(once) == json::write(twice));
  CHECK(json::write(twice).find("libcuda.so.1\"") != std::string::npos);
  CHECK(json::write(twice).find("/usr/lib/libcuda.so.1\\") == std::string::npos);
}

TEST_CASE("a hook that an earlier edit removed still proves the request") {
  json::Value spec = parsed(kSpec);
  spec.at("process").at("env").push("NVIDIA_VISIBLE_DEVICES=0");
  render::edit_spec(spec, small_plan("1"), {});
  CHECK_FALSE(render::has_gpu_hook(spec));
  auto request = render::request_of_spec(spec, {.environment_counts = false});
  REQUIRE(request);
  CHECK(request->has_value());
}

TEST_CASE("what the user put at one of our places stays and is never taken away") {
  json::Value spec =
      parsed(R"({"mounts":[{"destination":"/usr/lib64/libcuda.so.1","source":"/mine"}],
                                "linux":{"devices":[{"path":"/dev/nvidia0","type":"c","major":1,"minor":3}]}})");
  json::Value before = spec;
  render::edit_spec(spec, small_plan("1"), {});
  CHECK(spec["mounts"].items()[0]["source"].text() == "/mine");
  CHECK(spec["mounts"].items().size() == 2);
  CHECK(spec["linux"]["devices"].items().size() == 2);
  render::edit_spec(spec, plan::Plan{}, {});
  CHECK(spec["mounts"] == before["mounts"]);
  CHECK(spec["linux"]["devices"] == before["linux"]["devices"]);
}

TEST_CASE("a variable replaces every entry of its name, and an undone edit brings them back") {
  json::Value before = parsed(
      R"({"process":{"env":["LD_LIBRARY_PATH=/a:/b","X=1","LD_LIBRARY_PATH=/b","LD_LIBRARY_PATHS=/a"]}})");
  plan::Plan plan = small_plan("1");
  plan.environment = {{"LD_LIBRARY_PATH", "/b", {}}, {"NEW", "1", {}}};
  json::Value once = before;
  render::edit_spec(once, plan, {});
  CHECK(once["process"]["env"].as_strings() ==
        std::vector<std::string>{"LD_LIBRARY_PATH=/b", "X=1", "LD_LIBRARY_PATH=/b",
                                 "LD_LIBRARY_PATHS=/a", "NEW=1"});
  CHECK(render::environment_before_edit(once) == before["process"]["env"].as_strings());
  json::Value bare = parsed("{}");
  render::edit_spec(bare, plan, {});
  CHECK(bare["process"]["env"].as_strings() ==
        std::vector<std::string>{"LD_LIBRARY_PATH=/b", "NEW=1"});
  json::Value twice = once;
  render::edit_spec(twice, plan, {});
  CHECK(twice == once);
  render::edit_spec(twice, plan::Plan{}, {});
  CHECK(twice["process"]["env"] == before["process"]["env"]);
}

TEST_CASE("in a user namespace nodes are bind mounts; the cache fallback is a mount") {
  json::Value spec = parsed("{}");
  render::edit_spec(spec, small_plan("1"),
                    {.ld_cache_source = "/bundle/cache", .nodes_as_mounts = true});
  CHECK(spec["linux"].find("devices") == nullptr);  // null would not be valid OCI
  CHECK(spec["mounts"].items().size() == 5);
  CHECK(spec["mounts"].items().back()["destination"].text() == "/etc/ld.so.cache");
}

TEST_CASE("wrong types in a specification do no harm") {
  json::Value spec = parsed(
      R"({"mounts":7,"hooks":[],"process":"x","linux":null,"annotations":{"io.outboard.edit":"not json"}})");
  CHECK(render::request_of_spec(spec, {}));
  CHECK_FALSE(render::has_gpu_hook(spec));
  CHECK(render::check_shape(spec).error().text == "config.json: 'mounts' must be a list");
  CHECK(render::check_shape(json::Value(1)).error().text ==
        "config.json: 'the document' must be an object");
  CHECK_FALSE(render::check_shape(json::Value()));
  CHECK(render::check_shape(parsed(kSpec)));
}

TEST_CASE("an edit is believed for the bundle that it was written for, and no other") {
  json::Value spec = parsed(kSpec);
  render::edit_spec(spec, small_plan("1"), {.bundle = "/run/bundles/one"});
  json::Value same = spec, other = spec;
  render::forget_foreign_edit(same, "/run/bundles/one");
  CHECK(same == spec);
  render::forget_foreign_edit(other, "/run/bundles/two");
  CHECK(render::edited_mounts(other).empty());

  // What an image's manifest can bring: a claim that the engine asked for GPUs.
  json::Value claim = parsed(R"({"annotations":{"io.outboard.edit":"{\"hook\":true}"},
    "process":{"env":["NVIDIA_VISIBLE_DEVICES=all"]}})");
  CHECK(*render::request_of_spec(claim, {false, true}));
  render::forget_foreign_edit(claim, "/run/bundles/one");
  CHECK_FALSE(*render::request_of_spec(claim, {false, true}));
}
