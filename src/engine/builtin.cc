// SPDX-License-Identifier: Apache-2.0
// The order of steps: everything that can be refused comes before the container's directory is
// made; the plan and the edit of the specification are the same calls as outboard-runtime's, in
// this process, because a second process would cost as much as all the rest. One child is started:
// the low-level runtime.
#include "engine/builtin.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/before_pull.h"
#include "engine/bundle_spec.h"
#include "engine/container_directory.h"
#include "engine/find_command.h"
#include "engine/image_compat.h"
#include "engine/image_drivers.h"
#include "engine/image_layout.h"
#include "engine/image_store.h"
#include "engine/low_level.h"
#include "engine/standard_stream.h"
#include "engine/user_namespace.h"
#include "render/describe.h"
#include "render/oci.h"

namespace outboard::engine {

namespace {

constexpr int kCannotStart = 125;
constexpr int kCannotExecute = 126;
constexpr int kNoSuchProgram = 127;
constexpr uint32_t kTerminalGroup = 5;
constexpr const char* kDefaultPath =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string host_name() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

Result<void> check_terminal(const ContainerOptions& options) {
  if (!options.terminal || ::isatty(STDIN_FILENO) == 1) return {};
  return make_error(ErrorCode::kUsage, "run: -t needs a terminal, and the input is none",
                    "leave -t out");
}

Result<void> check_volumes(const ContainerOptions& options) {
  for (const Volume& volume : options.volumes) {
    if (!path_exists(volume.source)) {
      return make_error(ErrorCode::kNotFound,
                        cat("run: volume source '", printable(volume.source), "' does not exist"));
    }
  }
  return {};
}

/// Puts a file into /etc of the container, over whatever the image has there.
Result<void> write_in_etc(const Root& root, const char* name, const std::string& content) {
  auto etc = root.open_file("/etc", O_RDONLY | O_DIRECTORY);
  if (!etc) return {};  // an image without /etc has no use for it
  return replace_file_at(etc->get(), name, content);
}

/// Name resolution as on the host, whose network it is; without a network only the own name.
Result<void> write_network_files(const Root& root, bool host_network, const std::string& hostname) {
  std::string hosts;
  if (host_network) {
    if (auto resolv = read_file("/etc/resolv.conf", 1U << 20))
      OB_CHECK(write_in_etc(root, "resolv.conf", *resolv));
    if (auto text = read_file("/etc/hosts", 1U << 20)) hosts = *text;
  }
  if (hosts.empty()) hosts = cat("127.0.0.1\tlocalhost ", hostname, "\n::1\tlocalhost\n");
  OB_CHECK(write_in_etc(root, "hosts", hosts));
  return write_in_etc(root, "hostname", hostname + "\n");
}

std::vector<std::string> environment_of(const ImageConfig& image, const ContainerOptions& options,
                                        const Account& account, const std::string& hostname) {
  std::vector<std::string> environment = {kDefaultPath, cat("HOSTNAME=", hostname),
                                          cat("HOME=", account.home)};
  if (options.terminal) environment.emplace_back("TERM=xterm");
  for (const std::string& entry : image.environment) set_variable(environment, entry);
  for (const std::string& entry : options.environment) set_variable(environment, entry);
  return environment;
}

/// One container, from the image to the exit code.
class BuiltinRun {
 public:
  BuiltinRun(const ContainerOptions& options, const GpuHooks* gpus, const Console& console)
      : options_(options), gpus_(gpus), console_(console), places_(directories()) {}

  Result<int> run(const RunWords& words) {
    OB_TRY(ImageSource source, parse_image_source(words.image));
    OB_TRY(low_level_, choose_low_level());
    console_.say(cat("low-level runtime '", low_level_.path, "': ", low_level_.reason));
    if (!console_.dry_run) {
      OB_TRY(ids_, enter_user_namespace(console_));
    } else {
      ids_ = current_ids();
    }
    StorePlace store{places_.cache, !ids_.many()};
    if (gpus_ && source.kind == ImageSource::Kind::kRegistry) {
      OB_CHECK(check_if_pulled(words, *gpus_, console_, [&] {
        return obtain_image(source, store, "never", console_).has_value();
      }));
    }
    OB_TRY(image_, obtain_image(source, store, options_.pull, console_));
    input_.argv = container_argv(
        image_.config, options_.entrypoint ? &*options_.entrypoint : nullptr, words.arguments);
    if (input_.argv.empty() && !(console_.dry_run && image_.root.empty())) {
      return make_error(ErrorCode::kUsage,
                        cat("run: image '", printable(words.image), "' names no program to run"),
                        "write one after the image");
    }
    if (console_.dry_run) return show();
    OB_TRY(ContainerDirectory directory,
           ContainerDirectory::create(places_, options_.name, low_level_.command(ids_.rootless)));
    const bool wants_to_keep = !options_.name.empty() && !options_.remove;
    auto code = run_in(directory, wants_to_keep);
    const bool keep = code && wants_to_keep;
    directory.finish(keep);
    if (keep) console_.say(cat("what the container wrote is in '", directory.written(), "'"));
    return code;
  }

