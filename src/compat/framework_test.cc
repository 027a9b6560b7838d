// SPDX-License-Identifier: Apache-2.0
// Known answers come from the frameworks' own pages, release notes and issue threads, named in each
// row; none was taken from what this program printed.
#include "compat/framework.h"

#include <doctest/doctest.h>

#include "base/text.h"
#include "compat/framework_builds.h"

using namespace outboard;
using namespace outboard::compat;

namespace {

GpuTraits gpu(std::string_view capability, GpuClass gpu_class = GpuClass::kConsumer) {
  return {cat("GPU 0 (cc ", capability, ")"), std::string(capability), gpu_class};
}

FrameworkAnswer ask(Framework framework, const char* version, const char* driver,
                    const GpuTraits& on, const char* cuda = "", const char* python = "") {
  return judge_framework(built_in_tables(), {framework, version, cuda, python},
                         {driver, std::nullopt}, on);
}

bool mentions(const std::vector<std::string>& list, std::string_view text) {
  for (const std::string& item : list) {
    if (item.find(text) != std::string::npos) return true;
  }
  return false;
}

constexpr auto kTorch = Framework::kPytorch;

}  // namespace

TEST_CASE("known answers: framework, driver, GPU") {
  struct Row {
    Framework framework;
    const char *version, *cuda, *driver, *capability;
    const char* verdict;
    const char* built_with;
    const char* source;
  };
  const Row rows[] = {
      // pytorch.org/get-started/previous-versions: what `pip install torch==V` brings; drivers by
      // table 3 of the CUDA release notes.
      {kTorch, "2.9.1", "", "570.26", "9.0", "full", "12.8", "previous-versions; toolkit table 3"},
      {kTorch, "2.9.1", "", "535.104.05", "9.0", "minor", "12.8", "minor-version compatibility"},
      {kTorch, "2.9.1", "", "525.60.13", "8.0", "minor", "12.8", "minor-version compatibility"},
      {kTorch, "2.9.1", "", "515.105.01", "8.6", "no", "12.8", "minor-version compatibility"},
      {kTorch, "2.9.1", "13.0", "580.65.06", "9.0", "full", "13.0", "toolkit table 3"},
      {kTorch, "2.9.1", "13.0", "570.124.06", "8.9", "no", "13.0", "toolkit table 3"},
      {kTorch, "2.1.0", "", "530.30.02", "8.6", "full", "12.1", "previous-versions; table 3"},
      {kTorch, "2.0.1", "", "450.80.02", "8.0", "minor", "11.7", "minor-version compatibility"},
      {kTorch, "1.13.1", "", "515.65.01", "8.6", "full", "11.7", "previous-versions; table 3"},
      {kTorch, "2.6.0", "11.8", "470.256.02", "7.0", "minor", "11.8", "minor-version compat."},
      {kTorch, "2.7.0+cu128", "", "570.124.06", "12.0", "full", "12.8",
       "PyTorch 2.7 release notes: Blackwell with CUDA 12.8"},
      // No kernel image: what the wheel was built for does not hold the GPU.
      {kTorch, "2.6.0", "", "570.124.06", "12.0", "no", "12.4",
       "github.com/pytorch/pytorch/issues/150733: sm_120 is not compatible, supported up to sm_90"},
      {kTorch, "2.6.0", "12.6", "570.124.06", "12.0", "no", "12.6",
       "github.com/pytorch/pytorch/issues/151376"},
      {kTorch, "2.5.1", "", "570.124.06", "12.0", "no", "12.4",
       "github.com/pytorch/pytorch/issues/151376"},
      {kTorch, "2.8.0", "", "570.124.06", "7.0", "full", "12.8",
       "dev-discuss.pytorch.org/t/3128: Volta is back in the CUDA 12.8 wheels of 2.8"},
      {kTorch, "2.8.0", "", "570.124.06", "6.1", "no", "12.8",
       "dev-discuss.pytorch.org/t/3128: Maxwell and Pascal removed from CUDA 12.8 and 12.9"},
      {kTorch, "2.8.0", "12.6", "570.124.06", "6.1", "full", "12.6",
       "dev-discuss.pytorch.org/t/3128"},
      {kTorch, "2.11.0", "12.8", "570.124.06", "7.0", "no", "12.8",
       "github.com/pytorch/pytorch/issues/172352: sm70 leaves CUDA 12.8 for PyTorch 2.11"},
      {kTorch, "2.11.0", "12.6", "570.124.06", "7.0", "full", "12.6",
       "github.com/pytorch/pytorch/issues/172352: users with sm70 take CUDA 12.6"},
      {kTorch, "1.13.1", "", "515.65.01", "3.5", "no", "11.7",
       "torch.cuda warning: the minimum capability supported by this library is 3.7"},
      {kTorch, "1.13.1", "", "470.256.02", "3.7", "minor", "11.7", "TORCH_CUDA_ARCH_LIST of 1.13"},
      {kTorch, "2.1.0", "", "530.30.02", "3.7", "no", "12.1", "CUDA 12 has no Kepler"},
      // A minor version covers newer ones of its major version (CUDA programming guide).
      {kTorch, "2.1.0", "", "530.30.02", "8.9", "full", "12.1", "sm_86 runs on 8.9"},
      {kTorch, "2.7.0", "12.8", "575.57.08", "10.3", "full", "12.8", "sm_100 runs on 10.3"},
      {kTorch, "1.5.1", "", "450.51.06", "8.0", "full", "10.2",
       "3.7+PTX: the driver compiles it (CUDA programming guide, PTX compatibility)"},
      {kTorch, "1.7.1", "10.2", "450.51.06", "8.6", "no", "10.2",
       "github.com/pytorch/pytorch/issues/45021: sm_86 with CUDA 10.2"},
      // tensorflow.org/install/source, tested build configurations.
      {Framework::kTensorflow, "2.15", "", "535.54.03", "8.6", "full", "12.2", "install/source"},
      {Framework::kTensorflow, "2.15.1", "", "525.60.13", "8.6", "minor", "12.2",
       "tensorflow.org/install/pip: driver 525.60.13 or newer"},
      {Framework::kTensorflow, "2.10.0", "", "450.80.02", "7.5", "minor", "11.2",
       "tensorflow.org/install/pip of 2.10: driver 450.80.02 or newer"},
      {Framework::kTensorflow, "2.3.0", "", "418.39", "7.0", "full", "10.1", "install/source"},
      {Framework::kTensorflow, "2.3.0", "", "410.48", "7.0", "no", "10.1", "install/source"},
      {Framework::kTensorflow, "1.15.0", "", "410.48", "7.0", "full", "10.0", "install/source"},
      {Framework::kTensorflow, "2.18.0", "", "470.256.02", "7.5", "no", "12.5", "install/source"},
      // What the wheels have code for: their own build information and release notes.
      {Framework::kTensorflow, "2.16.1", "", "545.23.06", "5.2", "full", "12.3",
       "blog.tensorflow.org, TensorFlow 2.17: for Maxwell stick with 2.16"},
      {Framework::kTensorflow, "2.17.0", "", "545.23.06", "5.2", "no", "12.3",
       "release notes 2.17.0: compute capability 5.x has been removed"},
      {Framework::kTensorflow, "2.18.0", "", "555.42.02", "5.2", "no", "12.5", "the same"},
      {Framework::kTensorflow, "2.18.0", "", "555.42.02", "6.1", "full", "12.5",
       "blog.tensorflow.org: Pascal is the oldest generation"},
      {Framework::kTensorflow, "2.16.1", "", "545.23.06", "9.0", "full", "12.3", "build info"},
      {Framework::kTensorflow, "2.20.0", "", "570.124.06", "12.0", "full", "12.5",
       "github.com/tensorflow/tensorflow/issues/89272: jit-compiled from PTX"},
      {Framework::kTensorflow, "2.15.0", "", "525.60.13", "9.0", "no", "12.2",
       "PTX of CUDA 12.2 alone under a driver of CUDA 12.0: minor-version compatibility"},
      {Framework::kTensorflow, "2.3.0", "", "450.51.06", "8.0", "full", "10.1",
       "release notes 2.3.0: PTX for compute capability 7.0"},
      {Framework::kMxnet, "1.5.1", "10.1", "450.51.06", "8.0", "full", "10.1", "Makefile: PTX"},
      {Framework::kJax, "0.8.0", "13.0", "580.65.06", "7.0", "no", "13.0", "CUDA 13 has no Volta"},
      {Framework::kJax, "0.8.0", "12.9", "580.65.06", "7.0", "full", "12.1", ".bazelrc (cuda_v12)"},
      {Framework::kJax, "0.4.30", "", "570.124.06", "12.0", "full", "12.1", ".bazelrc: PTX"},
      // jax docs/installation.md: driver 525 for CUDA 12, 580 for CUDA 13.
      {Framework::kJax, "0.6.2", "", "525.60.13", "9.0", "minor", "12.1", "docs/installation.md"},
      {Framework::kJax, "0.6.2", "", "520.61.05", "9.0", "no", "12.1", "docs/installation.md"},
      {Framework::kJax, "0.8.0", "13.0", "580.65.06", "9.0", "full", "13.0",
       "docs/installation.md"},
      {Framework::kJax, "0.8.0", "13.0", "570.124.06", "8.9", "no", "13.0", "docs/installation.md"},
      {Framework::kJax, "0.4.13", "11.8", "450.80.02", "8.0", "minor", "11.8", "CHANGELOG.md"},
      // MXNet: the suffix of the package is the CUDA version.
      {Framework::kMxnet, "1.9.1", "11.2", "460.32.03", "8.0", "full", "11.2", "mxnet-cu112"},
      {Framework::kMxnet, "1.9.1", "", "440.33", "7.0", "full", "10.2", "mxnet-cu102"},
      {Framework::kMxnet, "1.5.1", "", "410.48", "7.0", "full", "10.0", "mxnet-cu100"},
      {Framework::kMxnet, "1.5.1", "10.1", "410.48", "7.0", "no", "10.1", "mxnet-cu101"},
      {Framework::kMxnet, "1.9.1", "", "580.65.06", "9.0", "full", "11.2", "mxnet-cu112"},
      {Framework::kJax, "0.7.2", "13", "535.104.05", "9.0", "no", "13.0", "jax_cuda13_plugin"},
      {Framework::kJax, "0.7.2", "12", "580.65.06", "9.0", "full", "12.1", "jax_cuda12_plugin"},
  };
  for (const Row& row : rows) {
    auto answer = ask(row.framework, row.version, row.driver, gpu(row.capability), row.cuda);
    INFO(framework_name(row.framework), " ", row.version, " CUDA ", row.cuda, " driver ",
         row.driver, " cc ", row.capability, ": ", answer.judgement.reason, " (", row.source, ")");
    CHECK(verdict_name(answer.judgement.verdict) == row.verdict);
    REQUIRE(answer.build);
    CHECK(answer.build->cuda == row.built_with);
    CHECK_FALSE(answer.judgement.reason.empty());
    CHECK_FALSE(answer.judgement.source.empty());
    if (answer.judgement.verdict == Verdict::kNo) CHECK_FALSE(answer.judgement.ways_out.empty());
  }
}

