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
    ImageFacts facts{engine::image_layout(root), {}};
    facts.directory = std::move(root);
    return facts;
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
  OB_TRY(engine::DockerImage found, engine::inspect_docker_image(daemon.program, words, console));
  ImageFacts facts{found.layout, found.config.environment, found.config.labels};
  if (found.outline && !found.outline->entries().empty()) {
    OB_TRY(facts.outline, engine::OutlineRoot::make(*found.outline));
  }
  return facts;
}

}  // namespace outboard::cli
