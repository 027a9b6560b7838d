// SPDX-License-Identifier: Apache-2.0
#include "engine/image_archive.h"

#include <sys/stat.h>

#include <optional>

#include "base/files.h"
#include "base/text.h"
#include "engine/image_store.h"
#include "engine/tar_files.h"

namespace outboard::engine {

namespace {

constexpr size_t kLargestDocument = 8U << 20;
constexpr const char* kIndex = "index.json";

bool is_sha256(std::string_view digest) {
  if (digest.size() != 71 || digest.substr(0, 7) != "sha256:") return false;
  return digest.find_first_not_of("0123456789abcdef", 7) == std::string_view::npos;
}

/// In a layout.
std::string blob_name(std::string_view digest) {
  return cat("blobs/sha256/", digest.substr(7));
}

Error cut_off(const char* what, const std::string& path, uint64_t have, uint64_t wanted) {
  return make_error(ErrorCode::kConflict,
                    cat("the image's ", what, " is cut off: '", printable(path), "' has ", have,
                        " bytes, not ", wanted),
                    "copy the image again");
}

/// An OCI image layout in a directory or in one file.
class Layout {
 public:
  explicit Layout(std::string directory) : directory_(std::move(directory)) {}
  explicit Layout(TarFiles archive) : archive_(std::move(archive)) {}

  /// How a person names an image in it.
  std::string_view form() const { return archive_ ? "oci-archive:FILE:TAG" : "oci:DIR:TAG"; }

  /// What errors call the file.
  std::string shown(const std::string& name) const {
    return archive_ ? cat(archive_->path(), ": ", name) : join_path(directory_, name);
  }

  Result<std::string> text(const std::string& name) const {
    if (archive_) return archive_->text(name, "skopeo copy ... oci-archive:FILE");
    return read_file(join_path(directory_, name), kLargestDocument);
  }

  /// Nothing: it is not there. Its size is the file's own.
  std::optional<LayerPlace> layer(const std::string& name) const {
    if (archive_) return archive_->place(name);
    std::string path = join_path(directory_, name);
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return std::nullopt;
    return LayerPlace{path, 0, S_ISREG(status.st_mode) ? static_cast<uint64_t>(status.st_size) : 0};
  }

  /// The blob of a descriptor, held against the size that it says.
  Result<json::Value> blob(const json::Value& descriptor, const char* what) const {
    const std::string& digest = descriptor["digest"].text();
    if (!is_sha256(digest)) {
      return make_error(ErrorCode::kConflict,
                        cat("the image's ", what, " has no sha256 digest (it says '",
                            printable(digest, 80), "')"));
    }
    std::string path = shown(blob_name(digest));
    auto content = text(blob_name(digest));
    if (!content) return std::move(content).error().in(cat("the image's ", what));
    auto size = descriptor["size"].as_uint();
    if (size && *size != content->size()) return cut_off(what, path, content->size(), *size);
    auto document = json::parse(*content, path);
    if (!document) return std::move(document).error().in(cat("the image's ", what));
    return document;
  }

 private:
  std::string directory_;
  std::optional<TarFiles> archive_;
};

Result<json::Value> manifest_of_platform(const Layout& layout, const json::Value& index,
                                         const std::string& platform) {
  std::vector<std::string> have;
  for (const json::Value& entry : index["manifests"].items()) {
    const json::Value& wanted = entry["platform"];
    std::string name = cat(wanted["os"].text(), "/", wanted["architecture"].text());
    if (name == platform) return layout.blob(entry, "manifest");
    have.push_back(printable(name, 60));
  }
  if (have.empty())
    return make_error(ErrorCode::kConflict, "the image's list of platforms is empty",
                      "copy the image again");
  return make_error(ErrorCode::kNotFound,
                    cat("the image has nothing for ", platform, ", only for ", join(have, ", ")),
                    "choose one of them with --platform");
}

Result<ArchivedImage> read_layout(const Layout& layout, const json::Value& index,
                                  const std::string& tag, const std::string& platform) {
  ArchivedImage image;
  OB_TRY(image.digest, manifest_digest(index, tag, layout.form()));
  json::Value descriptor;
  for (const json::Value& entry : index["manifests"].items()) {
    if (entry["digest"].text() == image.digest) descriptor = entry;
  }
  OB_TRY(json::Value manifest, layout.blob(descriptor, "manifest"));
  if (manifest["manifests"].is_array()) {
    OB_TRY(manifest, manifest_of_platform(layout, manifest, platform));
  }
  OB_TRY(image.document, layout.blob(manifest["config"], "configuration"));
  for (const json::Value& entry : manifest["layers"].items()) {
    const std::string& digest = entry["digest"].text();
    auto size = entry["size"].as_uint();
    std::optional<LayerPlace> layer;
    if (is_sha256(digest) && size) layer = layout.layer(blob_name(digest));
    if (!layer) {
      image.complete = false;
      continue;
    }
    if (layer->size != *size) {
      return cut_off("layer", layout.shown(blob_name(digest)), layer->size, *size);
    }
    image.layers.push_back(std::move(*layer));
  }
  return image;
}

}  // namespace

Result<ArchivedImage> read_oci_layout(const std::string& directory, const std::string& tag,
                                      const std::string& platform) {
  Layout layout(directory);
  auto text = layout.text(kIndex);
  if (!text) return std::move(text).error().with_hint("name a directory with an OCI image layout");
  OB_TRY(json::Value index, json::parse(*text, layout.shown(kIndex)));
  return read_layout(layout, index, tag, platform);
}

Result<ArchivedImage> read_oci_archive(const std::string& file, const std::string& tag,
                                       const std::string& platform) {
  OB_TRY(TarFiles archive, TarFiles::open(file));
  Layout layout(std::move(archive));
  OB_TRY(std::string text, layout.text(kIndex));
  OB_TRY(json::Value index, json::parse(text, layout.shown(kIndex)));
  return read_layout(layout, index, tag, platform);
}

Result<ArchivedImage> read_docker_archive(const std::string& file) {
  OB_TRY(TarFiles archive, TarFiles::open(file));
  auto document = [&](const std::string& name) -> Result<json::Value> {
    OB_TRY(std::string text, archive.text(name, "docker save"));
    return json::parse(text, cat(file, ": ", name));
  };
  OB_TRY(json::Value manifest, document("manifest.json"));
  const auto& images = manifest.items();
  if (images.empty()) {
    return make_error(ErrorCode::kConflict, cat("'", printable(file), "' holds no image"),
                      "name a file that 'docker save' wrote");
  }
  if (images.size() > 1) {
    return make_error(ErrorCode::kUnsupported,
                      cat("'", printable(file), "' holds ", images.size(), " images"),
                      "save the one that is meant alone");
  }
  ArchivedImage image;
  OB_TRY(image.document, document(images[0]["Config"].text()));
  for (const std::string& name : images[0]["Layers"].as_strings()) {
    auto layer = archive.place(name);
    if (layer) {
      image.layers.push_back(std::move(*layer));
    } else {
      image.complete = false;
    }
  }
  return image;
}

}  // namespace outboard::engine
