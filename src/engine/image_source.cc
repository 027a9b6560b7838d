// SPDX-License-Identifier: Apache-2.0
#include "engine/image_source.h"

#include "base/text.h"

namespace outboard::engine {

namespace {

constexpr std::string_view kRootfs = "rootfs:";
constexpr std::string_view kOci = "oci:";
constexpr std::string_view kArchive = "docker-archive:";
constexpr std::string_view kDocker = "docker://";

Error bad_reference(std::string_view text, const std::string& why) {
  return make_error(ErrorCode::kUsage, cat("image '", printable(text), "': ", why),
                    "write rootfs:DIR, oci:DIR[:TAG], docker-archive:FILE, or a name in a registry "
                    "such as ubuntu:22.04");
}

/// The characters of a reference (distribution/reference): what is none of them would be an option
/// or a path for skopeo.
bool is_reference(std::string_view text) {
  for (char c : text) {
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!letter && std::string_view("._-/:@+[]").find(c) == std::string_view::npos) return false;
  }
  return !text.empty() && text.find("//") == std::string_view::npos && text.front() != '/' &&
         text.front() != '-' && text.front() != '.' && text.back() != '/' && text.back() != ':';
}

}  // namespace

Result<ImageSource> parse_image_source(std::string_view text) {
  ImageSource source;
  std::string_view place = text;
  if (text.starts_with(kRootfs)) {
    source.kind = ImageSource::Kind::kRootfs;
    place.remove_prefix(kRootfs.size());
  } else if (text.starts_with(kOci)) {
    source.kind = ImageSource::Kind::kOciLayout;
    place.remove_prefix(kOci.size());
    // A tag has no slash, so a colon inside a path is not taken for its start.
    size_t colon = place.rfind(':');
    if (colon != std::string_view::npos && place.find('/', colon) == std::string_view::npos) {
      source.tag = place.substr(colon + 1);
      place = place.substr(0, colon);
    }
  } else if (text.starts_with(kArchive)) {
    source.kind = ImageSource::Kind::kDockerArchive;
    place.remove_prefix(kArchive.size());
  } else {
    if (text.starts_with(kDocker)) place.remove_prefix(kDocker.size());
    if (!is_reference(place)) return bad_reference(text, "not a name in a registry");
  }
  if (place.empty()) return bad_reference(text, "a path is missing");
  source.place = place;
  return source;
}

bool is_builtin_only(std::string_view text) {
  return text.starts_with(kRootfs) || text.starts_with(kOci) || text.starts_with(kArchive);
}

std::string skopeo_name(const ImageSource& source) {
  switch (source.kind) {
    case ImageSource::Kind::kOciLayout:
      return source.tag.empty() ? cat(kOci, source.place)
                                : cat(kOci, source.place, ":", source.tag);
    case ImageSource::Kind::kDockerArchive:
      return cat(kArchive, source.place);
    case ImageSource::Kind::kRootfs:
    case ImageSource::Kind::kRegistry:
      break;
  }
  return cat(kDocker, source.place);
}

}  // namespace outboard::engine
