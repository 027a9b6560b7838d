// SPDX-License-Identifier: Apache-2.0
#include "engine/docker_image.h"

#include "base/files.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/before_pull.h"
#include "engine/directories.h"
#include "engine/image_layout.h"
#include "engine/standard_stream.h"
#include "engine/tar.h"

namespace outboard::engine {

namespace {

using Libc = plan::ImageLayout::Libc;

constexpr size_t kLargestCache = 16U << 20;
constexpr int kFormat = 1;  ///< of the remembered files; another number is read anew

#if defined(__aarch64__)
constexpr const char* kMuslLoader = "/lib/ld-musl-aarch64.so.1";
constexpr const char* kLibcDirectories[] = {"/usr/lib/aarch64-linux-gnu", "/lib/aarch64-linux-gnu",
                                            "/usr/lib64", "/lib64", "/usr/lib"};
#else
constexpr const char* kMuslLoader = "/lib/ld-musl-x86_64.so.1";
constexpr const char* kLibcDirectories[] = {"/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu",
                                            "/usr/lib64", "/lib64", "/usr/lib"};
#endif

/// A container that is never started, to look into an image; removed again.
class LookingGlass {
 public:
  static Result<LookingGlass> create(const std::string& docker, const std::string& image) {
    // The program need not exist.
    OB_TRY(Output output,
           run_captured({{docker, "create", "--network", "none", "--label", "io.outboard.inspect=1",
                          "--entrypoint", "/outboard", image}}));
    if (!output.status.success()) return docker_failure("look into the image", output.err);
    return LookingGlass(docker, std::string(trim(output.out)));
  }
  LookingGlass(LookingGlass&& other) noexcept
      : docker_(std::move(other.docker_)), id_(std::exchange(other.id_, {})) {}
  LookingGlass(const LookingGlass&) = delete;
  LookingGlass& operator=(const LookingGlass&) = delete;
  ~LookingGlass() {
    if (id_.empty()) return;
    [[maybe_unused]] auto ignored = run_captured({{docker_, "rm", "--force", id_}});
  }

  /// The file's content, links followed; nothing if there is no such file.
  std::optional<std::string> file(const std::string& path) const {
    CaptureOptions limits;
    limits.limit = kLargestCache;
    auto output =
        run_captured({{docker_, "cp", "--follow-link", cat(id_, ":", path), "-"}}, limits);
    if (!output || !output->status.success()) return std::nullopt;
    auto entry = first_tar_entry(output->out);
    if (!entry || entry->type != '0') return std::nullopt;
    return std::string(entry->content);
  }

