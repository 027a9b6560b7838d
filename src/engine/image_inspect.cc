// SPDX-License-Identifier: Apache-2.0
#include "engine/image_inspect.h"

#include <arpa/inet.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/directories.h"
#include "engine/image_path.h"
#include "engine/image_source.h"
#include "engine/image_store.h"

namespace outboard::engine {

namespace {

constexpr size_t kLargestAnswer = 16U << 20;

#if defined(__aarch64__)
constexpr const char* kArchitecture = "arm64";
#else
constexpr const char* kArchitecture = "amd64";
#endif

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string first_line(std::string_view text) {
  text = trim(text);
  return printable(text.substr(0, text.find('\n')), 400);
}

CaptureOptions limits(std::chrono::milliseconds deadline) {
  CaptureOptions options;
  options.deadline = deadline;
  options.limit = kLargestAnswer;
  return options;
}

/// What skopeo says why it ends: the last line's msg="...", without its escapes.
std::string skopeo_message(std::string_view log) {
  log = trim(log);
  size_t line = log.rfind('\n');
  if (line != std::string_view::npos) log = log.substr(line + 1);
  size_t start = log.find("msg=\"");
  if (start == std::string_view::npos) return printable(log, 600);
  std::string out;
  for (size_t i = start + 5; i < log.size() && log[i] != '"'; i++) {
    if (log[i] == '\\' && i + 1 < log.size()) i++;
    out += log[i];
  }
  return printable(out, 600);
}

/// The host of "HOST[:PORT]/NAME"; names without one are Docker Hub's.
std::string registry_of(std::string_view reference) {
  if (!names_registry(reference)) return "docker.io";
  return std::string(reference.substr(0, reference.find('/')));
}

Error registry_failure(const std::string& reference, const std::string& why) {
  std::string image = cat("image '", printable(reference), "'");
  std::string host = printable(registry_of(reference), 100);
  std::string text = lower(why);
  // Of the person's own machine: the registry was not asked.
  if (contains(text, "error getting credentials")) {
    return make_error(
        ErrorCode::kIo, cat(image, ": the log-in for registry '", host, "' cannot be read: ", why),
        "install the program that credsStore or credHelpers in ~/.docker/config.json names, or "
        "take it out there");
  }
  if (contains(text, "manifest unknown") || contains(text, "name unknown") ||
      contains(text, "not found")) {
    return make_error(ErrorCode::kNotFound, cat(image, " is not in registry '", host, "'"),
                      "see whether name and tag are spelled right");
  }
  if (contains(text, "no image found") || contains(text, "no image found in manifest list")) {
    return make_error(ErrorCode::kNotFound, cat(image, ": ", why), "choose another --platform");
  }
  // Docker Hub says the same of images that are not there.
  if (contains(text, "unauthorized") || contains(text, "denied") ||
      contains(text, "authentication required")) {
    return make_error(ErrorCode::kDenied,
                      cat(image, ": registry '", host, "' wants a log-in, or has no such image"),
                      cat("log in with 'docker login ", host, "' or 'skopeo login ", host, "'"));
  }
  if (contains(text, "http response to https client") || contains(text, "x509")) {
    return make_error(ErrorCode::kIo,
                      cat(image, ": registry '", host, "' has no certificate that is trusted here"),
                      cat("if that is intended, write 'insecure = true' for it into "
                          "/etc/containers/registries.conf"));
  }
  for (const char* network : {"dial tcp", "no such host", "connection refused", "timeout",
                              "unreachable", "eof", "connection reset"}) {
    if (contains(text, network)) {
      return make_error(ErrorCode::kIo,
                        cat(image, ": registry '", host, "' does not answer: ", why),
                        "see whether the name of the registry is right and the network works");
    }
  }
  return make_error(ErrorCode::kConflict, cat(image, ": registry '", host, "': ", why));
}

Error no_answer(const std::string& reference, std::chrono::milliseconds deadline) {
  return make_error(
      ErrorCode::kBusy,
      cat("image '", printable(reference), "': registry '", printable(registry_of(reference), 100),
          "' did not answer within ", deadline.count() / 1000, " s"),
      "see whether the name of the registry is right and the network works, or wait "
      "longer with --timeout");
}

Error is_nowhere(const std::string& image) {
  return make_error(ErrorCode::kNotFound, cat("image '", printable(image), "' is not here"),
                    "pull it first, or let its registry be asked");
}

std::vector<std::string> overlay_directories(const json::Value& driver) {
  std::vector<std::string> out;
  if (driver["Name"].text() != "overlay2") return out;
  const json::Value& data = driver["Data"];
  for (const char* member : {"UpperDir", "LowerDir"}) {
    for (std::string_view directory : split(data[member].text(), ':')) {
      if (directory.starts_with("/")) out.emplace_back(directory);
    }
  }
  return out;
}

class Inspector {
 public:
  Inspector(const std::string& image, const InspectOptions& options, const Console& console)
      : image_(image), options_(options), console_(console) {}

