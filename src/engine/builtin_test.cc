// SPDX-License-Identifier: Apache-2.0
// The pure parts of the built-in engine: names, options, accounts, the specification.
#include <doctest/doctest.h>

#include "base/json.h"
#include "engine/accounts.h"
#include "engine/bundle_spec.h"
#include "engine/container_directory.h"
#include "engine/container_options.h"
#include "engine/image_config.h"
#include "engine/image_source.h"
#include "engine/image_store.h"
#include "engine/low_level.h"

using namespace outboard;          // NOLINT: a test
using namespace outboard::engine;  // NOLINT

namespace {

using Kind = ImageSource::Kind;

ImageSource source(const char* text) {
  auto parsed = parse_image_source(text);
  REQUIRE(parsed);
  return *parsed;
}

RunWords words_of(const std::vector<std::string>& list) {
  auto words = split_run_words(list, {});
  REQUIRE(words);
  return *words;
}

constexpr const char* kPasswd =
    "# comment\n"
    "root:x:0:0:root:/root:/bin/sh\n"
    "broken line\n"
    "daemon:x:1:2:daemon:/usr/sbin:/bin/false\n"
    "1001:x:7:7::/odd:\n"
    "me:x:1000:1000:Me:/home/me:/bin/sh\n"
    "bad:x:99999999999:1::/:\n";
constexpr const char* kGroup = "root:x:0:\nvideo:x:44:other,me\nrender:x:105:me\nme:x:1000:\n";

}  // namespace

TEST_CASE("image sources") {
  CHECK(source("rootfs:/a:b") == ImageSource{Kind::kRootfs, "/a:b", ""});
  CHECK(source("oci:dir") == ImageSource{Kind::kOciLayout, "dir", ""});
  CHECK(source("oci:/a/b:v1.2") == ImageSource{Kind::kOciLayout, "/a/b", "v1.2"});
  CHECK(source("oci:/a:b/c") == ImageSource{Kind::kOciLayout, "/a:b/c", ""});
  CHECK(source("oci-archive:x.tar") == ImageSource{Kind::kOciArchive, "x.tar", ""});
  CHECK(source("oci-archive:/a/x.tar:v1") == ImageSource{Kind::kOciArchive, "/a/x.tar", "v1"});
  CHECK(skopeo_name(source("oci-archive:/a/x.tar:v1")) == "oci-archive:/a/x.tar:v1");
  CHECK(is_builtin_only("oci-archive:x"));
  CHECK(source("docker-archive:x.tar") == ImageSource{Kind::kDockerArchive, "x.tar", ""});
  CHECK(source("ubuntu:22.04") == ImageSource{Kind::kRegistry, "ubuntu:22.04", ""});
  CHECK(source("docker://h:5000/a/b@sha256:00").place == "h:5000/a/b@sha256:00");
  CHECK(skopeo_name(source("ubuntu")) == "docker://ubuntu");
  CHECK(skopeo_name(source("oci:/a:t")) == "oci:/a:t");
  CHECK(is_builtin_only("oci:x"));
  CHECK(!is_builtin_only("ociimage"));
}

TEST_CASE("what is no image is refused with the forms that there are") {
  for (const char* text : {"", "rootfs:", "oci:", "docker-archive:", "oci-archive:", "/a/b", "-x",
                           "a b", "a//b", "../x", "a:", "a;b", "docker://", "--help"}) {
    CAPTURE(text);
    auto parsed = parse_image_source(text);
    REQUIRE(!parsed);
    CHECK(parsed.error().code == ErrorCode::kUsage);
    CHECK(parsed.error().hint.find("oci:DIR[:TAG]") != std::string::npos);
  }
}

TEST_CASE("transports that are not read are refused with what to write, and are no registries") {
  auto hint = [](const char* text) {
    auto parsed = parse_image_source(text);
    REQUIRE(!parsed);
    CHECK(parsed.error().code == ErrorCode::kUsage);
    CHECK(is_other_transport(text));
    return parsed.error().hint;
  };
  CHECK(hint("docker-daemon:app:1") == "name it as docker does: app:1, with --engine docker");
  CHECK(hint("containers-storage:[overlay@/x]app:1") ==
        "name it as podman does: app:1, with --engine podman");
  for (const char* text : {"dir:./x", "dir:/x", "dir:a/b", "ostree:/x", "sif:./x.sif",
                           "dir:", "tarball:./x.tar", "dir:-x"}) {
    CAPTURE(text);
    CHECK_FALSE(hint(text).empty());
  }
  CHECK(hint("dir:./x").find("'skopeo copy dir:./x oci:DIR:TAG'") != std::string::npos);
  // Tags of an image and ports of a host; no file here has these names.
  for (const char* text : {"dir:v1.2-none", "sif:5000/app", "directory:/x", "ubuntu:22.04"})
    CHECK_FALSE(is_other_transport(text));
}

