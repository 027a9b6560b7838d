// SPDX-License-Identifier: Apache-2.0
// outboard args: the plan as arguments for people's own `docker run $(outboard args ...) IMAGE`.
#include "app/cli/command.h"
#include "app/cli/gpu_choice.h"
#include "app/cli/image_facts.h"
#include "app/cli/run_engine.h"
#include "base/text.h"
#include "engine/image_compat.h"
#include "engine/image_config.h"
#include "engine/image_drivers.h"
#include "render/arguments.h"

namespace outboard::cli {

namespace {

CommandHelp args_help() {
  CommandHelp help{
      "args",
      "[IMAGE]",
      "print the arguments that give a container its GPUs",
      "For 'docker run $(outboard args --gpus 2) IMAGE', and for Compose files. With IMAGE (one of "
      "docker's, or rootfs:DIR) the driver's libraries go where that image's loader looks; without "
      "it, where Debian's and Ubuntu's do. Arguments alone cannot enter the libraries into the "
      "image's ld.so.cache: programs find them, but 'ldconfig -p' does not list them before "
      "ldconfig has run in the container. 'outboard run' and outboard-runtime do enter them. "
      "CUDA's "
      "forward compatibility libraries, where an image needs them and may use them, come first by "
      "LD_LIBRARY_PATH.",
      {{"gpus", 0, "SPEC",
        "which GPUs: all, none, a count, indices, UUIDs, PCI bus ids, 0:1, mig=PROFILE[:N] "
        "(default all)",
        "all none"},
       {"for", 0, "NAME", "docker, podman or compose (default docker)", "docker podman compose"},
       {"verbose", 0, "", "say on stderr what is decided and why", ""}},
      false};
  add_machine_options(help);
  return help;
}

/// Arguments can make no library the first in a cache, but they can name its directory in
/// LD_LIBRARY_PATH, which is searched before.
void search_compat_first(const std::vector<std::string>& environment, plan::Plan& plan) {
  constexpr const char* kVariable = "LD_LIBRARY_PATH";
  std::string rest = engine::find_variable(environment, kVariable).value_or("");
  for (const plan::PlannedVariable& variable : plan.environment) {
    if (variable.name == kVariable) rest = variable.value;
  }
  std::erase_if(plan.environment, [](const auto& entry) { return entry.name == kVariable; });
  plan.environment.push_back({kVariable,
                              cat(plan.compat->directory, rest.empty() ? "" : ":", rest),
                              {"CUDA forward compatibility", plan.compat->version}});
}

Result<plan::Plan> make_plan(const engine::GpuHooks& hooks, const ImageFacts& image) {
  const Root* root = image.root();
  std::optional<plan::ImageCompat> compat;
  if (root) compat = engine::find_image_compat(*root, {});
  OB_TRY(plan::Plan plan, hooks.plan(image.layout, image.environment, image.labels, compat));
  if (root) {
    engine::overrule_image_drivers(*root, image.environment, {}, plan);
  } else {
    engine::leave_out_compat_directories(image.environment, plan);
  }
  if (plan.compat) search_compat_first(image.environment, plan);
  return plan;
}

Result<int> run(const Parsed& parsed) {
  if (parsed.words().size() > 1) return make_error(ErrorCode::kUsage, "args: one image at most");
  std::string target = parsed.value("for", "docker");
  if (target != "docker" && target != "podman" && target != "compose") {
    return make_error(ErrorCode::kUsage, cat("args: --for '", printable(target), "' is not known"),
                      "use docker, podman or compose");
  }
  engine::Console console = make_console(parsed);
  OB_TRY(GpuChoice choice, choose_gpus(parsed.value("gpus", "all"), parsed, console));
  if (!choice.hooks) return 0;
  ImageFacts image;
  if (!parsed.words().empty()) {
    OB_TRY(image, image_facts(parsed.words()[0], target, console));
  }
  OB_TRY(plan::Plan plan, make_plan(*choice.hooks, image));
  for (const std::string& sentence : plan.notes) console.say(sentence);
  for (const plan::PlannedNode& node : plan.nodes) {
    if (!node.exists)
      console.note(cat("device node '", node.host_path, "' is missing; 'outboard run' makes it"));
  }
  if (target == "compose") {
    std::string text = render::compose_fragment(plan);
    if (!text.empty() && text.back() == '\n') text.pop_back();
    console.print(text);
  } else {
    console.print(shell_text(render::engine_arguments(plan)));
  }
  return 0;
}

}  // namespace

CliCommand args_command() {
  return {args_help(), run};
}

}  // namespace outboard::cli
