// SPDX-License-Identifier: Apache-2.0
// Order matters: everything that can fail comes before the first write; the host's nodes come
// before the specification that names them; the root's cache comes before the specification,
// because a cache without mounts is harmless and mounts without a cache are not.
#include "app/runtime/gpu_edit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "app/compat_check.h"
#include "app/compat_files.h"
#include "app/container_cache.h"
#include "app/machine.h"
#include "app/mount_targets.h"
#include "app/prepare_host.h"
#include "base/files.h"
#include "base/json.h"
#include "base/privilege.h"
#include "base/root.h"
#include "base/text.h"
#include "engine/image_compat.h"
#include "engine/image_drivers.h"
#include "engine/image_layout.h"
#include "render/oci.h"

namespace outboard::runtime {

constexpr size_t kLargestSpec = 64U << 20;

namespace {

std::string spec_path(const EditRequest& request) {
  if (request.config.empty()) return join_path(request.bundle, "config.json");
  return request.config.front() == '/' ? request.config : join_path(request.bundle, request.config);
}

app::MachineOptions machine_options(const app::Policy& policy) {
  app::MachineOptions options;
  options.roots = policy.roots;
  options.whole_bus = false;
  options.nvml_helper = policy.nvml_helper;
  options.state_directory = policy.state_directory;
  options.nvml_deadline_ms = policy.nvml_deadline_ms;
  options.any_owner = policy.any_owner;
  options.compat = policy.compat;
  return options;
}

// The facts, read again if modules had to be loaded first.
Result<app::Machine> warm_machine(const app::MachineOptions& options,
                                  const device::Request& request) {
  OB_TRY(app::Machine machine, app::read_machine(options, app::NvmlUse::kNever));
  if (!app::load_modules(machine.facts, request.capabilities)) return machine;
  return app::read_machine(options, app::NvmlUse::kNever);
}

Result<Root> open_root(const json::Value& spec, const std::string& bundle) {
  const std::string& path = spec["root"]["path"].text();
  if (path.empty()) return make_error(ErrorCode::kUsage, "config.json: root.path is missing");
  return Root::open(path.front() == '/' ? path : join_path(bundle, path), Root::Trust::kUntrusted);
}

std::string root_path(const json::Value& spec, const std::string& bundle) {
  const std::string& path = spec["root"]["path"].text();
  return absolute_path(path.empty() || path.front() == '/' ? path : join_path(bundle, path));
}

Result<void> keep_record(const EditRequest& request, const std::string& state, std::string path,
                         const Root& root, app::MissingTargets missing, const plan::Plan& plan) {
  struct stat status;
  if (::fstat(root.fd(), &status) != 0) return os_error(cat("stat '", printable(path), "'"));
  ContainerRecord record{std::move(path), std::move(missing), {}, status.st_dev, status.st_ino};
  for (const plan::PlannedCacheEntry& entry : plan.cache) record.cache_paths.push_back(entry.path);
  return save_record(state, request.container, std::move(record));
}

// Where the specification's own mounts are; an earlier edit's are the plan's again.
std::vector<std::string> foreign_mounts(const json::Value& spec) {
  std::vector<std::string> ours = render::edited_mounts(spec);
  std::vector<std::string> targets;
  for (const json::Value& mount : spec["mounts"].items()) {
    const std::string& target = mount["destination"].text();
    if (std::find(ours.begin(), ours.end(), target) == ours.end()) targets.push_back(target);
  }
  return targets;
}

// An image's labels, which become annotations where a bundle is made from the image alone (OCI
// image-spec, conversion.md; umoci does so). Engines with a daemon keep them to themselves.
compat::Labels labels_of(const json::Value& spec) {
  compat::Labels labels;
  for (const auto& [name, value] : spec["annotations"].members()) {
    if (value.is_string()) labels.emplace_back(name, value.text());
  }
  return labels;
}

bool uses_user_namespace(const json::Value& spec) {
  const auto& namespaces = spec["linux"]["namespaces"].items();
  return !is_real_root() ||
         std::any_of(namespaces.begin(), namespaces.end(),
                     [](const json::Value& entry) { return entry["type"].text() == "user"; });
}

Result<void> replace_spec(const std::string& path, const json::Value& spec) {
  OB_TRY(UniqueFd directory, open_directory(directory_of(path)));
  struct stat status {};
  FileAttributes attributes{.mode = 0600};
  if (::fstatat(directory.get(), file_name_of(path).c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0) {
    attributes = {.mode = status.st_mode & 07777,
                  .set_owner = ::geteuid() == 0,
                  .uid = status.st_uid,
                  .gid = status.st_gid};
  }
  return replace_file_at(directory.get(), file_name_of(path), json::write(spec), attributes);
}

// No request, but a hook that would run in the container's context, or an edit from an earlier
// start: both go.
Result<EditOutcome> clean_spec(const EditRequest& request, json::Value& spec) {
  bool earlier = spec["annotations"].find(render::kEditAnnotation) != nullptr;
  if (!earlier && !render::has_gpu_hook(spec)) return EditOutcome{};
  std::vector<std::string> cache_paths = render::edited_mounts(spec);
  if (!cache_paths.empty()) {
    auto root = open_root(spec, request.bundle);
    if (root) OB_CHECK(app::place_cache(*root, plan::Plan{}, cache_paths, request.bundle));
  }
  render::edit_spec(spec, plan::Plan{}, {.bundle = absolute_path(request.bundle)});
  OB_CHECK(replace_spec(spec_path(request), spec));
  return EditOutcome{true, {}};
}

}  // namespace

bool may_concern_gpu(std::string_view text) {
  for (std::string_view word :
       {"NVIDIA_VISIBLE_DEVICES", "nvidia-container", "CUDA_VERSION", "io.outboard.edit"}) {
    if (text.find(word) != std::string_view::npos) return true;
  }
  return false;
}

// may_concern_gpu of a file that is too large to be held in memory, piece by piece.
static bool may_concern_gpu_in(const std::string& path) {
  constexpr size_t kPiece = 1U << 20;
  constexpr size_t kOverlap = 64;  // longer than every word
  auto fd = open_at(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!fd) return false;
  std::string piece(kPiece + kOverlap, '\0');
  size_t kept = 0;
  while (true) {
    ssize_t count = ::read(fd->get(), piece.data() + kept, kPiece);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    std::string_view have(piece.data(), kept + static_cast<size_t>(count));
    if (may_concern_gpu(have)) return true;
    kept = std::min(have.size(), kOverlap);
    std::copy(have.end() - static_cast<std::ptrdiff_t>(kept), have.end(), piece.begin());
  }
}

Result<std::string> read_spec(const EditRequest& request) {
  std::string path = spec_path(request);
  auto text = read_file(path, kLargestSpec);
  if (text || text.error().code != ErrorCode::kUnsupported || may_concern_gpu_in(path)) return text;
  return std::string();
}

Result<EditOutcome> edit_bundle(const EditRequest& request, const std::string& spec_text,
                                const app::Policy& policy) {
  OB_TRY(json::Value spec, json::parse(spec_text, spec_path(request)));
  const std::string bundle = absolute_path(request.bundle);
  render::forget_foreign_edit(spec, bundle);
  render::RequestPolicy who{request.as_default ? policy.environment_as_default : policy.environment,
                            policy.mount_list};
  OB_TRY(auto wanted, render::request_of_spec(spec, who));
  if (!wanted) return clean_spec(request, spec);
  OB_CHECK(render::check_shape(spec));

  app::MachineOptions options = machine_options(policy);
  OB_TRY(app::Machine machine, warm_machine(options, *wanted));
  OB_TRY(app::Chosen chosen, app::choose_on(std::move(machine), options, *wanted));
  FailureWatch watch;
  OB_TRY(Root root, open_root(spec, request.bundle));
  app::ImageDemands demands{render::environment_before_edit(spec)};
  demands.labels = labels_of(spec);
  demands.compat = engine::find_image_compat(root, foreign_mounts(spec));
  app::CompatTables tables = app::read_host_tables();
  std::vector<std::string> notes = tables.warnings();
  OB_TRY(app::CompatDecision compat,
         app::check_compatibility(chosen, options, demands, tables.tables(), notes));
  OB_TRY(plan::Plan plan,
         plan::make_plan(chosen.machine.facts, chosen.machine.inventory, chosen.selection,
                         wanted->capabilities, engine::image_layout(root)));
  plan.notes.insert(plan.notes.end(), notes.begin(), notes.end());
  if (compat.use_image_compat) plan::prefer_image_compat(plan, *demands.compat, compat.why);
  bool user_namespace = uses_user_namespace(spec);
  if (user_namespace) {
    plan::fit_user_namespace(plan,
                             is_real_root() ? plan::DeviceRules::kHold : plan::DeviceRules::kNone);
  }
  OB_TRY(app::MissingTargets missing, app::prepare_targets(root, plan));
  // What this adds to the plan is mounted over files that are there: no further target is missing.
  engine::overrule_image_drivers(root, demands.environment, foreign_mounts(spec), plan,
                                 missing.files);
  if (auto failure = watch.failure()) return std::move(*failure);
  OB_CHECK(app::prepare_host(plan, chosen.machine.facts));

  if (request.keep_record) {
    auto kept = keep_record(request, policy.state_directory, root_path(spec, request.bundle), root,
                            std::move(missing), plan);
    if (!kept)
      plan.notes.push_back(
          cat("mount targets will stay in the root after delete: ", kept.error().text));
  }

  render::EditOptions edit;
  edit.bundle = bundle;
  edit.nodes_as_mounts = user_namespace && plan::has_other_dev_root(plan);
  OB_TRY(edit.file_sources, app::place_files(plan, bundle));
  OB_TRY(edit.ld_cache_source, app::place_cache(root, plan, render::edited_mounts(spec), bundle));
  render::edit_spec(spec, plan, edit);
  OB_CHECK(replace_spec(spec_path(request), spec));
  return EditOutcome{true, plan.notes};
}

static bool is_same_directory(const Root& root, const ContainerRecord& record) {
  struct stat status;
  return ::fstat(root.fd(), &status) == 0 && status.st_dev == record.device &&
         status.st_ino == record.inode;
}

void clean_root(const std::string& state_directory, const ContainerKey& key,
                const ContainerRecord& record) {
  if (auto root = Root::open(record.root, Root::Trust::kUntrusted);
      root && is_same_directory(*root, record) && app::is_own_mount(*root) &&
      !app::is_read_only(*root)) {
    app::remove_targets(*root, record.made);
    // A cache that cannot be written any more is as harmless as one that names what is not mounted.
    (void)app::place_cache(*root, plan::Plan{}, record.cache_paths, {});
    app::remove_cache_leftovers(*root);
  }
  remove_record(state_directory, key);
}

}  // namespace outboard::runtime
