// SPDX-License-Identifier: Apache-2.0
// Checks of engines and CDI on facts and machines where they pass and where they do not. The real
// daemons are asked by test/engines/doctor_engines.sh.
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <thread>

#include "base/unix_http.h"
#include "doctor/daemon_process.h"
#include "doctor/read_engines.h"
#include "test/fixtures/doctor_machine.h"

using namespace outboard;
using namespace outboard::doctor;

namespace {

Facts with_docker() {
  Facts facts;
  facts.machine.gpus.resize(1);
  DockerFacts& docker = facts.docker;
  docker.client = "/usr/bin/docker";
  docker.endpoint = "/run/docker.sock";
  docker.config_file = "/etc/docker/daemon.json";
  docker.info.emplace();
  docker.info->version = "28.2.2";
  docker.info->operating_system = "Debian GNU/Linux 12 (bookworm)";
  docker.info->default_runtime = "runc";
  docker.info->runtimes = {{"runc", "runc", true}};
  docker.process.emplace();
  docker.process->pid = 77;
  docker.process->program = "/usr/bin/dockerd";
  docker.process->unit = "docker.service";
  docker.process->started = 1000.0;
  docker.process->search_path = {"/usr/bin"};
  docker.hook = FoundProgram{"/usr/bin/nvidia-container-runtime-hook", 900.0};
  return facts;
}

Findings ask(std::string_view id, const Facts& facts) {
  const Check* check = find_check(id);
  REQUIRE(check);
  return check->look(facts);
}

constexpr const char* kSpec = R"(---
cdiVersion: 0.5.0
containerEdits:
  deviceNodes:
  - path: /dev/nvidiactl
  hooks:
  - args:
    - nvidia-ctk
    - hook
    - --folder
    - /usr/lib
    hookName: createContainer
    path: /usr/bin/nvidia-smi
  mounts:
  - containerPath: /usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05
    hostPath: /usr/lib/x86_64-linux-gnu/libcuda.so.580.95.05
    options:
    - ro
    - bind
devices:
- containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
  name: "0"
- containerEdits:
    deviceNodes:
    - path: /dev/nvidia0
    - path: /dev/nvidia1
  name: all
kind: nvidia.com/gpu
)";

}  // namespace

TEST_CASE("a healthy Docker passes every check about it, and so does none") {
  Facts none;
  for (const Check& check : checks()) {
    if (check.engine != "docker") continue;
    INFO(check.id);
    CHECK(worst(check.id, with_docker()) == Severity::kOk);
    CHECK(worst(check.id, none) == Severity::kOk);
  }
  none.engine = "docker";
  none.docker.endpoint = "/run/docker.sock";
  CHECK(ask("docker", none).at(0).what == "Docker is not installed");
}

TEST_CASE("checks of an engine that is not there do not say that it is well") {
  Facts facts;
  for (const char* id : {"docker-config", "docker-kind", "docker-runtimes", "docker-gpus",
                         "docker-cdi", "podman-cdi", "containerd-cdi", "crio-cdi"}) {
    INFO(std::string(id));
    Findings findings = ask(id, facts);
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].severity == Severity::kOk);
    CHECK(findings[0].what == "not installed");
  }
  facts.docker.client = "/usr/bin/docker";
  CHECK(ask("docker-gpus", facts).at(0).what == "the daemon gave no answer to look at");
  facts.docker.remote = true;
  CHECK(ask("docker-gpus", facts).at(0).what == "the daemon is not on this machine");
  CHECK_FALSE(holds(ask("docker-gpus", with_docker()).at(0).what, "no answer"));
}

TEST_CASE("Docker that does not answer") {
  Facts facts = with_docker();
  facts.docker.info.reset();
  CHECK(worst("docker", facts) == Severity::kNote);
  CHECK(holds(ask("docker", facts).at(0).mend, "systemctl start docker"));
  facts.docker.error = "connect to '/run/docker.sock': Connection refused";
  CHECK(worst("docker", facts) == Severity::kError);
  facts.docker.denied = true;
  CHECK(worst("docker", facts) == Severity::kNote);
  CHECK(holds(ask("docker", facts).at(0).mend, "usermod -aG docker"));
  facts.engine = "docker";
  CHECK(worst("docker", facts) == Severity::kError);
  facts.docker.remote = true;
  facts.docker.endpoint = "tcp://elsewhere:2375";
  CHECK(holds(ask("docker", facts).at(0).what, "tcp://elsewhere:2375"));
}