 private:
  Command command(const std::string& bundle, const std::string& id) const {
    Command command{low_level_.command(ids_.rootless)};
    for (const std::string& word :
         {std::string("--root"), places_.runtime, std::string("run"), std::string("--bundle"),
          bundle, std::string("--pid-file"), join_path(bundle, "pid"), id})
      command.argv.push_back(word);
    return command;
  }

  /// The command, and as comments of a shell what would be written before it and with what in it.
  Result<int> show() {
    std::string id = options_.name.empty() ? "ID" : options_.name;
    std::string bundle = join_path(places_.containers, id);
    if (gpus_ && !image_.root.empty()) OB_CHECK(show_plan(bundle));
    console_.show(command(bundle, id));
    return 0;
  }

  Result<void> show_plan(const std::string& bundle) {
    OB_TRY(Root root, Root::open(image_.root, Root::Trust::kUntrusted));
    input_.environment = environment_of(image_.config, options_, Account{}, "");
    for (const Volume& volume : options_.volumes) mounted_.push_back(volume.target);
    OB_TRY(plan::Plan plan, plan_for(root));
    console_.print(
        cat("# a layer over '", printable(image_.root), "', which stays as it is, with:"));
    if (!plan.cache.empty())
      console_.print(
          cat("#   /etc/ld.so.cache with ", plan.cache.size(), " libraries of the driver"));
    console_.print(cat("# ", bundle, "/config.json with:"));
    for (std::string_view line : split(trim(render::plan_text(plan)), '\n'))
      console_.print(cat("#   ", line));
    return {};
  }

  /// What the GPUs need in this root; its notes are said.
  Result<plan::Plan> plan_for(const Root& root) {
    OB_TRY(plan::Plan plan, gpus_->plan(image_layout(root), input_.environment,
                                        image_.config.labels, find_image_compat(root, mounted_)));
    if (ids_.rootless) plan::fit_user_namespace(plan, plan::DeviceRules::kNone);
    overrule_image_drivers(root, input_.environment, mounted_, plan);
    for (const std::string& sentence : plan.notes) console_.say(sentence);
    return plan;
  }

  Result<int> run_in(ContainerDirectory& directory, bool keep) {
    OB_CHECK(directory.mount_root(image_.root, keep, ids_.rootless));
    if (!directory.copied().empty()) console_.say(cat("the image is copied: ", directory.copied()));
    if (directory.in_memory())
      console_.say("what the container writes is kept in memory and lost at its end");
    OB_TRY(Root root, Root::open(directory.root(), Root::Trust::kUntrusted));
    OB_CHECK(prepare(root, directory));

    OB_TRY(json::Value spec, specification(root, directory));
    if (auto code = missing_program(root)) return *code;
    OB_CHECK(write_network_files(root, options_.host_network, input_.hostname));
    OB_CHECK(replace_file(join_path(directory.path(), "config.json"), json::write(spec)));
    return start(directory);
  }

