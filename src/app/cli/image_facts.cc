// SPDX-License-Identifier: Apache-2.0
#include "app/cli/image_facts.h"

#include "base/root.h"
#include "base/text.h"
#include "engine/docker.h"
#include "engine/docker_image.h"
#include "engine/image_layout.h"

namespace outboard::cli {

constexpr std::string_view kRootfs = "rootfs:";

Result<ImageFacts> image_facts(const std::string& image, const std::string& target,
                               const engine::Console& console) {
  if (image.compare(0, kRootfs.size(), kRootfs) == 0) {
    OB_TRY(Root root, Root::open(image.substr(kRootfs.size()), Root::Trust::kUntrusted));
    return ImageFacts{engine::image_layout(root), {}, {}, root.path()};
  }
  if (target == "podman") {
    return make_error(ErrorCode::kUnsupported,
                      cat("image '", printable(image), "': podman's images are not looked at"),
                      "leave it out (Debian's library directory is assumed), or use 'outboard run "
                      "--engine podman'");
  }
  OB_TRY(engine::DockerDaemon daemon, engine::find_docker());
  engine::RunWords words;
  words.image = image;
  OB_TRY(engine::DockerImage facts, engine::inspect_docker_image(daemon.program, words, console));
  return ImageFacts{facts.layout, facts.config.environment, facts.config.labels};
}

}  // namespace outboard::cli
