// SPDX-License-Identifier: Apache-2.0
#include "engine/before_pull.h"

#include "base/text.h"
#include "engine/image_inspect.h"
#include "engine/image_source.h"
#include "engine/run_environment.h"

namespace outboard::engine {

namespace {

// Less patience than `outboard check` has: the pull that follows meets the same registry.
constexpr std::chrono::seconds kPatience{5};

}  // namespace

Result<void> check_before_pull(const RunWords& words, const GpuHooks& gpus,
                               const Console& console) {
  if (console.dry_run || !gpus.check_image) return {};
  auto source = parse_image_source(words.image);
  if (!source || source->kind != ImageSource::Kind::kRegistry) return {};
  auto image = inspect_registry(source->place, words.value("platform").value_or(""), kPatience);
  if (!image) {
    console.say(cat("not checked before the pull: ", image.error().text));
    return {};
  }
  auto environment = run_environment(image->config.environment, words);
  if (!environment) {
    console.say(cat("not checked before the pull: ", environment.error().text));
    return {};
  }
  return gpus.check_image(*environment, image->config.labels);
}

Result<void> check_if_pulled(const RunWords& words, const GpuHooks& gpus, const Console& console,
                             const std::function<bool()>& is_here) {
  std::string policy = words.value("pull").value_or("missing");
  if (console.dry_run || policy == "never") return {};
  if (policy != "always" && policy != "newer" && is_here()) return {};
  return check_before_pull(words, gpus, console);
}

}  // namespace outboard::engine