TEST_CASE("the answer says why and what to install instead") {
  auto answer = ask(kTorch, "2.8.0", "570.124.06", gpu("6.1"));
  CHECK(answer.code == GpuCode::kNone);
  CHECK(answer.judgement.reason ==
        "PyTorch 2.8.0 for CUDA 12.8 has no code for GPU 0 (cc 6.1), compute capability 6.1 (it "
        "has 7.0 7.5 8.0 8.6 9.0 10.0 12.0): 'no kernel image is available for execution on the "
        "device'");
  REQUIRE_FALSE(answer.judgement.ways_out.empty());
  CHECK(answer.judgement.ways_out[0] ==
        "PyTorch 2.8.0 with CUDA 12.6: pip install torch==2.8.0 --index-url "
        "https://download.pytorch.org/whl/cu126");
  // An old driver: the newest release that it runs.
  answer = ask(kTorch, "2.9.1", "470.256.02", gpu("8.6"));
  CHECK(answer.judgement.verdict == Verdict::kNo);
  CHECK(mentions(answer.judgement.ways_out, "with CUDA 11.8: pip install torch==2.7.1"));
  CHECK(mentions(answer.judgement.ways_out,
                 "driver 525.60.13 or newer, for example of branch 580 (long-term support)"));
  CHECK_FALSE(mentions(answer.judgement.ways_out, "an image of CUDA"));
  // A data center GPU may use forward compatibility instead.
  answer = ask(kTorch, "2.9.1", "535.104.05", gpu("9.0", GpuClass::kDataCenter), "13.0");
  CHECK(answer.judgement.verdict == Verdict::kForward);
  // A new GPU and an old release: the nearest newer release is named.
  answer = ask(kTorch, "2.5.1", "580.65.06", gpu("12.0"));
  CHECK(mentions(answer.judgement.ways_out, "PyTorch 2.7.0 with CUDA 12.8"));
  // Another package of the same release is enough: no other release is named.
  answer = ask(kTorch, "2.9", "535.104.05", gpu("8.9"), "13.0");
  CHECK(answer.judgement.reason ==
        "driver 535.104.05 (CUDA 12.2) is too old for CUDA 13.0: it needs 580.65.06 at least");
  CHECK(answer.version == "2.9.1");
  CHECK(mentions(answer.judgement.ways_out,
                 "PyTorch 2.9.1 with CUDA 12.8: pip install torch==2.9.1"));
  CHECK_FALSE(mentions(answer.judgement.ways_out, "PyTorch 2.10"));
  CHECK_FALSE(mentions(answer.judgement.missing, "cuDNN"));
  // Nothing is said to run because nobody knows what it has code for.
  answer = ask(Framework::kTensorflow, "2.15", "580.65.06", gpu("9.0"));
  CHECK_FALSE(mentions(answer.judgement.ways_out, "TensorFlow 1."));
}