TEST_CASE("Docker of a kind that cannot give GPUs") {
  Facts desktop = with_docker();
  desktop.docker.info->operating_system = "Docker Desktop";
  CHECK(worst("docker-kind", desktop) == Severity::kError);
  Facts snap = with_docker();
  snap.docker.process->program = "/snap/docker/2963/bin/dockerd";
  CHECK(worst("docker-kind", snap) == Severity::kError);
  Facts rootless = with_docker();
  rootless.docker.info->rootless = true;
  CHECK(worst("docker-kind", rootless) == Severity::kNote);
}

TEST_CASE("what daemon.json says and the daemon has not loaded; runtimes that are not there") {
  Facts facts = with_docker();
  facts.docker.config = *json::parse(
      R"({"runtimes": {"outboard": {"path": "/usr/bin/outboard-runtime"}},
          "default-runtime": "outboard"})",
      "daemon.json");
  Findings findings = ask("docker-config", facts);
  CHECK(holds(findings.at(0).what, "runtime 'outboard', default-runtime 'outboard'"));
  CHECK(findings.at(0).steps == std::vector<Step>{{"systemctl", "reload", "docker.service"}});
  facts.docker.process->unit.clear();
  CHECK(ask("docker-config", facts).at(0).steps == std::vector<Step>{{"kill", "-HUP", "77"}});
  facts.docker.info->runtimes.push_back({"outboard", "/usr/bin/outboard-runtime", false});
  facts.docker.info->default_runtime = "outboard";
  CHECK(worst("docker-config", facts) == Severity::kOk);
  CHECK(worst("docker-runtimes", facts) == Severity::kError);
  facts.docker.info->default_runtime = "runc";
  CHECK(worst("docker-runtimes", facts) == Severity::kWarning);
  facts.docker.config_error = "daemon.json: line 1: a comma is missing";
  CHECK(worst("docker-config", facts) == Severity::kError);
}

TEST_CASE("the hook's name, which --gpus looks for when the daemon starts") {
  Facts facts = with_docker();
  facts.docker.hook->changed = 1100.0;
  CHECK(holds(ask("docker-gpus", facts).at(0).what, "newer than the running daemon"));
  facts.docker.hook->changed = *facts.docker.process->started + 0.02;  // no later than it is known
  CHECK(worst("docker-gpus", facts) == Severity::kOk);
  facts.docker.hook.reset();
  CHECK(worst("docker-gpus", facts) == Severity::kWarning);
  CHECK(holds(ask("docker-gpus", facts).at(0).mend, "ln -s"));
  facts.machine.gpus.clear();
  CHECK(worst("docker-gpus", facts) == Severity::kNote);
  facts.docker.process->search_path.reset();
  CHECK(worst("docker-gpus", facts) == Severity::kUnknown);
  facts.docker.cdi_hook = FoundProgram{"/usr/bin/nvidia-cdi-hook", 900.0};
  CHECK(worst("docker-gpus", facts) == Severity::kUnknown);  // 28.2 does not look for it
  facts.docker.info->version = "29.2.0";
  CHECK(worst("docker-gpus", facts) == Severity::kOk);
  facts.docker.info->version = "18.09.1";
  CHECK(holds(ask("docker-gpus", facts).at(0).what, "older than 19.03"));
}

