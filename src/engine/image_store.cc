// SPDX-License-Identifier: Apache-2.0
// Layout: CACHE/images/HEX/{rootfs,image.json}; CACHE/references/NAME holds the digest that a
// registry reference or an archive had; CACHE/images/.unpack-PID is work in progress. One lock
// serialises unpacking; readers need none, because an image appears by rename.
#include "engine/image_store.h"

#include <sys/stat.h>

#include <cstdio>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/directories.h"
#include "engine/standard_stream.h"

namespace outboard::engine {

namespace {

constexpr size_t kLargestDocument = 8U << 20;
constexpr std::string_view kUnpacking = ".unpack-";

Result<json::Value> read_json(const std::string& path) {
  OB_TRY(std::string text, read_file(path, kLargestDocument));
  return json::parse(text, path);
}

bool is_sha256(std::string_view digest) {
  if (digest.size() != 71 || digest.substr(0, 7) != "sha256:") return false;
  return digest.find_first_not_of("0123456789abcdef", 7) == std::string_view::npos;
}

std::string blob_path(const std::string& layout, const std::string& digest) {
  return cat(layout, "/blobs/sha256/", digest.substr(7));
}

/// A file name for any text: letters, digits, '.', '-' and '_' stay, the rest is %XX.
std::string as_file_name(std::string_view text) {
  std::string out;
  for (char c : text) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '-' || c == '_' || (c == '.' && !out.empty());
    if (plain) {
      out += c;
      continue;
    }
    char escaped[4];
    std::snprintf(escaped, sizeof escaped, "%%%02X", static_cast<unsigned char>(c));
    out += escaped;
  }
  return out;
}

class Store {
 public:
  Store(const std::string& cache, bool one_id, const Console& console)
      : images_(join_path(cache, "images")),
        references_(join_path(cache, "references")),
        one_id_(one_id),
        console_(console) {}

  Result<Image> obtain(const ImageSource& source, const std::string& pull) {
    OB_TRY(std::string known, known_digest(source));
    const bool may_be_old = source.kind != ImageSource::Kind::kRegistry || pull != "always";
    if (may_be_old && !known.empty()) {
      if (auto image = find(known)) return std::move(*image);
    }
    if (source.kind == ImageSource::Kind::kRegistry && pull == "never") {
      return make_error(ErrorCode::kNotFound,
                        cat("image '", printable(source.place), "' is not in the cache"),
                        "leave --pull never out");
    }
    return unpack(source, may_be_old);
  }

 private:
  /// What the source is, as far as that is known without a network; empty: not known.
  Result<std::string> known_digest(const ImageSource& source) {
    if (source.kind == ImageSource::Kind::kOciLayout) {
      auto index = read_json(join_path(source.place, "index.json"));
      if (!index) {
        return std::move(index)
            .error()
            .in(cat("image 'oci:", printable(source.place), "'"))
            .with_hint("name a directory with an OCI image layout");
      }
      return manifest_digest(*index, source.tag);
    }
    OB_TRY(std::string name, reference_name(source));
    auto text = read_file(join_path(references_, name), 4096);
    if (!text) return std::string();
    std::string digest(trim(*text));
    return is_sha256(digest) ? digest : std::string();
  }

  /// Where the digest of a registry name or of an archive (by its identity and age) is remembered.
  Result<std::string> reference_name(const ImageSource& source) {
    std::string name = skopeo_name(source);
    if (source.kind == ImageSource::Kind::kDockerArchive ||
        source.kind == ImageSource::Kind::kOciArchive) {
      struct stat status;
      if (::stat(source.place.c_str(), &status) != 0)
        return os_error(cat("image '", printable(name), "'"));
      std::string_view form = std::string_view(name).substr(0, name.find(':') + 1);
      name = cat(form, status.st_dev, "-", status.st_ino, "-", status.st_size, "-",
                 status.st_mtim.tv_sec, "-", status.st_mtim.tv_nsec,
                 source.tag.empty() ? "" : cat("@", source.tag));
    }
    std::string file = as_file_name(name);
    if (file.size() > 250) {
      return make_error(ErrorCode::kUsage,
                        cat("image '", printable(source.place), "': the name is too long"));
    }
    return file;
  }

