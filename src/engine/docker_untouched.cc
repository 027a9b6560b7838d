// SPDX-License-Identifier: Apache-2.0
#include "engine/docker_untouched.h"

#include <unistd.h>

#include <ctime>
#include <functional>

#include "base/files.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/directories.h"
#include "engine/docker_attach.h"
#include "engine/docker_image.h"
#include "engine/image_compat.h"
#include "engine/image_config.h"
#include "engine/image_drivers.h"
#include "engine/run_environment.h"
#include "engine/tar.h"
#include "render/arguments.h"

namespace outboard::engine {

namespace {

/// Options of `docker run` that `docker create` has not.
constexpr std::string_view kOnlyRun[] = {"detach", "detach-keys", "sig-proxy"};

Result<void> check_options(const RunWords& words) {
  bool proxy_off = words.value("sig-proxy") && !words.is_on("sig-proxy");
  if (!words.value("attach") && !proxy_off) return {};
  return make_error(ErrorCode::kUnsupported,
                    cat("run: ", proxy_off ? "--sig-proxy=false" : "--attach",
                        " needs outboard-runtime registered in docker"),
                    "leave it out, or register the runtime in /etc/docker/daemon.json");
}

/// One container on its way from `create` to its end.
class UntouchedRun {
 public:
  UntouchedRun(const DockerDaemon& daemon, const RunWords& words, const GpuHooks& gpus,
               const Console& console)
      : daemon_(daemon), docker_(daemon.program), words_(words), gpus_(gpus), console_(console) {}

  Result<int> run() {
    console_.say("engine: docker, its daemon untouched");
    OB_TRY(image_, inspect_docker_image(docker_, words_, console_, &gpus_));
    OB_TRY(plan::Plan plan, make_plan());
    for (const std::string& sentence : plan.notes) console_.say(sentence);
    merged_ = gpus_.merge_cache(image_.ld_cache, plan);
    // docker cp refuses a container whose root is read-only: there the file is mounted over.
    std::string mounted_cache;
    if (words_.is_on("read-only")) {
      OB_TRY(mounted_cache, keep_cache());
    }
    Command create = create_command(plan, mounted_cache);
    if (console_.dry_run) return show(create, mounted_cache.empty());

    OB_CHECK(gpus_.prepare_host(plan));
    OB_CHECK(make_container(create));
    if (mounted_cache.empty()) {
      if (auto copied = copy_files(plan); !copied) {
        [[maybe_unused]] auto ignored = run_captured({{docker_, "rm", "--force", id_}});
        return std::move(copied).error();
      }
    }
    return words_.is_on("detach") ? start_detached() : start_attached();
  }

 private:
  Result<plan::Plan> make_plan() {
    std::optional<OutlineRoot> files;
    std::optional<plan::ImageCompat> compat;
    const std::vector<std::string> mounted = mount_targets(words_);
    if (image_.outline && !image_.outline->entries().empty()) {
      OB_TRY(files, OutlineRoot::make(*image_.outline));
      compat = find_image_compat(files->root(), mounted);
    }
    OB_TRY(std::vector<std::string> environment,
           run_environment(image_.config.environment, words_));
    OB_TRY(plan::Plan plan, gpus_.plan(image_.layout, environment, image_.config.labels, compat));
    if (daemon_.user_namespace) {
      plan::fit_user_namespace(
          plan, daemon_.rootless ? plan::DeviceRules::kNone : plan::DeviceRules::kHold);
    }
    if (files) {
      overrule_image_drivers(files->root(), image_.config.environment, mounted, plan);
    } else {
      leave_out_compat_directories(image_.config.environment, plan);
    }
    return plan;
  }

  Result<std::string> keep_cache() const {
    std::string directory = join_path(directories().cache, "merged");
    std::string path = cat(directory, "/", std::hash<std::string>()(merged_), ".ld.so.cache");
    if (console_.dry_run || path_exists(path)) return path;
    OB_CHECK(make_directories(directory));
    OB_CHECK(replace_file(path, merged_));
    return path;
  }

  Command create_command(const plan::Plan& plan, const std::string& mounted_cache) const {
    std::vector<std::string> argv = {docker_, "create"};
    std::vector<std::string> rendered = render::engine_arguments(plan, daemon_.user_namespace);
    argv.insert(argv.end(), rendered.begin(), rendered.end());
    if (!mounted_cache.empty())
      argv.push_back(cat("--volume=", mounted_cache, ":/etc/ld.so.cache:ro"));
    for (const GivenOption& option : words_.options) {
      bool only_run = false;
      for (std::string_view name : kOnlyRun) only_run = only_run || option.name == name;
      if (!only_run) argv.push_back(option.word());
    }
    append_image(argv, words_);
    return {argv};
  }