TEST_CASE("CDI as Docker 26.1 and 28.5 report it, held against the specifications that there are") {
  auto info = [](const char* version) {
    std::string file = cat(DOCKER_ANSWERS, "/", version, ".json");
    return docker_info(*json::parse(*read_file(file), file), std::nullopt);
  };
  CdiSpec spec;
  spec.file = "/etc/cdi/nvidia.yaml";
  spec.directory = "/etc/cdi";
  spec.kind = "nvidia.com/gpu";
  spec.devices = {"0", "all"};
  Facts facts = with_docker();
  facts.docker.info = info("26.1");
  CHECK(facts.docker.info->cgroup_driver == "cgroupfs");
  CHECK(facts.docker.info->runc == "1.1.15+ds1");
  CHECK(ask("docker-cdi", facts).at(0).what == "this daemon uses no CDI");
  facts.cdi.specs = {spec};
  CHECK(worst("docker-cdi", facts) == Severity::kNote);
  CHECK(holds(ask("docker-cdi", facts).at(0).what, "Docker 26.1.5+dfsg1 does not use CDI"));
  CHECK(holds(ask("docker-cdi", facts).at(0).mend, "features.cdi to true in '/etc/docker/daemon"));

  facts.docker.info = info("28.5");
  facts.docker.cdi_places = {"/etc/cdi", "/run/cdi"};
  CHECK(ask("docker-cdi", facts).at(0).what == "/etc/cdi, /var/run/cdi");
  CHECK(worst("docker-cdi", facts) == Severity::kOk);
  facts.cdi.specs.front().devices.push_back("1");
  CHECK(worst("docker-cdi", facts) == Severity::kWarning);
  CHECK(holds(ask("docker-cdi", facts).at(0).what,
              "has not found 'nvidia.com/gpu=1' of '/etc/cdi/nvidia.yaml'"));
  facts.docker.cdi_places = {"/srv/cdi"};
  facts.docker.info->cdi_directories = {"/srv/cdi"};
  CHECK(ask("docker-cdi", facts).size() == 1);
  CHECK(holds(ask("docker-cdi", facts).at(0).what,
              "reads /srv/cdi alone, and not '/etc/cdi/nvidia.yaml'"));
  facts.docker.config = *json::parse(R"({"features": {"cdi": false}})", "daemon.json");
  CHECK(holds(ask("docker-cdi", facts).at(0).what, "switched off in '/etc/docker/daemon.json'"));
  facts.docker.info->version = "20.10.24+dfsg1";
  CHECK(holds(ask("docker-cdi", facts).at(0).what, "knows no CDI; 25.0 is the first"));
  facts.cdi.specs.clear();
  CHECK(worst("docker-cdi", facts) <= Severity::kNote);

  json::Value none =
      *json::parse(R"({"ServerVersion": "28.2.2", "CDISpecDirs": ["/etc/cdi"]})", "the answer");
  CHECK(docker_info(none, std::nullopt).cdi_devices == std::vector<std::string>{});
  none.set("ServerVersion", json::Value(std::string("28.1.1")));
  CHECK_FALSE(docker_info(none, std::nullopt).cdi_devices);
}

TEST_CASE("CDI specifications against the machine") {
  if (!can_make_nodes()) return;
  TestMachine machine;
  CHECK(machine.said("cdi-specs") == "ok: there are none []\n");
  machine.write("etc/cdi/nvidia.yaml", kSpec).write("etc/cdi/other.json", R"({"kind": "x.org/y"})");
  CHECK(machine.said("cdi-specs") == "ok: 1 files []\n");
  CHECK(machine.ask("cdi-driver").severity() == Severity::kOk);

  machine.remove("dev/nvidia1");
  CHECK(holds(machine.said("cdi-specs"), "names what does not exist: /dev/nvidia1"));
  CHECK(machine.mended("cdi-specs") == Severity::kOk);
  CHECK(path_exists(machine.path("etc/cdi/nvidia.yaml.outdated")));

  // Made for the driver before the upgrade, whose files are gone.
  machine.write("etc/cdi/nvidia.json", R"({"kind": "nvidia.com/gpu", "devices": [{"name": "all",
    "containerEdits": {"deviceNodes": [{"path": "/dev/nvidia0", "major": 195, "minor": 9}],
    "mounts": [{"hostPath": "/usr/lib/libcuda.so.535.54.03"}]}}]})");
  std::string said = machine.said("cdi-specs");
  CHECK(holds(said, "/usr/lib/libcuda.so.535.54.03"));
  CHECK(holds(said, "old device numbers: /dev/nvidia0 (195:9, now "));
  // And where they are still there.
  machine.write("etc/cdi/nvidia.json", R"({"kind": "nvidia.com/gpu", "devices": [{"name": "all",
    "containerEdits": {"mounts": [{"hostPath": "/usr/lib/libcuda.so.535.54.03"}]}}]})");
  machine.write("usr/lib/libcuda.so.535.54.03", "");
  CHECK(machine.ask("cdi-specs").severity() == Severity::kOk);
  CHECK(holds(machine.said("cdi-driver"), "libraries of driver 535.54.03"));
  CHECK(machine.mended("cdi-driver") == Severity::kOk);
}