  Result<InspectedImage> inspect() {
    if (is_image_path(image_)) {
      OB_TRY(std::string text, source_of_path(image_));
      console_.say(cat("image '", printable(image_), "' is ", printable(text)));
      OB_TRY(ImageSource source, parse_image_source(text));
      return inspect(source);
    }
    OB_TRY(ImageSource source, parse_image_source(image_));
    auto image = inspect(source);
    if (!image && source.kind == ImageSource::Kind::kRegistry) return or_file(std::move(image));
    return image;
  }

 private:
  using Found = Result<std::optional<InspectedImage>>;

  Result<InspectedImage> inspect(const ImageSource& source) {
    if (source.kind == ImageSource::Kind::kRootfs) return from_directory(source);
    if (source.kind == ImageSource::Kind::kOciLayout) {
      OB_TRY(ArchivedImage archived, named(read_oci_layout(source.place, source.tag, platform())));
      return from_archive(archived, "oci");
    }
    if (source.kind == ImageSource::Kind::kOciArchive) {
      OB_TRY(ArchivedImage archived, named(read_oci_archive(source.place, source.tag, platform())));
      return from_archive(archived, "oci-archive");
    }
    if (source.kind == ImageSource::Kind::kDockerArchive) {
      OB_TRY(ArchivedImage archived, named(read_docker_archive(source.place)));
      return from_archive(archived, "docker-archive");
    }
    if (!image_.starts_with("docker://")) {
      OB_TRY(auto local, from_engine(source));
      if (local) return std::move(*local);
    }
    if (!options_.ask_registry) return is_nowhere(image_);
    return inspect_registry(source.place, options_.platform, options_.deadline);
  }

  /// No such image; but a file of that name may lie here.
  Result<InspectedImage> or_file(Result<InspectedImage> image) const {
    auto source = source_of_path(cat("./", image_));
    if (!source) return image;
    return std::move(image).error().with_hint(
        cat("to read what lies here under that name, write ", printable(*source)));
  }

  std::string platform() const {
    return options_.platform.empty() ? own_platform() : options_.platform;
  }

  Result<ArchivedImage> named(Result<ArchivedImage> image) const {
    if (image) return image;
    Error error = std::move(image).error();
    // JSON that cannot be read is no fault of the command line.
    if (error.code == ErrorCode::kUsage) error.code = ErrorCode::kConflict;
    return std::move(error).in(cat("image '", printable(image_), "'"));
  }

  static Result<InspectedImage> from_archive(ArchivedImage& archived, const char* place) {
    InspectedImage image = inspected_image(archived.document, place);
    image.digest = archived.digest;
    image.layers = std::move(archived.layers);
    image.has_all_layers = archived.complete;
    return image;
  }

  Result<InspectedImage> from_directory(const ImageSource& source) {
    InspectedImage image;
    image.place = "rootfs";
    OB_TRY(Image found, obtain_image(source, {}, "never", console_));
    image.root = found.root;
    return image;
  }

  Found from_docker(const char* missing) {
    auto program = find_program("docker");
    if (!program) return make_error(ErrorCode::kNotFound, missing);
    return inspect_local_docker(*program, image_, options_.deadline);
  }

  Found from_podman(const char* missing) {
    auto program = find_program("podman");
    if (!program) return make_error(ErrorCode::kNotFound, missing);
    return inspect_local_podman(*program, image_, options_.deadline);
  }

  Found from_cache(const ImageSource& source) {
    auto image = obtain_image(source, {directories().cache}, "never", console_);
    if (!image) {
      if (image.error().code == ErrorCode::kNotFound) return std::optional<InspectedImage>();
      return std::move(image).error();
    }
    InspectedImage found;
    found.place = "cache";
    found.config = std::move(image->config);
    found.digest = image->digest;
    found.root = image->root;
    return std::optional<InspectedImage>(std::move(found));
  }

  /// The engine's that `outboard run` would use.
  Found from_engine(const ImageSource& source) {
    if (options_.engine == "builtin") return from_cache(source);
    if (options_.engine == "docker") return from_docker("there is no 'docker' on PATH");
    if (options_.engine == "podman") return from_podman("there is no 'podman' on PATH");
    auto docker = from_docker("there is no 'docker' on PATH");
    if (docker) return docker;
    console_.say(cat("not docker: ", docker.error().text));
    auto podman = from_podman("there is no 'podman' on PATH");
    if (podman) return podman;
    console_.say(cat("not podman: ", podman.error().text));
    return from_cache(source);
  }