 private:
  LookingGlass(std::string docker, std::string id)
      : docker_(std::move(docker)), id_(std::move(id)) {}
  std::string docker_;
  std::string id_;
};

plan::ImageLayout layout_without_cache(const LookingGlass& glass) {
  plan::ImageLayout layout;
  for (const char* directory : kLibcDirectories) {
    auto libc = glass.file(cat(directory, "/libc.so.6"));
    // e_ident[EI_CLASS] of a 64 bit ELF file
    if (!libc || libc->size() < 5 || (*libc)[4] != 2) continue;
    layout.libc = Libc::kGlibc;
    layout.library_directory64 = directory;
    return layout;
  }
  layout.libc = glass.file(kMuslLoader) ? Libc::kMusl : Libc::kNone;
  return layout;
}

std::string memory_path(const std::string& id, const char* ending) {
  return cat(join_path(directories().cache, "docker-images/"), id.substr(id.find(':') + 1), ending);
}

bool recall(DockerImage& image) {
  auto text = read_file(memory_path(image.id, ".json"), 1U << 16);
  auto cache = read_file(memory_path(image.id, ".ld.so.cache"), kLargestCache);
  if (!text || !cache) return false;
  auto document = json::parse(*text, "image facts");
  if (!document || (*document)["format"].as_int() != kFormat) return false;
  auto libc = (*document)["libc"].as_int();
  if (!libc || *libc < 0 || *libc > 3) return false;
  image.layout.libc = static_cast<Libc>(*libc);
  image.layout.library_directory64 = (*document)["libraryDirectory64"].text();
  image.layout.library_directory32 = (*document)["libraryDirectory32"].as_string();
  image.layout.has_ld_cache = !cache->empty();
  image.ld_cache = std::move(*cache);
  return true;
}

// Not being able to remember is no failure.
void remember(const DockerImage& image) {
  json::Value document;
  document.set("format", kFormat);
  document.set("libc", static_cast<int>(image.layout.libc));
  document.set("libraryDirectory64", image.layout.library_directory64);
  document.set("libraryDirectory32", json::Value::maybe(image.layout.library_directory32));
  std::string path = memory_path(image.id, ".json");
  if (!make_directories(directory_of(path))) return;
  if (!replace_file(memory_path(image.id, ".ld.so.cache"), image.ld_cache)) return;
  [[maybe_unused]] auto ignored = replace_file(path, json::write_pretty(document));
}

Result<Output> inspect(const std::string& docker, const std::string& image) {
  return run_captured({{docker, "image", "inspect", "--format", "{{json .}}", "--", image}});
}

Result<void> pull(const std::string& docker, const RunWords& words) {
  std::vector<std::string> argv = {docker, "pull"};
  if (auto platform = words.value("platform")) argv.push_back(cat("--platform=", *platform));
  if (words.is_on("quiet")) argv.emplace_back("--quiet");
  argv.push_back(words.image);
  StandardStream stdout_to_stderr(1, 2);  // progress is no result
  OB_TRY(ExitStatus status, run_attached({argv}));
  if (status.success()) return {};
  // docker has said why.
  return make_error(ErrorCode::kNotFound, cat("image '", printable(words.image),
                                              "' is not here and could not be pulled"));
}

}  // namespace

Error docker_failure(const std::string& what, const std::string& stderr_text) {
  // The lines after the first repeat it ("Error: failed to start containers").
  std::string_view text = trim(stderr_text);
  text = text.substr(0, text.find('\n'));
  for (std::string_view start : {"Error response from daemon: ", "docker: ", "Error: "}) {
    if (text.substr(0, start.size()) == start) text.remove_prefix(start.size());
  }
  return make_error(ErrorCode::kIo, cat("docker: ", what, ": ", printable(text, 2000)));
}

Result<DockerImage> inspect_docker_image(const std::string& docker, const RunWords& words,
                                         const Console& console, const GpuHooks* gpus) {
  DockerImage image;
  std::string policy = words.value("pull").value_or("missing");
  if (policy == "always" && !console.dry_run) {
    if (gpus) OB_CHECK(check_before_pull(words, *gpus, console));
    OB_CHECK(pull(docker, words));
  }
  OB_TRY(Output output, inspect(docker, words.image));
  if (!output.status.success()) {
    if (console.dry_run) {
      console.note(cat("image '", printable(words.image),
                       "' is not here: Debian's library directory is assumed"));
      return image;
    }
    if (policy == "never") {
      return make_error(ErrorCode::kNotFound,
                        cat("image '", printable(words.image), "' is not here"),
                        "leave --pull never out, or pull it first");
    }
    if (gpus) OB_CHECK(check_before_pull(words, *gpus, console));
    OB_CHECK(pull(docker, words));
    OB_TRY(output, inspect(docker, words.image));
    if (!output.status.success()) return docker_failure("inspect the image", output.err);
  }
  OB_TRY(json::Value document, json::parse(output.out, "docker image inspect"));
  image.id = document["Id"].text();
  image.config = image_config_from_json(document["Config"]);
  if (image.id.empty() || image.id.find('/') != std::string::npos)
    return make_error(ErrorCode::kIo, "docker: inspect the image: it has no id");
  if (recall(image)) return image;

  OB_TRY(LookingGlass glass, LookingGlass::create(docker, image.id));
  image.ld_cache = glass.file("/etc/ld.so.cache").value_or("");
  auto layout = image_layout_of_cache(image.ld_cache);
  image.layout = layout ? *layout : layout_without_cache(glass);
  image.layout.has_ld_cache = !image.ld_cache.empty();
  remember(image);
  return image;
}

}  // namespace outboard::engine