TEST_CASE("Python, unknown versions, unpublished combinations") {
  auto answer = ask(kTorch, "2.9.1", "580.65.06", gpu("9.0"), "", "3.8");
  CHECK(answer.judgement.verdict == Verdict::kNo);
  CHECK(answer.judgement.reason ==
        "PyTorch 2.9.1 has no package for Python 3.8: it has them for 3.10-3.14,3.14t");
  CHECK(mentions(answer.judgement.ways_out, "Python 3.10-3.14"));
  CHECK(mentions(answer.judgement.ways_out, "PyTorch 2.4.1"));
  CHECK(ask(kTorch, "2.9.1", "580.65.06", gpu("9.0"), "", "3.12").judgement.verdict ==
        Verdict::kFull);

  answer = ask(kTorch, "9.9", "580.65.06", gpu("9.0"));
  CHECK_FALSE(answer.build);
  CHECK(answer.judgement.verdict == Verdict::kUnknown);
  CHECK(answer.judgement.reason.find("PyTorch 9.9 is newer than the tables") == 0);
  answer = ask(kTorch, "9.9+cu130", "580.65.06", gpu("9.0"));
  CHECK(answer.judgement.verdict == Verdict::kFull);
  CHECK(mentions(answer.judgement.missing, "newer than the tables"));
  CHECK(ask(kTorch, "nonsense", "580.65.06", gpu("9.0")).judgement.verdict == Verdict::kUnknown);
  CHECK(ask(kTorch, "", "580.65.06", gpu("9.0")).judgement.verdict == Verdict::kUnknown);

  answer = ask(kTorch, "2.9.1", "580.65.06", gpu("9.0"), "11.8");
  CHECK_FALSE(answer.build);
  CHECK(answer.judgement.verdict == Verdict::kFull);
  CHECK(mentions(answer.judgement.missing, "no published package for CUDA 11.8 (it has 12.6, "));

  // A release alone is its newest patch; a patch that is not there is its release.
  CHECK(ask(kTorch, "2.9", "580.65.06", gpu("9.0")).build->version == "2.9.1");
  CHECK(ask(kTorch, "2.9.0a0+145a3a7bda.nv25.10", "580.65.06", gpu("9.0")).build->version ==
        "2.9.0");
  answer = ask(kTorch, "2.9.7", "580.65.06", gpu("9.0"));
  CHECK(answer.build->version == "2.9.1");
  CHECK(mentions(answer.judgement.missing, "PyTorch 2.9.7 is not in the tables; taken as 2.9.1"));
  CHECK(ask(Framework::kJax, "0.4", "580.65.06", gpu("9.0")).build->version == "0.4.38");
  // A range that begins in a release: its first, not the range's last.
  CHECK(ask(Framework::kJax, "0.7", "580.65.06", gpu("9.0")).version == "0.7.2");
  CHECK(ask(Framework::kJax, "0.10", "580.65.06", gpu("9.0")).version == "0.10.2");
  // A release inside a range of the table is that release.
  CHECK(ask(Framework::kJax, "0.8", "580.65.06", gpu("9.0")).version == "0.8");
  CHECK(ask(Framework::kJax, "0.8.1", "580.65.06", gpu("9.0")).version == "0.8.1");
}