  const std::string& image_;
  const InspectOptions& options_;
  const Console& console_;
};

}  // namespace

bool is_loopback(std::string_view host) {
  bool bracketed = !host.empty() && host.front() == '[';
  host = host.substr(0, bracketed ? host.find(']') + 1 : host.find(':'));
  if (host == "localhost" || host == "[::1]") return true;
  in_addr address{};
  // A name may begin like an address: "127.example.com".
  return ::inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 &&
         ntohl(address.s_addr) >> 24 == 127;
}

bool names_registry(std::string_view reference) {
  std::string_view first = reference.substr(0, reference.find('/'));
  return first.size() < reference.size() &&
         (contains(first, ".") || contains(first, ":") || first == "localhost");
}

std::string own_platform() {
  return cat("linux/", kArchitecture);
}

InspectedImage inspected_image(const json::Value& document, const std::string& place) {
  InspectedImage image;
  image.place = place;
  // Docker's and podman's own words begin with capitals, the configuration's do not.
  const json::Value& config =
      document["Config"].is_null() ? document["config"] : document["Config"];
  image.config = image_config_from_json(config);
  auto either = [&](const char* upper, const char* lower) {
    return document[upper].is_null() ? document[lower].text() : document[upper].text();
  };
  image.architecture = either("Architecture", "architecture");
  image.os = either("Os", "os");
  return image;
}

Result<std::optional<InspectedImage>> inspect_local_docker(const std::string& docker,
                                                           const std::string& image,
                                                           std::chrono::milliseconds deadline) {
  OB_TRY(Output output,
         run_captured({{docker, "image", "inspect", "--format", "{{json .}}", "--", image}},
                      limits(deadline)));
  if (!output.status.success()) {
    if (contains(lower(output.err), "no such image")) return std::optional<InspectedImage>();
    if (contains(output.err, "permission denied")) {
      return make_error(ErrorCode::kDenied, "no permission to talk to the docker daemon",
                        "run as root, or as a member of the group 'docker'");
    }
    if (contains(output.err, "Cannot connect")) {
      return make_error(ErrorCode::kIo, "the docker daemon does not answer",
                        "start it with 'systemctl start docker', or use another --engine");
    }
    return make_error(ErrorCode::kIo, cat("docker: inspect the image: ", first_line(output.err)));
  }
  OB_TRY(json::Value document, json::parse(output.out, "docker image inspect"));
  InspectedImage found = inspected_image(document, "docker");
  found.digest = document["Id"].text();
  found.layer_directories = overlay_directories(document["GraphDriver"]);
  return std::optional<InspectedImage>(std::move(found));
}

Result<std::optional<InspectedImage>> inspect_local_podman(const std::string& podman,
                                                           const std::string& image,
                                                           std::chrono::milliseconds deadline) {
  OB_TRY(Output output,
         run_captured({{podman, "image", "inspect", "--", image}}, limits(deadline)));
  if (!output.status.success()) {
    std::string text = lower(output.err);
    if (contains(text, "image not known") || contains(text, "no such image"))
      return std::optional<InspectedImage>();
    size_t error = output.err.rfind("Error: ");
    return make_error(ErrorCode::kIo,
                      cat("podman: inspect the image: ",
                          first_line(error == std::string::npos
                                         ? std::string_view(output.err)
                                         : std::string_view(output.err).substr(error + 7))));
  }
  OB_TRY(json::Value document, json::parse(output.out, "podman image inspect"));
  if (document.items().empty())
    return make_error(ErrorCode::kConflict, "podman: inspect the image: it says nothing");
  InspectedImage found = inspected_image(document.items()[0], "podman");
  found.digest = document.items()[0]["Digest"].text();
  found.layer_directories = overlay_directories(document.items()[0]["GraphDriver"]);
  return std::optional<InspectedImage>(std::move(found));
}

Result<InspectedImage> inspect_registry(const std::string& reference, const std::string& platform,
                                        std::chrono::milliseconds deadline) {
  auto program = find_program("skopeo");
  if (!program) {
    return make_error(ErrorCode::kNotFound,
                      cat("image '", printable(reference),
                          "' is not here, and without 'skopeo' its registry cannot be asked"),
                      "install it ('apt-get install skopeo'), or pull the image first");
  }
  std::vector<std::string> argv = {*program};
  const std::string wanted = platform.empty() ? own_platform() : platform;
  auto parts = split(wanted, '/');
  if (parts.size() < 2 || parts[0].empty() || parts[1].empty()) {
    return make_error(ErrorCode::kUsage, cat("platform '", printable(platform), "' is none"),
                      "write it as linux/amd64");
  }
  argv.push_back(cat("--override-os=", parts[0]));
  argv.push_back(cat("--override-arch=", parts[1]));
  if (parts.size() > 2) argv.push_back(cat("--override-variant=", parts[2]));
  argv.insert(argv.end(), {"inspect", "--raw", "--config"});
  if (is_loopback(registry_of(reference))) argv.emplace_back("--tls-verify=false");
  argv.push_back(cat("docker://", reference));
  auto output = run_captured({argv}, limits(deadline));
  if (!output) {
    if (output.error().code == ErrorCode::kBusy) return no_answer(reference, deadline);
    return std::move(output).error();
  }
  if (!output->status.success()) return registry_failure(reference, skopeo_message(output->err));
  auto document = json::parse(output->out, "its configuration");
  if (!document || !document->is_object()) {
    return make_error(ErrorCode::kConflict,
                      cat("image '", printable(reference), "': registry '",
                          printable(registry_of(reference), 100), "' sent a broken configuration"));
  }
  return inspected_image(*document, "registry");
}

Result<InspectedImage> inspect_image(const std::string& image, const InspectOptions& options,
                                     const Console& console) {
  return Inspector(image, options, console).inspect();
}

}  // namespace outboard::engine