TEST_CASE("one device in two CDI specifications, and one that is not understood") {
  if (!can_make_nodes()) return;
  TestMachine machine;
  constexpr const char* kOne = R"({"kind": "nvidia.com/gpu", "devices": [{"name": "all"}]})";
  machine.write("etc/cdi/a.json", kOne).write("etc/cdi/b.json", kOne);
  CHECK(machine.ask("cdi-specs").severity() == Severity::kError);
  CHECK(holds(machine.said("cdi-specs"), "both define nvidia.com/gpu=all"));
  machine.remove("etc/cdi/b.json").write("var/run/cdi/b.json", kOne);
  CHECK(machine.ask("cdi-specs").severity() == Severity::kNote);
  machine.remove("etc/cdi/a.json").write("var/run/cdi/nvidia.yaml", "kind: [nvidia.com/gpu\n");
  CHECK(holds(machine.said("cdi-specs"), "nvidia.yaml: line 2: not valid YAML: "));
  CHECK(machine.ask("cdi-specs").severity() == Severity::kWarning);
  machine.write("var/run/cdi/nvidia.yaml", "");
  CHECK(holds(machine.said("cdi-specs"), "nvidia.yaml: it has no kind"));
  // A name that engines do not read, and YAML in a file that is called JSON.
  machine.remove("var/run/cdi/b.json");
  machine.write("var/run/cdi/nvidia.yaml", kOne).write("var/run/cdi/b.yml", kOne);
  CHECK(machine.ask("cdi-specs").severity() == Severity::kOk);
  machine.write("var/run/cdi/b.json", "kind: nvidia.com/gpu\ndevices: [{name: all}]\n");
  CHECK(machine.ask("cdi-specs").severity() == Severity::kError);
}

TEST_CASE("a daemon's socket: what answers, what does not, and what is none") {
  auto response = parse_response("HTTP/1.0 200 OK\r\nA: b\r\n\r\n{}");
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->body == "{}");
  CHECK_FALSE(parse_response("SSH-2.0-x\r\n\r\n"));
  CHECK_FALSE(parse_response("HTTP/1.0 OK\r\n\r\n"));

  test::Scratch scratch;
  std::string path = scratch.path + "/s";
  auto patience = std::chrono::milliseconds(100);
  CHECK(get_from_socket(path, "/info", patience).error().code == ErrorCode::kNotFound);
  int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  CHECK_FALSE(get_from_socket(path, "/info", patience));  // nobody listens
  REQUIRE(::listen(listener, 1) == 0);
  CHECK(get_from_socket(path, "/info", patience).error().code == ErrorCode::kBusy);
  ErrorCode code{};
  auto answers = [&](std::string text) {
    std::thread server([&] {
      // Those that gave up before are in the queue still.
      while (true) {
        int peer = ::accept(listener, nullptr, nullptr);
        bool last = ::send(peer, text.data(), text.size(), MSG_NOSIGNAL) > 0;
        char request[256];
        last = last && ::recv(peer, request, sizeof request, 0) > 0;
        ::close(peer);
        if (last) break;
      }
    });
    auto got = get_from_socket(path, "/info", std::chrono::seconds(10));
    server.join();
    if (!got) code = got.error().code;
    return got ? json::write(got->body) : got.error().text;
  };
  CHECK(answers("HTTP/1.0 200 OK\r\n\r\n{\"a\":1}") == "{\"a\":1}");
  CHECK(holds(answers("HTTP/1.0 404 No\r\n\r\n{\"message\":\"page\"}"), "page (status 404)"));
  CHECK(code == ErrorCode::kNotFound);
  CHECK(holds(answers("HTTP/1.0 200 OK\r\n\r\nhtml"), "line 1"));
  CHECK(code == ErrorCode::kIo);
  CHECK(answers("HTTP/1.0 404 No\r\n\r\nnot here\n") == "the daemon says: not here (status 404)");
  CHECK(code == ErrorCode::kNotFound);
  CHECK(holds(answers("OK"), "does not speak HTTP"));
  ::close(listener);
}

