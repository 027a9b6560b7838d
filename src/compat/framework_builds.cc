// SPDX-License-Identifier: Apache-2.0
#include "compat/framework_builds.h"

#include <algorithm>

#include "base/text.h"
#include "compat/csv.h"
#include "compat/requirement.h"
#include "compat/versions.h"

namespace outboard::compat {

namespace {

// What stands in round brackets, or behind a question mark, is a remark.
std::string_view without_remark(std::string_view text) {
  return trim(text.substr(0, text.find_first_of("(?")));
}

std::string without_mark(std::string_view text, char mark) {
  std::string out(trim(text));
  if (!out.empty() && out.back() == mark) out.pop_back();
  return out;
}

// "0.7.2-0.10.2 (jaxlib)"
void set_range(FrameworkBuild& build, std::string_view text) {
  text = without_remark(text);
  size_t dash = text.find('-');
  build.first = text.substr(0, dash);
  build.version = dash == std::string_view::npos ? text : text.substr(dash + 1);
}

// The list for a CUDA version of "12.1:5.0 6.0;13.0:7.5"; a list without a version is for all.
std::string architectures_for(std::string_view cell, std::string_view cuda) {
  for (std::string_view part : split(cell, ';')) {
    size_t colon = part.find(':');
    if (colon == std::string_view::npos) return std::string(trim(part));
    if (trim(part.substr(0, colon)) == cuda) return std::string(trim(part.substr(colon + 1)));
  }
  return "";
}

template <class Row>
void set_architectures(FrameworkBuild& build, const Row& row) {
  build.architectures = architectures_for(row.architectures, build.cuda);
  build.architectures_confidence = row.architectures_confidence;
  build.architectures_source = row.architectures_source;
}

void add_pytorch(const Tables& tables, std::vector<FrameworkBuild>& builds) {
  for (const PytorchRow& row : tables.pytorch) {
    FrameworkBuild build;
    set_range(build, row.version);
    build.cuda = row.cuda;
    build.cudnn = row.cudnn;
    build.python = row.python;
    build.architectures = without_remark(row.architectures);
    build.is_default = row.default_on_pypi == "yes";
    if (build.is_default || row.index_url.empty()) {
      build.install = "pip install torch==VERSION";
    } else {
      bool is_page =
          row.index_url.size() > 5 && row.index_url.substr(row.index_url.size() - 5) == ".html";
      build.install = is_page
                          ? cat("pip install torch==VERSION+", row.wheel_tag, " -f ", row.index_url)
                          : cat("pip install torch==VERSION --index-url ", row.index_url);
    }
    build.confidence = row.confidence;
    build.source = row.source;
    builds.push_back(std::move(build));
  }
}

void add_tensorflow(const Tables& tables, std::vector<FrameworkBuild>& builds) {
  for (const TensorflowRow& row : tables.tensorflow) {
    FrameworkBuild build;
    set_range(build, row.version);
    build.cuda = row.cuda;
    build.cudnn = row.cudnn;
    build.python = row.python;
    build.install = cat("pip install '", row.pip_package, "==VERSION'");
    build.is_default = true;
    build.confidence = row.confidence;
    build.source = row.source;
    set_architectures(build, row);
    builds.push_back(std::move(build));
  }
}

// A cell of CUDA versions, "11.8,12.1+": one build each.
template <class Row>
void add_variants(const FrameworkBuild& pattern, const Row& row, std::string_view cudas,
                  std::vector<FrameworkBuild>& builds) {
  for (std::string_view item : split(cudas, ',')) {
    FrameworkBuild build = pattern;
    build.is_doubtful = item.find('?') != std::string_view::npos;
    item = without_remark(item);
    build.cuda_or_newer = !item.empty() && item.back() == '+';
    build.cuda = without_mark(item, '+');
    set_architectures(build, row);
    if (is_version(build.cuda)) builds.push_back(std::move(build));
  }
}

void add_jax(const Tables& tables, std::vector<FrameworkBuild>& builds) {
  for (const JaxRow& row : tables.jax) {
    FrameworkBuild build;
    set_range(build, row.version);
    build.cudnn = is_version(row.cudnn) ? row.cudnn : "";
    build.python = row.python;
    build.confidence = row.confidence;
    build.source = row.source;
    add_variants(build, row, row.cuda, builds);
  }
  for (FrameworkBuild& build : builds) {
    // Packages with this name exist from 0.4.8 on.
    if (compare_padded(build.version, "0.4.8") >= 0)
      build.install =
          cat("pip install 'jax[cuda", build.cuda.substr(0, build.cuda.find('.')), "]==VERSION'");
  }
}

void add_mxnet(const Tables& tables, std::vector<FrameworkBuild>& builds) {
  for (const MxnetRow& row : tables.mxnet) {
    FrameworkBuild build;
    set_range(build, row.version);
    build.cudnn = without_remark(row.cudnn);
    build.python = row.python;
    build.confidence = row.confidence;
    build.source = row.source;
    size_t before = builds.size();
    add_variants(build, row, row.cuda_variants, builds);
    for (size_t i = before; i < builds.size(); i++) {
      std::string digits = builds[i].cuda;
      digits.erase(std::remove(digits.begin(), digits.end(), '.'), digits.end());
      builds[i].install = cat("pip install mxnet-cu", digits, "==VERSION");
    }
  }
}

}  // namespace

std::string_view framework_name(Framework framework) {
  switch (framework) {
    case Framework::kPytorch:
      return "PyTorch";
    case Framework::kTensorflow:
      return "TensorFlow";
    case Framework::kJax:
      return "JAX";
    case Framework::kMxnet:
      return "MXNet";
  }
  return "";
}

std::optional<Framework> framework_of(std::string_view name) {
  std::string word = lower(name);
  if (word == "torch" || word == "pytorch" || word == "libtorch") return Framework::kPytorch;
  if (word == "tensorflow" || word == "tensorflow-gpu" || word == "tf")
    return Framework::kTensorflow;
  if (word == "jax" || word == "jaxlib") return Framework::kJax;
  if (word == "mxnet" || word.rfind("mxnet-cu", 0) == 0) return Framework::kMxnet;
  return std::nullopt;
}

std::vector<FrameworkBuild> framework_builds(const Tables& tables, Framework framework) {
  std::vector<FrameworkBuild> builds;
  switch (framework) {
    case Framework::kPytorch:
      add_pytorch(tables, builds);
      break;
    case Framework::kTensorflow:
      add_tensorflow(tables, builds);
      break;
    case Framework::kJax:
      add_jax(tables, builds);
      break;
    case Framework::kMxnet:
      add_mxnet(tables, builds);
      break;
  }
  std::stable_sort(builds.begin(), builds.end(),
                   [](const FrameworkBuild& a, const FrameworkBuild& b) {
                     return compare_padded(a.version, b.version) < 0;
                   });
  return builds;
}

std::string plain_version(std::string_view version) {
  size_t end = 0;
  while (end < version.size() && ((version[end] >= '0' && version[end] <= '9') ||
                                  (version[end] == '.' && end > 0 && end + 1 < version.size() &&
                                   version[end + 1] >= '0' && version[end + 1] <= '9')))
    end++;
  return std::string(version.substr(0, end));
}

std::string cuda_of_local_version(std::string_view version) {
  size_t at = version.find("+cu");
  if (at == std::string_view::npos) return "";
  std::string digits = plain_version(version.substr(at + 3));
  // cu92, cu102, cu118: the last digit is the minor version.
  if (digits.size() < 2 || digits.size() > 3 || !is_digits(digits)) return "";
  return cat(digits.substr(0, digits.size() - 1), ".", digits.back());
}

std::string other_platform(std::string_view version) {
  size_t plus = version.find('+');
  if (plus == std::string_view::npos) return "";
  const std::string local = lower(version.substr(plus + 1));
  auto begins = [&](std::string_view start) { return local.rfind(start, 0) == 0; };
  if (begins("cpu")) return "the CPU alone";
  if (begins("rocm")) return "AMD's ROCm";
  return begins("xpu") ? "Intel's GPUs" : "";
}

bool covers(const FrameworkBuild& build, std::string_view version) {
  if (!is_version(version) || split(version, '.').size() < 3) return false;
  return compare_padded(version, build.first) >= 0 && compare_padded(version, build.version) <= 0;
}

bool is_of_release(const FrameworkBuild& build, std::string_view release) {
  if (begins_with_numbers(build.version, release) || begins_with_numbers(build.first, release))
    return true;
  return split(release, '.').size() > 1 && compare_padded(release, build.first) > 0 &&
         compare_padded(release, build.version) < 0;
}

bool has_cuda(const FrameworkBuild& build, std::string_view cuda) {
  if (!is_version(cuda)) return false;
  if (is_digits(cuda)) return major_of(build.cuda) == cuda;
  int order = compare_padded(cuda, build.cuda);
  return order == 0 || (build.cuda_or_newer && order > 0 && major_of(cuda) == major_of(build.cuda));
}

bool has_python(std::string_view list, std::string_view python) {
  auto parts = split(python, '.');
  if (!is_version(python) || parts.size() < 2) return true;
  std::string release = cat(parts[0], ".", parts[1]);
  bool any = false;
  for (std::string_view item : split(list.substr(0, list.find('(')), ',')) {
    item = trim(item);
    size_t dash = item.find('-');
    std::string first = without_mark(item.substr(0, dash), 't');
    std::string last =
        dash == std::string_view::npos ? first : without_mark(item.substr(dash + 1), 't');
    if (!is_version(first) || !is_version(last)) continue;
    any = true;
    if (compare_padded(release, first) >= 0 && compare_padded(release, last) <= 0) return true;
  }
  return !any;
}

std::string install_command(const FrameworkBuild& build, std::string_view version) {
  std::string command = build.install;
  size_t at = command.find("VERSION");
  if (at == std::string::npos || !is_version(version)) return "";
  return command.replace(at, 7, version);
}

}  // namespace outboard::compat
