// SPDX-License-Identifier: Apache-2.0
#include "engine/image_archive.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <map>

#include "base/file_range.h"
#include "base/files.h"
#include "base/text.h"
#include "engine/image_store.h"
#include "engine/tar_index.h"

namespace outboard::engine {

namespace {

constexpr size_t kLargestDocument = 8U << 20;

bool is_sha256(std::string_view digest) {
  if (digest.size() != 71 || digest.substr(0, 7) != "sha256:") return false;
  return digest.find_first_not_of("0123456789abcdef", 7) == std::string_view::npos;
}

std::string blob_path(const std::string& layout, std::string_view digest) {
  return cat(layout, "/blobs/sha256/", digest.substr(7));
}

Error cut_off(const char* what, const std::string& path, uint64_t have, uint64_t wanted) {
  return make_error(ErrorCode::kConflict,
                    cat("the image's ", what, " is cut off: '", printable(path), "' has ", have,
                        " bytes, not ", wanted),
                    "copy the image again");
}

/// The blob of a descriptor, held against the size that it says.
Result<json::Value> read_blob(const std::string& layout, const json::Value& descriptor,
                              const char* what) {
  const std::string& digest = descriptor["digest"].text();
  if (!is_sha256(digest)) {
    return make_error(
        ErrorCode::kConflict,
        cat("the image's ", what, " has no sha256 digest (it says '", printable(digest, 80), "')"));
  }
  std::string path = blob_path(layout, digest);
  auto text = read_file(path, kLargestDocument);
  if (!text) return std::move(text).error().in(cat("the image's ", what));
  auto size = descriptor["size"].as_uint();
  if (size && *size != text->size()) return cut_off(what, path, text->size(), *size);
  auto document = json::parse(*text, path);
  if (!document) return std::move(document).error().in(cat("the image's ", what));
  return document;
}

Result<json::Value> manifest_of_platform(const std::string& layout, const json::Value& index,
                                         const std::string& platform) {
  std::vector<std::string> have;
  for (const json::Value& entry : index["manifests"].items()) {
    const json::Value& wanted = entry["platform"];
    std::string name = cat(wanted["os"].text(), "/", wanted["architecture"].text());
    if (name == platform) return read_blob(layout, entry, "manifest");
    have.push_back(printable(name, 60));
  }
  if (have.empty())
    return make_error(ErrorCode::kConflict, "the image's list of platforms is empty",
                      "copy the image again");
  return make_error(ErrorCode::kNotFound,
                    cat("the image has nothing for ", platform, ", only for ", join(have, ", ")),
                    "choose one of them with --platform");
}

Result<std::string> read_window(int fd, const TarItem& item, const std::string& file) {
  if (item.size > kLargestDocument) {
    return make_error(ErrorCode::kUnsupported,
                      cat("'", printable(item.name), "' in '", printable(file),
                          "' is larger than any of its kind"));
  }
  OB_TRY(std::string text, read_range(fd, item.offset, static_cast<size_t>(item.size), file));
  if (text.size() < item.size) {
    return make_error(ErrorCode::kConflict, cat("read '", printable(file), "': it is cut off"));
  }
  return text;
}

/// The archive's files by name.
class Archive {
 public:
  static Result<Archive> open(const std::string& file) {
    OB_TRY(UniqueFd fd, open_at(AT_FDCWD, file, O_RDONLY | O_NONBLOCK));
    struct stat status;
    if (::fstat(fd.get(), &status) != 0) return os_error(cat("read '", printable(file), "'"));
    if (!S_ISREG(status.st_mode)) {
      return make_error(ErrorCode::kUsage, cat("'", printable(file), "' is no regular file"));
    }
    Archive archive(std::move(fd), file);
    auto scanned = scan_tar(archive.fd_.get(), 0, static_cast<uint64_t>(status.st_size), file,
                            [&](const TarItem& item) {
                              archive.items_[item.name] = item;
                              return true;
                            });
    if (!scanned) return archive.explain(std::move(scanned).error());
    return archive;
  }

