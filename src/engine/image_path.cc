// SPDX-License-Identifier: Apache-2.0
#include "engine/image_path.h"

#include <sys/stat.h>

#include "base/files.h"
#include "base/text.h"
#include "engine/tar_files.h"

namespace outboard::engine {

namespace {

constexpr const char* kForms =
    "name an archive that 'docker save' or 'skopeo copy' wrote, an OCI image layout, or a "
    "directory with a root file system";

bool lies_in(const std::string& directory, const char* name) {
  struct stat status {};
  return ::lstat(join_path(directory, name).c_str(), &status) == 0;
}

Result<std::string> source_of_directory(const std::string& path) {
  if (lies_in(path, "index.json") && lies_in(path, "oci-layout")) return cat("oci:", path);
  for (const char* name : {"usr", "bin", "etc"}) {
    if (lies_in(path, name)) return cat("rootfs:", path);
  }
  return make_error(ErrorCode::kUnsupported,
                    "the directory holds neither an OCI image layout nor a root file system",
                    kForms);
}

}  // namespace

bool is_image_path(std::string_view text) {
  return text.starts_with("/") || text.starts_with("./") || text.starts_with("../") ||
         text == "." || text == "..";
}

Result<std::string> source_of_path(const std::string& path) {
  std::string image = cat("image '", printable(path), "'");
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return os_error(image);
  if (S_ISDIR(status.st_mode)) {
    auto source = source_of_directory(path);
    if (!source) return std::move(source).error().in(image);
    return source;
  }
  auto files = TarFiles::open(path);
  if (!files) {
    Error error = std::move(files).error().in(image);
    if (error.hint.empty()) error.hint = kForms;
    return error;
  }
  // `docker save` writes both since Docker 25.
  if (files->has("manifest.json")) return cat("docker-archive:", path);
  if (files->has("index.json")) return cat("oci-archive:", path);
  return make_error(ErrorCode::kUnsupported,
                    cat(image,
                        ": the archive holds no image: neither 'manifest.json' nor "
                        "'index.json' is in it"),
                    "what 'docker export' wrote is a root file system: unpack it, and name the "
                    "directory as rootfs:DIR");
}

}  // namespace outboard::engine
