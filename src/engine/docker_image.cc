// SPDX-License-Identifier: Apache-2.0
#include "engine/docker_image.h"

#include "base/files.h"
#include "base/json.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/before_pull.h"
#include "engine/directories.h"
#include "engine/docker_files.h"
#include "engine/image_layout.h"
#include "engine/standard_stream.h"

namespace outboard::engine {

namespace {

using Libc = plan::ImageLayout::Libc;

constexpr size_t kLargestCache = 16U << 20;
constexpr int kFormat = 2;  ///< of the remembered files; another number is read anew

#if defined(__aarch64__)
constexpr const char* kMuslLoader = "/lib/ld-musl-aarch64.so.1";
constexpr const char* kLibcDirectories[] = {"/usr/lib/aarch64-linux-gnu", "/lib/aarch64-linux-gnu",
                                            "/usr/lib64", "/lib64", "/usr/lib"};
#else
constexpr const char* kMuslLoader = "/lib/ld-musl-x86_64.so.1";
constexpr const char* kLibcDirectories[] = {"/usr/lib/x86_64-linux-gnu", "/lib/x86_64-linux-gnu",
                                            "/usr/lib64", "/lib64", "/usr/lib"};
#endif

plan::ImageLayout layout_without_cache(const DockerImageFiles& files) {
  plan::ImageLayout layout;
  for (const char* directory : kLibcDirectories) {
    auto libc = files.file(cat(directory, "/libc.so.6"), kLargestCache);
    // e_ident[EI_CLASS] of a 64 bit ELF file
    if (!libc || libc->size() < 5 || (*libc)[4] != 2) continue;
    layout.libc = Libc::kGlibc;
    layout.library_directory64 = directory;
    return layout;
  }
  layout.libc = files.file(kMuslLoader, kLargestCache) ? Libc::kMusl : Libc::kNone;
  return layout;
}

std::string memory_path(const std::string& id, const char* ending) {
  return cat(join_path(directories().cache, "docker-images/"), id.substr(id.find(':') + 1), ending);
}

bool recall(DockerImage& image) {
  auto text = read_file(memory_path(image.id, ".json"), 4U << 20);
  auto cache = read_file(memory_path(image.id, ".ld.so.cache"), kLargestCache);
  if (!text || !cache) return false;
  auto document = json::parse(*text, "image facts");
  if (!document || (*document)["format"].as_int() != kFormat) return false;
  auto libc = (*document)["libc"].as_int();
  if (!libc || *libc < 0 || *libc > 3) return false;
  auto outline = ImageOutline::from_json((*document)["compat"]);
  if (!outline) return false;
  image.outline = std::move(*outline);
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
  document.set("compat", image.outline->to_json());
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

  OB_TRY(DockerImageFiles files, DockerImageFiles::open(docker, image.id));
  image.ld_cache = files.file("/etc/ld.so.cache", kLargestCache).value_or("");
  auto layout = image_layout_of_cache(image.ld_cache);
  image.layout = layout ? *layout : layout_without_cache(files);
  image.layout.has_ld_cache = !image.ld_cache.empty();
  auto outline =
      files.compat_outline(find_variable(image.config.environment, "LD_LIBRARY_PATH").value_or(""));
  if (!outline) {
    if (!DelayedSignals::waiting())
      console.note(cat("the image's CUDA libraries for forward compatibility were not looked at: ",
                       outline.error().text));
    return image;
  }
  image.outline = std::move(*outline);
  remember(image);
  return image;
}

}  // namespace outboard::engine