  std::optional<Image> find(const std::string& digest) {
    std::string place = join_path(images_, digest.substr(7));
    auto document = read_json(join_path(place, "image.json"));
    if (!document) return std::nullopt;
    return Image{join_path(place, "rootfs"), image_config_from_json(*document), digest};
  }

  Result<void> run(const std::vector<std::string>& argv, const std::string& what) {
    if (console_.dry_run) {
      console_.show({argv});
      return {};
    }
    // What it prints is progress, not a result.
    StandardStream stdout_to_stderr(1, 2);
    OB_TRY(ExitStatus status, run_attached({argv}));
    if (status.success()) return {};
    return make_error(ErrorCode::kIo,
                      cat(what, ": '", argv[0], "' failed with exit code ", status.shell_code()));
  }

  Result<void> check_tools() {
    for (const char* name : {"skopeo", "umoci"}) {
      if (!find_program(name)) {
        return make_error(ErrorCode::kNotFound,
                          cat("the built-in engine needs '", name, "' to unpack images"),
                          "install it ('apt-get install skopeo umoci'), or give an unpacked root "
                          "file system as rootfs:DIR");
      }
    }
    return {};
  }

  Result<Image> unpack(const ImageSource& source, bool may_be_old) {
    OB_CHECK(check_tools());
    if (!console_.dry_run) {
      OB_CHECK(make_directories(directory_of(images_)));
      OB_CHECK(make_directories(images_, 0700));  // set-user-id programs of images lie in it
      OB_CHECK(make_directories(references_));
    }
    std::string work = cat(images_, "/", kUnpacking, ::getpid());
    if (console_.dry_run) {
      OB_CHECK(copy_and_unpack(source, work));
      return Image{};
    }
    OB_TRY(UniqueFd lock, lock_file(join_path(images_, ".lock"), Waiting::kWait));
    // Somebody else may have unpacked it while this one waited.
    if (may_be_old) {
      auto known = known_digest(source);
      if (known && !known->empty()) {
        if (auto image = find(*known)) return std::move(*image);
      }
    }
    sweep();
    OB_CHECK(make_directories(join_path(work, "ready"), 0700));
    auto image = unpack_in(source, work);
    remove_tree(work);
    return image;
  }

  void sweep() {
    auto names = list_directory(images_);
    if (!names) return;
    for (const std::string& name : *names) {
      if (name.rfind(kUnpacking, 0) == 0) remove_tree(join_path(images_, name));
    }
  }

  Result<void> copy_and_unpack(const ImageSource& source, const std::string& work) {
    std::string what = cat("image '", printable(source.place), "'");
    OB_CHECK(run(
        {"skopeo", "copy", "--quiet", skopeo_name(source), cat("oci:", work, "/oci:image")}, what));
    // "raw": only the root file system; the mtree of a whole bundle would read every file again.
    std::vector<std::string> unpack = {"umoci", "--log=error", "raw", "unpack"};
    // Owners that do not exist here are left out.
    if (one_id_) unpack.emplace_back("--rootless");
    for (const std::string& word :
         {std::string("--image"), cat(work, "/oci:image"), join_path(work, "ready/rootfs")})
      unpack.push_back(word);
    return run(unpack, what);
  }

