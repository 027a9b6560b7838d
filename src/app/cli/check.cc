// SPDX-License-Identifier: Apache-2.0
// outboard check: will an image, or a CUDA version, run on this driver and these GPUs? Nothing is
// pulled, unpacked or started.
#include <cstdio>

#include "app/cli/check_report.h"
#include "app/cli/command.h"
#include "app/cli/run_engine.h"
#include "app/compat_files.h"
#include "app/driver_advice.h"
#include "app/image_check.h"
#include "base/root.h"
#include "base/text.h"
#include "compat/csv.h"
#include "compat/framework_builds.h"
#include "compat/versions.h"
#include "device/request.h"
#include "engine/image_inspect.h"

namespace outboard::cli {

namespace {

CommandHelp check_help() {
  CommandHelp help{
      "check",
      "[IMAGE]",
      "say whether an image, or a CUDA version, runs on this driver and these GPUs",
      "IMAGE is looked for where 'outboard run' would: docker, else podman, else the built-in "
      "engine's cache; then its registry is asked for the manifest and the configuration, and no "
      "layer is pulled. docker://NAME asks the registry at once. rootfs:DIR, oci:DIR[:TAG], "
      "oci-archive:FILE[:TAG] and docker-archive:FILE are read where they lie, and so is a path "
      "(./x, /x), as what lies there. Where an image's files can be "
      "read without unpacking, versions of libraries, cuda-compat and baked-in drivers count, "
      "too.\n\n"
      "A verdict for each GPU: full; minor (minor-version compatibility, with what is missing); "
      "forward (only with the libraries of a cuda-compat package, on a GPU that may use them); "
      "unknown (newer than the tables: nothing forbids it); no. Each with the reason and the ways "
      "out.\n\n"
      "Exit codes: 0 it runs on every chosen GPU (full, minor, unknown), 1 it does not run on one "
      "of them, 3 it runs on one of them by forward compatibility alone, 2 a wrong command line, "
      "4 it could not be found out (no such image, no answer, no driver).",
      {{"gpus", 0, "SPEC",
        "which GPUs: all, a count, indices, UUIDs, PCI bus ids, mig=PROFILE[:N] (default all)",
        "all"},
       {"cuda", 0, "VERSION", "check this CUDA version, without an image or in place of its own",
        ""},
       {"cudnn", 0, "VERSION", "check this cuDNN with that CUDA version", ""},
       {"torch", 0, "VERSION", "check this PyTorch's published packages: 2.9, 2.9.1+cu128", ""},
       {"tensorflow", 0, "VERSION", "check this TensorFlow's", ""},
       {"jax", 0, "VERSION", "check this JAX's", ""},
       {"mxnet", 0, "VERSION", "check this MXNet's", ""},
       {"python", 0, "VERSION", "the Python that they are for", ""},
       {"json", 0, "", "print a JSON document", ""},
       {"engine", 0, "NAME",
        "look for the image in docker, podman or builtin alone, then in its registry",
        "docker podman builtin"},
       {"platform", 0, "OS/ARCH", "of a registry's image (default this machine's)",
        "linux/amd64 linux/arm64"},
       {"layers", 0, "",
        "also list the compressed layers of oci:, oci-archive: and docker-archive: (seconds for "
        "each gigabyte)",
        ""},
       {"timeout", 0, "SECONDS", "how long an engine or a registry may take to answer (default 20)",
        ""},
       {"verbose", 0, "", "say on stderr what is decided and why", ""}},
      false};
  add_machine_options(help);
  return help;
}

Result<engine::InspectOptions> inspect_options(const Parsed& parsed) {
  engine::InspectOptions options;
  options.engine = parsed.value("engine");
  if (!options.engine.empty() && options.engine != "docker" && options.engine != "podman" &&
      options.engine != "builtin") {
    return make_error(ErrorCode::kUsage,
                      cat("check: unknown engine '", printable(options.engine), "'"),
                      "use docker, podman or builtin");
  }
  options.platform = parsed.value("platform");
  auto seconds = parse_number<int>(parsed.value("timeout", "20"));
  if (!seconds || *seconds < 1 || *seconds > 3600) {
    return make_error(
        ErrorCode::kUsage,
        cat("check: --timeout '", printable(parsed.value("timeout")), "' is no number of seconds"),
        "give one from 1 to 3600");
  }
  options.deadline = std::chrono::seconds(*seconds);
  return options;
}

/// "2.9" of "v2.9", as tags of sources write it.
std::string without_v(std::string text) {
  bool tag =
      text.size() > 1 && (text[0] == 'v' || text[0] == 'V') && text[1] >= '0' && text[1] <= '9';
  return tag ? text.substr(1) : text;
}

Result<std::string> version_option(const Parsed& parsed, const char* name,
                                   bool major_will_do = true) {
  std::string text = without_v(parsed.value(name));
  if (!parsed.has(name) ||
      (compat::is_version(text) && (major_will_do || text.find('.') != std::string::npos)))
    return text;
  return make_error(ErrorCode::kUsage,
                    cat("check: --", name, " '", printable(text, 60), "' is no version"),
                    "write it like 12.8");
}

Result<std::vector<compat::FrameworkWish>> framework_options(const Parsed& parsed,
                                                             const std::string& cuda) {
  OB_TRY(std::string python, version_option(parsed, "python", false));
  std::vector<compat::FrameworkWish> wishes;
  for (const char* name : {"torch", "tensorflow", "jax", "mxnet"}) {
    if (!parsed.has(name)) continue;
    std::string version = without_v(parsed.value(name));
    if (version.empty() || version[0] < '0' || version[0] > '9') {
      return make_error(ErrorCode::kUsage,
                        cat("check: --", name, " '", printable(version, 60), "' is no version"),
                        "write it like 2.9 or 2.9.1");
    }
    std::string own = compat::cuda_of_local_version(version);
    bool same = is_digits(cuda) ? compat::major_of(own) == cuda
                                : cuda.empty() || compat::release_of(cuda) == own;
    if (!own.empty() && !same) {
      return make_error(ErrorCode::kUsage,
                        cat("check: --", name, " ", printable(version, 60), " is for CUDA ", own,
                            ", and --cuda says ", cuda),
                        "leave one of the two out");
    }
    // "12.8" of "+cu128" is nearer than "12".
    wishes.push_back({*compat::framework_of(name), version, own.empty() ? cuda : own, python});
  }
  if (wishes.empty() && !python.empty()) {
    return make_error(ErrorCode::kUsage, "check: --python goes with a framework",
                      "name one, for example --torch 2.9");
  }
  return wishes;
}

bool is_archive(const engine::InspectedImage& image) {
  return image.place == "oci" || image.place == "oci-archive" || image.place == "docker-archive";
}

/// Where they can be looked at without unpacking anything.
Result<std::optional<engine::ImageFiles>> files_of(const engine::InspectedImage& image,
                                                   bool compressed) {
  if (!image.root.empty()) {
    OB_TRY(Root root, Root::open(image.root, Root::Trust::kUntrusted));
    return std::optional<engine::ImageFiles>(engine::read_image_root(std::move(root)));
  }
  if (is_archive(image)) {
    if (!image.has_all_layers) return std::optional<engine::ImageFiles>();
    auto files = engine::read_image_layers(image.layers, compressed);
    if (!files) return std::move(files).error().in(cat("image of ", image.place));
    return files;
  }
  return engine::read_layer_directories(image.layer_directories);
}

/// What is known of the image, from its configuration and its files.
app::ImageEvidence evidence_of(const engine::InspectedImage& image,
                               const std::optional<engine::ImageFiles>& files) {
  app::ImageEvidence evidence;
  if (files) app::add_files(evidence, *files);
  if (!image.has_all_layers)
    evidence.notes.emplace_back(
        "a layer of the image is not there, so its files were not looked at");
  if (!files && image.has_all_layers && is_archive(image)) evidence.look_with = "--layers";
  evidence.environment = image.config.environment;
  evidence.labels = image.config.labels;
  evidence.architecture = image.architecture;
  app::add_configured_versions(evidence);
  return evidence;
}

/// What was asked for on the command line.
struct Question {
  engine::InspectOptions inspect;
  std::string cuda, cudnn;
  std::vector<compat::FrameworkWish> frameworks;
};

/// The image goes into the report.
Result<app::ImageEvidence> gather(const Parsed& parsed, const Question& question,
                                  CheckReport& report) {
  const std::string &cuda = question.cuda, &cudnn = question.cudnn;
  const std::vector<compat::FrameworkWish>& frameworks = question.frameworks;
  app::ImageEvidence evidence;
  if (!parsed.words().empty()) {
    report.name = parsed.words()[0];
    OB_TRY(report.image,
           engine::inspect_image(report.name, question.inspect, make_console(parsed)));
    OB_TRY(report.files, files_of(*report.image, parsed.has("layers")));
    evidence = evidence_of(*report.image, report.files);
  }
  if (!cuda.empty()) {
    // With a framework "12" stays what it is: any release.
    bool first = is_digits(cuda) && frameworks.empty();
    std::string release = first ? compat::release_of(cuda) : cuda;
    if (is_digits(cuda)) {
      evidence.notes.push_back(
          first ? cat("--cuda ", cuda, " was taken for CUDA ", release,
                      ", the first of its releases: later ones may need a newer driver")
                : cat("--cuda ", cuda, " was taken for any release of CUDA ", cuda,
                      " that the framework has a package for"));
    }
    evidence.instead = app::CudaSign{std::move(release), "--cuda"};
  }
  if (!cudnn.empty()) evidence.cudnn = cudnn;
  evidence.cudnn_asked = !cudnn.empty();
  if (!frameworks.empty()) evidence.frameworks = frameworks;
  return evidence;
}

/// Whoever is about to install a driver asks which.
Error no_driver(Error error, const host::Facts& facts, const Parsed& parsed,
                const Question& question) {
  CheckReport unused;
  auto evidence = gather(parsed, question, unused);
  if (!evidence) return error;
  // Of "12" the framework's package says which release it is.
  if (is_digits(question.cuda) && !question.frameworks.empty() && parsed.words().empty())
    evidence->instead.reset();
  app::CompatTables tables = app::read_user_tables();
  auto cuda = app::cuda_of(*evidence, tables.tables());
  if (!cuda) return error;
  app::DriverAdvice advice = app::driver_advice(facts, *evidence, *cuda, tables.tables());
  if (advice.text.empty()) return error;
  error.hint = advice.none ? advice.text : cat(advice.text, " (", error.hint, ")");
  return error;
}

Result<int> run(const Parsed& parsed) {
  if (parsed.words().size() > 1) {
    return make_error(ErrorCode::kUsage, "check: one image at most",
                      "options stand in front of it or behind it; ask about each image by itself");
  }
  OB_TRY(engine::InspectOptions inspect, inspect_options(parsed));
  OB_TRY(std::string cuda, version_option(parsed, "cuda"));
  OB_TRY(std::string cudnn, version_option(parsed, "cudnn"));
  OB_TRY(std::vector<compat::FrameworkWish> frameworks, framework_options(parsed, cuda));
  if (parsed.words().empty() && cuda.empty() && frameworks.empty()) {
    return make_error(ErrorCode::kUsage,
                      cudnn.empty() ? "check: nothing to check"
                                    : "check: what a cuDNN needs hangs on the CUDA version",
                      cudnn.empty() ? "name an image, or a version with --cuda 12.8 or --torch 2.9"
                                    : cat("name that, too: --cuda 12.8 --cudnn ", cudnn));
  }
  if (parsed.words().empty() && cuda.empty() && !cudnn.empty()) {
    return make_error(ErrorCode::kUsage, "check: --cudnn needs a CUDA version, or an image",
                      cat("name it with --cuda, for example --cuda 12.8 --cudnn ", cudnn));
  }
  OB_TRY(device::Request request, device::parse_gpus_option(parsed.value("gpus", "all")));
  OB_TRY(app::MachineOptions options, machine_options(parsed));
  Question question{std::move(inspect), cuda, cudnn, std::move(frameworks)};
  OB_TRY(app::Machine machine, app::read_machine(options, app::NvmlUse::kNever));
  host::Facts bare;
  bool has_driver = machine.facts.module_version || machine.facts.library_version;
  if (!has_driver) bare = machine.facts;
  auto chosen = app::choose_on(std::move(machine), options, request);
  if (!chosen) {
    if (has_driver || bare.gpus.empty()) return std::move(chosen).error();
    return no_driver(std::move(chosen).error(), bare, parsed, question);
  }
  if (chosen->selection.devices.empty()) {
    return make_error(ErrorCode::kUsage, "check: no GPU is chosen, so there is nothing to check",
                      "leave --gpus out, or name a GPU");
  }

  CheckReport report;
  report.simulated = chosen->machine.facts.simulated;
  OB_TRY(app::ImageEvidence evidence, gather(parsed, question, report));
  app::CompatTables tables = app::read_user_tables();
  auto verdict = app::check_image(*chosen, options, evidence, tables.tables());
  if (!verdict) {
    // It is the image that is wrong, not the command line.
    Error error = std::move(verdict).error();
    if (error.code == ErrorCode::kUsage) error.code = ErrorCode::kConflict;
    return std::move(error).in(cat("image '", printable(report.name), "'"));
  }
  report.verdict = std::move(*verdict);
  report.verdict.notes.insert(report.verdict.notes.end(), tables.warnings().begin(),
                              tables.warnings().end());
  std::string text =
      parsed.has("json") ? json::write_pretty(check_json(report)) : check_text(report);
  std::fputs(text.c_str(), stdout);
  return check_exit_code(report.verdict);
}

}  // namespace

CliCommand check_command() {
  return {check_help(), run};
}

}  // namespace outboard::cli
