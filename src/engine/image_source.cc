// SPDX-License-Identifier: Apache-2.0
#include "engine/image_source.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/text.h"

namespace outboard::engine {

namespace {

constexpr std::string_view kRootfs = "rootfs:";
constexpr std::string_view kOci = "oci:";
constexpr std::string_view kOciArchive = "oci-archive:";
constexpr std::string_view kArchive = "docker-archive:";
constexpr std::string_view kDocker = "docker://";

Error bad_reference(std::string_view text, const std::string& why) {
  return make_error(ErrorCode::kUsage, cat("image '", printable(text), "': ", why),
                    "write rootfs:DIR, oci:DIR[:TAG], oci-archive:FILE[:TAG], docker-archive:FILE, "
                    "or a name in a registry such as ubuntu:22.04");
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

/// Transports of containers-transports(5) that are not read.
struct OtherTransport {
  std::string_view prefix;
  bool is_word;  ///< it can also be the name of an image, in front of a tag
  const char* what;
};
constexpr OtherTransport kOthers[] = {
    {"docker-daemon:", false, "images in docker"},
    {"containers-storage:", false, "images in podman's storage"},
    {"dir:", true, "images in skopeo's form of a directory"},
    {"ostree:", true, "images in an OSTree repository"},
    {"sif:", true, "images of Singularity"},
    {"tarball:", true, "root file systems in archives"},
};

/// "5000/name" and "v1.2" can follow the name of a host or of an image and a colon.
bool follows_name(std::string_view text) {
  std::string_view first = text.substr(0, text.find('/'));
  if (first.size() < text.size()) return parse_number<uint16_t>(first).has_value();
  struct stat status {};
  return !text.empty() && text.find_first_of(".-") != 0 &&
         ::lstat(std::string(text).c_str(), &status) != 0;
}

const OtherTransport* other_transport(std::string_view text) {
  for (const OtherTransport& other : kOthers) {
    if (!text.starts_with(other.prefix)) continue;
    if (!other.is_word || !follows_name(text.substr(other.prefix.size()))) return &other;
  }
  return nullptr;
}

Error no_such_transport(std::string_view text, const OtherTransport& other) {
  std::string place = printable(text.substr(other.prefix.size()));
  std::string hint = cat("copy it to a layout with 'skopeo copy ", printable(text),
                         " oci:DIR:TAG', and name that: oci:DIR:TAG");
  if (other.prefix.starts_with("docker-daemon"))
    hint = cat("name it as docker does: ", place, ", with --engine docker");
  if (other.prefix.starts_with("containers")) {
    // "[overlay@/var/lib/containers/storage]NAME"
    size_t storage = place.find(']');
    if (storage != std::string::npos) place = place.substr(storage + 1);
    hint = cat("name it as podman does: ", place, ", with --engine podman");
  }
  if (other.prefix.starts_with("tarball")) hint = "unpack it, and name the directory as rootfs:DIR";
  return make_error(ErrorCode::kUsage,
                    cat("image '", printable(text), "': ", other.what, " ('", other.prefix,
                        "') are not read under this name"),
                    std::move(hint));
}

}  // namespace

Result<ImageSource> parse_image_source(std::string_view text) {
  ImageSource source;
  std::string_view place = text;
  if (text.starts_with(kRootfs)) {
    source.kind = ImageSource::Kind::kRootfs;
    place.remove_prefix(kRootfs.size());
  } else if (text.starts_with(kOci) || text.starts_with(kOciArchive)) {
    bool archive = text.starts_with(kOciArchive);
    source.kind = archive ? ImageSource::Kind::kOciArchive : ImageSource::Kind::kOciLayout;
    place.remove_prefix(archive ? kOciArchive.size() : kOci.size());
    // A tag has no slash, so a colon inside a path is not taken for its start.
    size_t colon = place.rfind(':');
    if (colon != std::string_view::npos && place.find('/', colon) == std::string_view::npos) {
      source.tag = place.substr(colon + 1);
      place = place.substr(0, colon);
    }
  } else if (text.starts_with(kArchive)) {
    source.kind = ImageSource::Kind::kDockerArchive;
    place.remove_prefix(kArchive.size());
  } else if (const OtherTransport* other = other_transport(text)) {
    return no_such_transport(text, *other);
  } else {
    if (text.starts_with(kDocker)) place.remove_prefix(kDocker.size());
    if (!is_reference(place)) return bad_reference(text, "not a name in a registry");
  }
  if (place.empty()) return bad_reference(text, "a path is missing");
  source.place = place;
  return source;
}

bool is_builtin_only(std::string_view text) {
  for (std::string_view form : {kRootfs, kOci, kOciArchive, kArchive}) {
    if (text.starts_with(form)) return true;
  }
  return false;
}

bool is_other_transport(std::string_view text) {
  return other_transport(text) != nullptr;
}

std::string skopeo_name(const ImageSource& source) {
  switch (source.kind) {
    case ImageSource::Kind::kOciLayout:
      return source.tag.empty() ? cat(kOci, source.place)
                                : cat(kOci, source.place, ":", source.tag);
    case ImageSource::Kind::kOciArchive:
      return source.tag.empty() ? cat(kOciArchive, source.place)
                                : cat(kOciArchive, source.place, ":", source.tag);
    case ImageSource::Kind::kDockerArchive:
      return cat(kArchive, source.place);
    case ImageSource::Kind::kRootfs:
    case ImageSource::Kind::kRegistry:
      break;
  }
  return cat(kDocker, source.place);
}

}  // namespace outboard::engine