TEST_CASE("JAX for another CUDA version is the first way out") {
  auto answer = ask(Framework::kJax, "0.7.2", "535.104.05", gpu("8.9"), "13.0");
  CHECK(answer.judgement.verdict == Verdict::kNo);
  REQUIRE_FALSE(answer.judgement.ways_out.empty());
  CHECK(answer.judgement.ways_out[0] ==
        "JAX 0.7.2 with CUDA 12.1: pip install 'jax[cuda12]==0.7.2'");
}

TEST_CASE("a build for the CPU or for another maker's GPUs never uses CUDA") {
  auto answer = ask(kTorch, "2.9+rocm6.3", "580.65.06", gpu("9.0"));
  CHECK(answer.judgement.verdict == Verdict::kNo);
  CHECK(answer.judgement.reason ==
        "PyTorch 2.9+rocm6.3 is built for AMD's ROCm: it never uses a GPU with CUDA");
  REQUIRE(answer.judgement.ways_out.size() == 1);
  CHECK(answer.judgement.ways_out[0] == "PyTorch 2.9.1 with CUDA 12.8: pip install torch==2.9.1");
  CHECK(ask(kTorch, "2.9.1+cpu", "580.65.06", gpu("9.0"), "12.8").judgement.verdict ==
        Verdict::kNo);
  CHECK(ask(kTorch, "99.0+cpu", "580.65.06", gpu("9.0")).judgement.ways_out[0] ==
        "a build of PyTorch for CUDA");
}