TEST_CASE("users and groups by the image's files") {
  auto account = [](const char* user) {
    auto found = find_account(user, kPasswd, kGroup);
    REQUIRE(found);
    return *found;
  };
  CHECK(account("") == Account{0, 0, {}, "/root"});
  CHECK(account("me") == Account{1000, 1000, {44, 105}, "/home/me"});
  CHECK(account("1000") == Account{1000, 1000, {44, 105}, "/home/me"});
  CHECK(account("me:video") == Account{1000, 44, {}, "/home/me"});
  CHECK(account("me:7") == Account{1000, 7, {}, "/home/me"});
  CHECK(account("daemon") == Account{1, 2, {}, "/usr/sbin"});
  CHECK(account("555") == Account{555, 0, {}, "/"});
  CHECK(account("555:666") == Account{555, 666, {}, "/"});
  CHECK(account("1001").uid == 7);  // a name wins over a number
  CHECK(find_account("", "", "")->home == "/root");
  CHECK(find_account("nobody", kPasswd, kGroup).error().text ==
        "user 'nobody' is not in the image's /etc/passwd");
  CHECK(find_account("me:nogroup", kPasswd, kGroup).error().code == ErrorCode::kNotFound);
  CHECK(!find_account("bad", kPasswd, kGroup));
}

TEST_CASE("options of the built-in engine; others are refused by name") {
  auto options = container_options(
      words_of({"-e", "A=1", "-e", "A=2", "-v", "/x:/y:ro", "-w", "/w", "-u", "me", "--name", "n",
                "-it", "--rm", "--read-only", "--network=none", "--entrypoint", "", "i"}));
  REQUIRE(options);
  CHECK(options->environment == std::vector<std::string>{"A=2"});
  CHECK(options->volumes == std::vector<Volume>{{"/x", "/y", true}});
  CHECK(options->entrypoint == "");
  CHECK(options->interactive);
  CHECK(options->terminal);
  CHECK(options->remove);
  CHECK(options->read_only);
  CHECK(!options->host_network);
  auto refused = container_options(words_of({"-p", "80:80", "--rm", "--memory=1g", "i"}));
  REQUIRE(!refused);
  CHECK(refused.error().text == "run: the built-in engine has no --publish, --memory");
  CHECK(!container_options(words_of({"--network=bridge", "i"})));
  CHECK(!container_options(words_of({"--name=../x", "i"})));
  CHECK(!container_options(words_of({"--name=.x", "i"})));
  CHECK(!container_options(words_of({"--name=", "i"})));
  CHECK(!container_options(words_of({"-w", "relative", "i"})));
  CHECK(!container_options(words_of({"--pull=sometimes", "i"})));
  CHECK(!container_options(words_of({"-e", "=x", "i"})));
}

TEST_CASE("volumes") {
  CHECK(*parse_volume("/a:/b") == Volume{"/a", "/b", false});
  CHECK(*parse_volume("/a:/b:ro,z") == Volume{"/a", "/b", true});
  CHECK(parse_volume("./a:/b")->source.front() == '/');
  for (const char* text :
       {"", "/a", "name:/b", "/a:b", "/a:/", "/a:/b:exec", "/a:/b:ro:x", ":/b"}) {
    CAPTURE(text);
    CHECK(!parse_volume(text));
  }
}

TEST_CASE("entrypoint, command and variables as docker combines them") {
  ImageConfig image{{"/entry"}, {"default", "command"}, {}, "", ""};
  std::string other = "/other";
  std::string none;
  using Words = std::vector<std::string>;
  CHECK(container_argv(image, nullptr, {}) == Words{"/entry", "default", "command"});
  CHECK(container_argv(image, nullptr, {"x"}) == Words{"/entry", "x"});
  CHECK(container_argv(image, &other, {}) == Words{"/other"});
  CHECK(container_argv(image, &none, {"x"}) == Words{"x"});
  CHECK(container_argv(image, &none, {}).empty());
  Words environment = {"PATH=/bin", "PATHX=1"};
  set_variable(environment, "PATH=/usr/bin");
  set_variable(environment, "NEW=");
  CHECK(environment == Words{"PATH=/usr/bin", "PATHX=1", "NEW="});
  CHECK(find_variable(environment, "PATH") == "/usr/bin");
  CHECK(find_variable(environment, "NEW") == "");
  CHECK(!find_variable(environment, "PAT"));
}