  Command start_command(const std::string& id) const {
    std::vector<std::string> argv = {docker_, "start"};
    if (!words_.is_on("detach")) {
      argv.emplace_back("--attach");
      if (words_.is_on("interactive")) argv.emplace_back("--interactive");
      if (auto keys = words_.value("detach-keys")) argv.push_back(cat("--detach-keys=", *keys));
    }
    argv.push_back(id);
    return {argv};
  }

  Result<int> show(const Command& create, bool copies) const {
    std::string id = words_.value("name").value_or("CONTAINER");
    console_.show(create);
    // The archive on its standard input holds the merged ld.so.cache.
    if (copies) console_.show({{docker_, "cp", "-", cat(id, ":/etc")}});
    console_.show(start_command(id));
    return 0;
  }

  Result<void> make_container(const Command& create) {
    created_at_ = ::time(nullptr);
    OB_TRY(Output output, run_captured(create));
    if (!output.status.success()) return docker_failure("create the container", output.err);
    // What docker warns about ("Your kernel does not support ...") is for the person.
    if (auto warning = trim(output.err); !warning.empty()) console_.note(std::string(warning));
    id_ = trim(output.out);
    return {};
  }

  /// The loader's cache, and what keeps its order when ldconfig runs in the container: that reads
  /// /etc/ld.so.conf.d where an image has it.
  Result<void> copy_files(const plan::Plan& plan) {
    std::vector<TarFile> files = {{"ld.so.cache", merged_}};
    const ImageOutline::Entry* parts =
        image_.outline ? image_.outline->find("/etc/ld.so.conf.d") : nullptr;
    for (const plan::PlannedFile& file : plan.files) {
      if (parts && parts->kind == ImageOutline::Kind::kDirectory &&
          directory_of(file.target) == "/etc/ld.so.conf.d")
        files.push_back({std::string_view(file.target).substr(5), file.content});
    }
    CaptureOptions input;
    input.input = tar_of_files(files, ::time(nullptr));
    OB_TRY(Output output, run_captured({{docker_, "cp", "-", cat(id_, ":/etc")}}, input));
    if (output.status.success()) return {};
    return docker_failure("copy ld.so.cache into the container", output.err);
  }

  Result<int> start_detached() {
    OB_TRY(Output output, run_captured(start_command(id_)));
    if (!output.status.success()) {
      console_.note(docker_failure("start the container", output.err).text);
      return code_of_failed_start(output.err);
    }
    console_.print(id_);
    return 0;
  }

  Result<int> start_attached() {
    // With a terminal the docker command must be able to set it; so must one that reads from it.
    bool terminal =
        words_.is_on("tty") || (words_.is_on("interactive") && ::isatty(STDIN_FILENO) == 1);
    OB_TRY(Attached ended, run_docker_start(docker_, id_, start_command(id_), terminal));
    // 1 is the program's own, or `docker start` could not start it.
    if (ended.status.shell_code() == 1 && !was_started())
      return code_of_failed_start(ended.stderr_tail);
    return ended.status.shell_code();
  }

  /// Whether the container ever ran. With --rm it is gone, and only the daemon's events tell.
  bool was_started() {
    auto output = run_captured({{docker_, "inspect", "--format", "{{.State.StartedAt}}", id_}});
    if (output && output->status.success()) return output->out.rfind("0001-", 0) != 0;
    output = run_captured({{docker_, "events", cat("--since=", created_at_), "--until",
                            cat(::time(nullptr) + 1), "--filter", cat("container=", id_),
                            "--filter", "event=start", "--format", "{{.Action}}"}});
    return !output || !output->status.success() || !trim(output->out).empty();
  }

  const DockerDaemon& daemon_;
  const std::string& docker_;
  const RunWords& words_;
  const GpuHooks& gpus_;
  const Console& console_;
  DockerImage image_;
  std::string merged_;
  std::string id_;
  time_t created_at_ = 0;
};

}  // namespace

Result<int> run_docker_untouched(const DockerDaemon& daemon, const RunWords& words,
                                 const GpuHooks& gpus, const Console& console) {
  OB_CHECK(check_options(words));
  return UntouchedRun(daemon, words, gpus, console).run();
}

}  // namespace outboard::engine