TEST_CASE("TensorFlow, JAX and MXNet: machine code, PTX or neither") {
  auto tensorflow = [](const char* version, const char* capability) {
    return ask(Framework::kTensorflow, version, "580.65.06", gpu(capability));
  };
  CHECK(tensorflow("2.18.0", "9.0").code == GpuCode::kNative);
  CHECK(tensorflow("2.16.1", "9.0").code == GpuCode::kNative);
  CHECK(tensorflow("2.15.0", "9.0").code == GpuCode::kPtx);
  CHECK(tensorflow("2.15.0", "5.2").code == GpuCode::kNative);
  CHECK(tensorflow("1.4.0", "5.2").code == GpuCode::kUnknown);
  auto blackwell = tensorflow("2.20.0", "12.0");
  CHECK(blackwell.code == GpuCode::kPtx);
  CHECK(mentions(blackwell.judgement.missing, "there is PTX alone for GPU 0 (cc 12.0)"));
  auto maxwell = tensorflow("2.18.0", "5.2");
  CHECK(maxwell.code == GpuCode::kNone);
  CHECK(
      maxwell.judgement.reason ==
      "TensorFlow 2.18.0 for CUDA 12.5 has no code for GPU 0 (cc 5.2), compute capability 5.2 (it "
      "has 6.0 7.0 8.0 8.9 9.0+PTX): it passes the GPU over ('Ignoring visible gpu device') and "
      "computes on the CPU");
  CHECK(maxwell.judgement.source.find("get_build_info") != std::string::npos);
  CHECK(mentions(maxwell.judgement.ways_out,
                 "TensorFlow 2.16.1 with CUDA 12.3: pip install 'tensorflow[and-cuda]==2.16.1'"));
  // The list hangs on the CUDA version of the package.
  auto jax = [](const char* cuda, const char* capability) {
    return ask(Framework::kJax, "0.8.0", "580.65.06", gpu(capability), cuda).code;
  };
  CHECK(jax("12.1", "6.0") == GpuCode::kNative);
  CHECK(jax("13.0", "6.0") == GpuCode::kNone);
  auto mxnet = [](const char* version, const char* cuda, const char* capability) {
    return ask(Framework::kMxnet, version, "580.65.06", gpu(capability), cuda).code;
  };
  CHECK(mxnet("1.5.1", "9.2", "7.5") == GpuCode::kNative);
  CHECK(mxnet("1.5.1", "10.1", "9.0") == GpuCode::kPtx);
  CHECK(mxnet("1.9.1", "11.2", "9.0") == GpuCode::kUnknown);
}