TEST_CASE("the specification: only what is allowed is there") {
  BundleInput input;
  input.argv = {"sh"};
  input.environment = {"A=1"};
  input.account = {1000, 44, {105}, "/"};
  input.root = "/r";
  input.cgroups_path = "/outboard/x";
  input.volumes = {{"/a", "/b", true}};
  json::Value spec = bundle_spec(input);
  CHECK(spec["process"]["user"]["uid"].as_int() == 1000);
  CHECK(spec["process"]["user"]["additionalGids"].items().size() == 1);
  CHECK(spec["process"]["args"].as_strings() == std::vector<std::string>{"sh"});
  CHECK(spec["root"]["readonly"].as_bool() == false);
  for (const json::Value& capability : spec["process"]["capabilities"]["bounding"].items())
    CHECK(capability.text() != "CAP_SYS_ADMIN");
  CHECK(spec["process"]["capabilities"]["inheritable"].is_null());
  // Everything is denied first; only then come the exceptions.
  const auto& rules = spec["linux"]["resources"]["devices"].items();
  REQUIRE(!rules.empty());
  CHECK(rules[0]["allow"].as_bool() == false);
  CHECK(rules[0]["major"].is_null());
  auto has_namespace = [&](const json::Value& document, const char* type) {
    for (const json::Value& entry : document["linux"]["namespaces"].items()) {
      if (entry["type"].text() == type) return true;
    }
    return false;
  };
  CHECK(!has_namespace(spec, "network"));
  CHECK(!has_namespace(spec, "cgroup"));
  CHECK(has_namespace(spec, "pid"));
  input.host_network = false;
  input.cgroup_namespace = true;
  input.read_only = true;
  json::Value closed = bundle_spec(input);
  CHECK(has_namespace(closed, "network"));
  CHECK(has_namespace(closed, "cgroup"));
  CHECK(closed["root"]["readonly"].as_bool() == true);
  const json::Value& volume = closed["mounts"].items().back();
  CHECK(volume["destination"].text() == "/b");
  CHECK(volume["options"].as_strings() == std::vector<std::string>{"rbind", "rprivate", "ro"});
}

TEST_CASE("overlay options escape what would mean something") {
  CHECK(overlay_options("/a:b", "/c,d", "/e\\f") ==
        "lowerdir=/a\\:b,upperdir=/c\\,d,workdir=/e\\\\f");
}

TEST_CASE("the manifest of a tag") {
  const std::string a = "sha256:" + std::string(64, 'a');
  const std::string b = "sha256:" + std::string(64, 'b');
  auto index = [](const std::string& manifests) {
    auto parsed = json::parse("{\"manifests\":[" + manifests + "]}", "index.json");
    REQUIRE(parsed);
    return *parsed;
  };
  auto entry = [](const std::string& digest, const std::string& tag) {
    std::string name = "\"org.opencontainers.image.ref.name\":\"" + tag + "\"";
    return "{\"digest\":\"" + digest + "\",\"annotations\":{" + (tag.empty() ? "" : name) + "}}";
  };
  CHECK(*manifest_digest(index(entry(a, "v1") + "," + entry(b, "v2")), "v2") == b);
  CHECK(*manifest_digest(index(entry(a, "v1")), "") == a);
  CHECK(*manifest_digest(index(entry(a, "")), "") == a);
  CHECK(*manifest_digest(index(entry(a, "v1") + "," + entry(b, "latest")), "") == b);
  auto missing = manifest_digest(index(entry(a, "v1") + "," + entry(b, "v2")), "v3");
  REQUIRE(!missing);
  CHECK(missing.error().text == "OCI image layout: no tag 'v3', it has v1, v2");
  CHECK(missing.error().hint == "write oci:DIR:TAG");
  CHECK(!manifest_digest(index(entry(a, "v1") + "," + entry(b, "v2")), ""));
  CHECK(!manifest_digest(index(""), ""));
  CHECK(!manifest_digest(index(entry("sha256:../../x", "")), ""));
  CHECK(!manifest_digest(index(entry("sha512:00", "")), ""));
}

TEST_CASE("the specification without root: no cgroup, the host's /sys beside the host's network") {
  BundleInput input;
  input.rootless = true;
  input.terminal_group = false;
  auto mount_of = [](const json::Value& spec, const char* destination) {
    for (const json::Value& entry : spec["mounts"].items()) {
      if (entry["destination"].text() == destination) return entry;
    }
    return json::Value();
  };
  json::Value spec = bundle_spec(input);
  CHECK(spec["linux"]["cgroupsPath"].is_null());
  CHECK(mount_of(spec, "/sys/fs/cgroup").is_null());
  CHECK(mount_of(spec, "/sys")["type"].text() == "bind");
  for (const std::string& option : mount_of(spec, "/dev/pts")["options"].as_strings())
    CHECK(option != "gid=5");
  input.host_network = false;
  CHECK(mount_of(bundle_spec(input), "/sys")["type"].text() == "sysfs");
}

TEST_CASE("only crun without root is told to leave cgroups alone") {
  using Words = std::vector<std::string>;
  LowLevel crun{"/usr/bin/crun", CgroupMode::kUnified, ""};
  LowLevel runc{"/usr/sbin/runc", CgroupMode::kUnified, ""};
  CHECK(crun.command(true) == Words{"/usr/bin/crun", "--cgroup-manager=disabled"});
  CHECK(crun.command(false) == Words{"/usr/bin/crun"});
  CHECK(runc.command(true) == Words{"/usr/sbin/runc"});
}