  /// Fills `input_` from the image's root.
  Result<void> prepare(const Root& root, const ContainerDirectory& directory) {
    OB_TRY(input_.account, find_account_in(root, options_.user.value_or(image_.config.user)));
    OB_CHECK(fit_account());
    input_.hostname = options_.host_network ? host_name() : directory.id().substr(0, 12);
    input_.environment = environment_of(image_.config, options_, input_.account, input_.hostname);
    // Over an image's own "all": what programs read there is what they have.
    if (gpus_)
      set_variable(input_.environment, cat("NVIDIA_VISIBLE_DEVICES=", gpus_->visible_devices));
    input_.working_directory = options_.workdir.value_or(image_.config.working_directory);
    if (input_.working_directory.empty()) input_.working_directory = "/";
    input_.root = directory.root();
    input_.rootless = ids_.rootless;
    input_.terminal_group = is_mapped(ids_.groups, kTerminalGroup);
    if (!ids_.rootless) input_.cgroups_path = cat("/outboard/", directory.id());
    input_.volumes = options_.volumes;
    input_.terminal = options_.terminal;
    input_.read_only = options_.read_only;
    input_.host_network = options_.host_network;
    input_.cgroup_namespace = low_level_.cgroups == CgroupMode::kUnified && !ids_.rootless;
    for (const Volume& volume : options_.volumes) mounted_.push_back(volume.target);
    return {};
  }

  /// An account of ids that exist here, as far as it can do without the others.
  Result<void> fit_account() {
    Account& account = input_.account;
    if (!is_mapped(ids_.users, account.uid) || !is_mapped(ids_.groups, account.gid)) {
      return make_error(ErrorCode::kDenied,
                        cat("run: user ", account.uid, " with group ", account.gid,
                            " of the container is none of the ids that you can use"),
                        "install newuidmap and let root run 'usermod --add-subuids 100000-165535 "
                        "--add-subgids 100000-165535 NAME', or use -u 0");
    }
    const size_t before = account.groups.size();
    std::erase_if(account.groups, [this](uint32_t id) { return !is_mapped(ids_.groups, id); });
    if (account.groups.size() != before)
      console_.say("groups of the image's account that you cannot use are left out");
    return {};
  }

  Result<json::Value> specification(const Root& root, const ContainerDirectory& directory) {
    json::Value spec = bundle_spec(input_);
    if (!gpus_) return spec;
    OB_TRY(plan::Plan plan, plan_for(root));
    OB_CHECK(gpus_->prepare_host(plan));
    render::EditOptions edit;
    OB_TRY(edit.file_sources, gpus_->place_files(plan, directory.path()));
    OB_TRY(edit.ld_cache_source, gpus_->place_cache(root, plan, directory.path()));
    edit.nodes_as_mounts = ids_.rootless && plan::has_other_dev_root(plan);
    render::edit_spec(spec, plan, edit);
    for (const plan::PlannedMount& mount : plan.mounts) mounted_.push_back(mount.target);
    return spec;
  }

  /// 126 or 127, and a sentence, if the program cannot be run.
  std::optional<int> missing_program(const Root& root) {
    CommandState state =
        find_command(root, input_.argv[0], input_.working_directory, input_.environment, mounted_);
    if (state == CommandState::kFound) return std::nullopt;
    bool absent = state == CommandState::kNotFound;
    console_.note(cat("run '", printable(input_.argv[0]),
                      "': ", absent ? "no such program in the image" : "it is not executable"));
    return absent ? kNoSuchProgram : kCannotExecute;
  }

  Result<int> start(const ContainerDirectory& directory) {
    std::optional<StandardStream> no_input;
    OB_TRY(UniqueFd null, open_at(AT_FDCWD, "/dev/null", O_RDONLY));
    if (!options_.interactive && !options_.terminal) no_input.emplace(STDIN_FILENO, null.get());
    OB_TRY(ExitStatus status, run_attached(command(directory.path(), directory.id())));
    // The file is written once the container exists: without it the runtime failed before, and has
    // said why.
    if (!path_exists(join_path(directory.path(), "pid"))) return kCannotStart;
    return status.shell_code();
  }

  const ContainerOptions& options_;
  const GpuHooks* gpus_;
  const Console& console_;
  Directories places_;
  LowLevel low_level_;
  Image image_;
  UserIds ids_;
  BundleInput input_;
  std::vector<std::string> mounted_;
};

}  // namespace

Result<void> check_builtin() {
  auto low_level = choose_low_level();
  if (!low_level) return std::move(low_level).error();
  return {};
}

Result<int> run_builtin(const RunWords& words, const GpuHooks* gpus, const Console& console) {
  OB_TRY(ContainerOptions options, container_options(words));
  if (!console.dry_run) OB_CHECK(check_builtin());
  OB_CHECK(check_terminal(options));
  OB_CHECK(check_volumes(options));
  return BuiltinRun(options, gpus, console).run(words);
}

}  // namespace outboard::engine