TEST_CASE("a daemon's process") {
  auto self = daemon_process(static_cast<uint32_t>(::getpid()));
  REQUIRE(self);
  CHECK(self->search_path.has_value());
  CHECK(self->started.value_or(0) > 1e9);
  CHECK_FALSE(start_time("77 (a) b"));
  CHECK(option_of({"d", "--config-file", "/x"}, "--config-file") == "/x");
  CHECK(option_of({"d", "--config-file=/y"}, "--config-file") == "/y");
  CHECK_FALSE(option_of({"d", "--config-file"}, "--config-file"));
}

TEST_CASE("NVIDIA's toolkit beside ours, and its configuration") {
  if (!can_make_nodes()) return;
  TestMachine machine;
  CHECK(machine.said("nvidia-toolkit") == "ok: not installed []\n");
  CHECK(machine.ask("nvidia-config").severity() == Severity::kOk);
  machine.write("usr/bin/nvidia-container-runtime", "")
      .write("etc/containers/oci/hooks.d/oci-nvidia-hook.json", "{}")
      .write("sbin/ldconfig", "")
      .write("etc/nvidia-container-runtime/config.toml",
             "[nvidia-container-cli]\nldconfig = \"@/sbin/ldconfig\"\n"
             "[nvidia-container-runtime]\nmode = \"auto\"\n");
  REQUIRE(::chmod(machine.path("usr/bin/nvidia-container-runtime").c_str(), 0755) == 0);
  CHECK(machine.ask("nvidia-toolkit").severity() == Severity::kNote);
  CHECK(holds(machine.said("nvidia-toolkit"), "oci-nvidia-hook.json"));
  CHECK(machine.ask("nvidia-config").severity() == Severity::kOk);
  machine.write("etc/nvidia-container-runtime/config.toml",
                "[nvidia-container-cli]\nldconfig = \"@/no/ldconfig\"\nno-cgroups = true\n"
                "[nvidia-container-runtime]\nmode = \"magic\"\n");
  std::string said = machine.said("nvidia-config");
  CHECK(holds(said, "no-cgroups is true"));
  CHECK(holds(said, "'@/no/ldconfig', which does not exist"));
  CHECK(holds(said, "'magic', which NVIDIA's runtime does not know"));
  machine.write("etc/nvidia-container-runtime/config.toml",
                "foo = 1\nno-cgroups = true\ndisable-require = false\n"
                "[nvidia-container-cli]\nldconfg = \"@/sbin/ldconfig\"\nswarm-resource = \"X\"\n"
                "[nvidia-container-runtime.modes.cdi]\nanything = 1\n[features]\nnew = true\n");
  said = machine.said("nvidia-config");
  CHECK(holds(said, "note: 'foo' in '"));
  CHECK(holds(said, "stands at the top, where NVIDIA's toolkit 1.20 knows no such key"));
  CHECK(holds(said, "warning: 'no-cgroups' in '"));
  CHECK(holds(said,
              "stands at the top, and counts under [nvidia-container-cli] alone [put it "
              "under [nvidia-container-cli]]"));
  CHECK(holds(said, "note: 'ldconfg' in '"));
  CHECK(holds(said, "stands under [nvidia-container-cli], and counts at the top, before every"));
  for (const char* known : {"'disable-require'", "'anything'", "'new'", "no-cgroups is true"})
    CHECK_FALSE(holds(said, known));
  machine.write("etc/nvidia-container-runtime/config.toml", "[broken");
  CHECK(machine.ask("nvidia-config").severity() == Severity::kError);
}