TEST_CASE("PTX alone") {
  auto answer = ask(kTorch, "1.5.1", "450.51.06", gpu("8.0"));
  CHECK(answer.code == GpuCode::kPtx);
  CHECK(mentions(answer.judgement.missing, "there is PTX alone"));
  // PTX of CUDA 12.8 under a driver that knows 12.2.
  answer = ask(kTorch, "2.7.0", "535.104.05", gpu("12.1"), "12.8");
  CHECK(answer.code == GpuCode::kNative);
  auto judged = judge_toolkit(built_in_tables(), "12.8", {"535.104.05", std::nullopt}, gpu("9.0"),
                              GpuCode::kPtx);
  CHECK(judged.verdict == Verdict::kNo);
  CHECK(judged.reason.find("cudaErrorUnsupportedPtxVersion") != std::string::npos);
}

TEST_CASE("which GPUs a list of architectures covers") {
  const Tables& tables = built_in_tables();
  auto code = [&](const char* list, const char* capability) {
    return gpu_code(tables, list, std::string(capability));
  };
  CHECK(code("5.0 8.6 9.0", "8.9") == GpuCode::kNative);
  CHECK(code("5.0 8.6 9.0", "8.0") == GpuCode::kNone);
  CHECK(code("5.0 8.6 9.0", "10.0") == GpuCode::kNone);
  CHECK(code("5.0+PTX 9.0", "12.0") == GpuCode::kPtx);
  CHECK(code("9.0+PTX", "8.9") == GpuCode::kNone);
  CHECK(code("", "8.9") == GpuCode::kUnknown);
  CHECK(code("(unverified)", "8.9") == GpuCode::kUnknown);
  CHECK(gpu_code(tables, "9.0", std::nullopt) == GpuCode::kUnknown);
  // Jetson Orin (8.7) runs its own code alone.
  CHECK(code("8.0 8.6", "8.7") == GpuCode::kNone);
  CHECK(code("8.7", "8.7") == GpuCode::kNative);
  CHECK(code("8.7", "8.9") == GpuCode::kNone);
}

TEST_CASE("a build's cuDNN and the GPU") {
  auto answer = ask(kTorch, "2.2.2", "470.256.02", gpu("3.7"), "11.8");
  CHECK(mentions(answer.judgement.missing, "cuDNN 8.7.0.84 needs compute capability 5.0"));
}

TEST_CASE("cells and names") {
  CHECK(framework_of("torch") == Framework::kPytorch);
  CHECK(framework_of("MXNet-cu112") == Framework::kMxnet);
  CHECK(framework_of("jaxlib") == Framework::kJax);
  CHECK_FALSE(framework_of("caffe"));
  CHECK(plain_version("2.9.0a0+145a") == "2.9.0");
  CHECK(plain_version("2.9.") == "2.9");
  CHECK(plain_version("x") == "");
  CHECK(cuda_of_local_version("2.9.1+cu128") == "12.8");
  CHECK(cuda_of_local_version("1.5.1+cu92") == "9.2");
  CHECK(cuda_of_local_version("2.9.1+cpu") == "");
  CHECK(has_python("3.10-3.14,3.14t", "3.12.4"));
  CHECK(has_python("2.7, 3.5-3.7", "2.7"));
  CHECK_FALSE(has_python("2.7, 3.5-3.7", "3.8"));
  CHECK_FALSE(has_python("3.6-3.9 (not 3.10+: np.bool)", "3.10"));
  CHECK(has_python("", "3.10"));
}