  Result<json::Value> document(const std::string& name) const {
    auto found = items_.find(name);
    if (found == items_.end()) {
      return make_error(ErrorCode::kConflict,
                        cat("'", printable(file_), "' has no '", printable(name), "'"),
                        "name a file that 'docker save' wrote");
    }
    OB_TRY(std::string text, read_window(fd_.get(), found->second, file_));
    return json::parse(text, cat(file_, ": ", name));
  }

  std::optional<LayerPlace> layer(const std::string& name) const {
    auto found = items_.find(name);
    // Old archives name an equal layer of another image by a link "../ID/layer.tar".
    if (found != items_.end() && found->second.type == '2') {
      std::string_view target = found->second.link;
      if (target.substr(0, 3) == "../") found = items_.find(std::string(target.substr(3)));
    }
    if (found == items_.end() || found->second.type != '0') return std::nullopt;
    return LayerPlace{file_, found->second.offset, found->second.size};
  }

 private:
  Archive(UniqueFd fd, std::string file) : fd_(std::move(fd)), file_(std::move(file)) {}

  /// A compressed archive is no broken one.
  Error explain(Error error) const {
    unsigned char head[4] = {};
    if (::pread(fd_.get(), head, sizeof head, 0) != static_cast<ssize_t>(sizeof head)) return error;
    bool gzip = head[0] == 0x1f && head[1] == 0x8b;
    bool zstd = head[0] == 0x28 && head[1] == 0xb5 && head[2] == 0x2f && head[3] == 0xfd;
    bool xz = head[0] == 0xfd && head[1] == '7' && head[2] == 'z';
    if (!gzip && !zstd && !xz) return error;
    return make_error(ErrorCode::kUnsupported, cat("'", printable(file_), "' is compressed"),
                      cat("unpack it with ",
                          gzip   ? "gunzip"
                          : zstd ? "unzstd"
                                 : "unxz",
                          " first"));
  }

  UniqueFd fd_;
  std::string file_;
  std::map<std::string, TarItem> items_;
};

}  // namespace

Result<ArchivedImage> read_oci_layout(const std::string& directory, const std::string& tag,
                                      const std::string& platform) {
  std::string index_path = join_path(directory, "index.json");
  auto text = read_file(index_path, kLargestDocument);
  if (!text) return std::move(text).error().with_hint("name a directory with an OCI image layout");
  OB_TRY(json::Value index, json::parse(*text, index_path));
  ArchivedImage image;
  OB_TRY(image.digest, manifest_digest(index, tag));
  json::Value descriptor;
  for (const json::Value& entry : index["manifests"].items()) {
    if (entry["digest"].text() == image.digest) descriptor = entry;
  }
  OB_TRY(json::Value manifest, read_blob(directory, descriptor, "manifest"));
  if (manifest["manifests"].is_array()) {
    OB_TRY(manifest, manifest_of_platform(directory, manifest, platform));
  }
  OB_TRY(image.document, read_blob(directory, manifest["config"], "configuration"));
  for (const json::Value& layer : manifest["layers"].items()) {
    const std::string& digest = layer["digest"].text();
    auto size = layer["size"].as_uint();
    std::string path = is_sha256(digest) ? blob_path(directory, digest) : "";
    struct stat status {};
    if (path.empty() || !size || ::stat(path.c_str(), &status) != 0) {
      image.complete = false;
      continue;
    }
    uint64_t have = S_ISREG(status.st_mode) ? static_cast<uint64_t>(status.st_size) : 0;
    if (have != *size) return cut_off("layer", path, have, *size);
    image.layers.push_back({path, 0, *size});
  }
  return image;
}

Result<ArchivedImage> read_docker_archive(const std::string& file) {
  OB_TRY(Archive archive, Archive::open(file));
  OB_TRY(json::Value manifest, archive.document("manifest.json"));
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
  OB_TRY(image.document, archive.document(images[0]["Config"].text()));
  for (const std::string& name : images[0]["Layers"].as_strings()) {
    auto layer = archive.layer(name);
    if (layer) {
      image.layers.push_back(std::move(*layer));
    } else {
      image.complete = false;
    }
  }
  return image;
}

}  // namespace outboard::engine