  Result<Image> unpack_in(const ImageSource& source, const std::string& work) {
    std::string layout = join_path(work, "oci");
    OB_TRY(std::string known, known_digest(source));
    console_.note(cat("unpacking image '", printable(source.place), "'"));
    OB_CHECK(copy_and_unpack(source, work));
    OB_TRY(json::Value index, read_json(join_path(layout, "index.json")));
    OB_TRY(std::string copied, manifest_digest(index, "image"));
    // A layout is known by the digest in its own index; the copy's manifest can differ from it
    // (an index of several platforms, another compression).
    std::string digest =
        source.kind == ImageSource::Kind::kOciLayout && !known.empty() ? known : copied;
    OB_TRY(json::Value manifest, read_json(blob_path(layout, copied)));
    const std::string& config_digest = manifest["config"]["digest"].text();
    if (!is_sha256(config_digest)) {
      return make_error(ErrorCode::kConflict, cat("image '", printable(source.place),
                                                  "': its manifest names no configuration"));
    }
    OB_TRY(json::Value config, read_json(blob_path(layout, config_digest)));
    OB_CHECK(publish(work, digest, config["config"]));
    if (source.kind != ImageSource::Kind::kOciLayout) {
      OB_TRY(std::string name, reference_name(source));
      OB_CHECK(replace_file(join_path(references_, name), digest));
    }
    auto image = find(digest);
    if (!image)
      return make_error(ErrorCode::kIo, cat("image '", digest, "' vanished from the cache"));
    return std::move(*image);
  }

  /// Moves the unpacked root into its place in one step.
  Result<void> publish(const std::string& work, const std::string& digest,
                       const json::Value& config) {
    std::string ready = join_path(work, "ready");
    OB_CHECK(replace_file(join_path(ready, "image.json"), json::write_pretty(config)));
    std::string place = join_path(images_, digest.substr(7));
    if (::rename(ready.c_str(), place.c_str()) == 0) return {};
    // With --pull always the same image can be there already: the old one may be in use.
    if (errno == EEXIST || errno == ENOTEMPTY) return {};
    return os_error(cat("move the unpacked image to '", place, "'"));
  }

  std::string images_;
  std::string references_;
  bool one_id_;
  const Console& console_;
};

}  // namespace

Result<std::string> manifest_digest(const json::Value& index, const std::string& tag,
                                    std::string_view form) {
  constexpr std::string_view kName = "org.opencontainers.image.ref.name";
  const auto& manifests = index["manifests"].items();
  std::vector<std::string> tags;
  const json::Value* chosen = nullptr;
  for (const json::Value& manifest : manifests) {
    const std::string& name = manifest["annotations"][kName].text();
    if (!name.empty()) tags.push_back(name);
    if (name == (tag.empty() ? "latest" : tag)) chosen = &manifest;
  }
  if (!chosen && tag.empty() && manifests.size() == 1) chosen = &manifests.front();
  if (!chosen) {
    std::string wanted = tag.empty() ? "a tag must be named" : cat("no tag '", printable(tag), "'");
    std::string have = tags.empty() ? "it has none" : cat("it has ", join(tags, ", "));
    return make_error(ErrorCode::kNotFound,
                      cat("OCI image layout: ", wanted, ", ", printable(have)),
                      cat("write ", form));
  }
  const std::string& digest = (*chosen)["digest"].text();
  if (!is_sha256(digest)) {
    return make_error(ErrorCode::kUnsupported,
                      cat("OCI image layout: digest '", printable(digest), "' is not sha256"));
  }
  return digest;
}

Result<Image> obtain_image(const ImageSource& source, const StorePlace& place,
                           const std::string& pull, const Console& console) {
  if (source.kind == ImageSource::Kind::kRootfs) {
    std::string root = absolute_path(source.place);
    struct stat status;
    if (::stat(root.c_str(), &status) != 0)
      return os_error(cat("image 'rootfs:", printable(source.place), "'"));
    if (!S_ISDIR(status.st_mode)) {
      return make_error(ErrorCode::kUsage,
                        cat("image 'rootfs:", printable(source.place), "': not a directory"));
    }
    return Image{root, {}, {}};
  }
  // Apart: what was unpacked with one owner is of no use to those who have more.
  std::string cache = place.one_id ? join_path(place.directory, "one-id") : place.directory;
  return Store(cache, place.one_id, console).obtain(source, pull);
}

}  // namespace outboard::engine
