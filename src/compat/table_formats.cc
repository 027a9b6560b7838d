// SPDX-License-Identifier: Apache-2.0
// The columns of every table, in the order of its row's members in tables.h.
#include "compat/tables.h"

namespace outboard::compat {

namespace {

using K = CellKind;

constexpr Column kToolkits[] = {{"toolkit_full", K::kVersion, true},
                                {"toolkit_label", K::kName},
                                {"toolkit", K::kRelease},
                                {"linux_x86_64_min_driver_full", K::kVersion},
                                {"bundled_runfile_driver", K::kOptionalVersion},
                                {"linux_min_driver_minor_compat", K::kOptionalVersion},
                                {"minor_compat", K::kName},
                                {"released"},
                                {"note"},
                                {"confidence", K::kConfidence},
                                {"source", K::kName}};
constexpr Column kBranches[] = {
    {"branch", K::kBranch, true},   {"max_cuda", K::kRelease}, {"kind"}, {"eol"}, {"note"},
    {"confidence", K::kConfidence}, {"source", K::kName}};
constexpr Column kCapabilities[] = {{"sm", K::kBranch},
                                    {"compute_capability", K::kRelease, true},
                                    {"architecture", K::kName},
                                    {"example_products"},
                                    {"first_toolkit", K::kRelease},
                                    {"last_toolkit", K::kOptionalRelease},
                                    {"last_driver_branch", K::kOptionalBranch},
                                    {"note"},
                                    {"confidence", K::kConfidence},
                                    {"source", K::kName}};
constexpr Column kForward[] = {{"package", K::kName},
                               {"cuda", K::kRelease, true},
                               {"driver_branch", K::kBranch, true},
                               {"status", K::kStatus},
                               {"gpus"},
                               {"confidence", K::kConfidence},
                               {"source", K::kName}};
constexpr Column kClasses[] = {{"name", K::kName, true},
                               {"class", K::kClass},
                               {"note"},
                               {"confidence", K::kConfidence},
                               {"source", K::kName}};
constexpr Column kCudnn[] = {{"cudnn", K::kName, true},
                             {"cuda", K::kName, true},
                             {"min_driver_linux"},
                             {"min_compute_capability"},
                             {"note"},
                             {"confidence", K::kConfidence},
                             {"source", K::kName}};
constexpr Column kTensorflow[] = {{"tensorflow", K::kVersion, true},
                                  {"pip_package", K::kName},
                                  {"python", K::kName},
                                  {"cuda", K::kRelease},
                                  {"cudnn", K::kVersion},
                                  {"compiler"},
                                  {"architectures"},
                                  {"confidence", K::kConfidence},
                                  {"source", K::kName},
                                  {"architectures_confidence"},
                                  {"architectures_source"}};
constexpr Column kPytorch[] = {{"torch", K::kVersion, true},
                               {"cuda", K::kRelease, true},
                               {"wheel_tag", K::kName},
                               {"python", K::kName},
                               {"index_url"},
                               {"default_pypi"},
                               {"cudnn"},
                               {"nccl"},
                               {"arch_list_linux_x86_64"},
                               {"confidence", K::kConfidence},
                               {"source", K::kName}};
constexpr Column kJax[] = {{"jax", K::kName, true}, {"python"},
                           {"cuda", K::kName},      {"cudnn"},
                           {"min_driver"},          {"note"},
                           {"architectures"},       {"confidence", K::kConfidence},
                           {"source", K::kName},    {"architectures_confidence"},
                           {"architectures_source"}};
constexpr Column kMxnet[] = {{"mxnet", K::kName, true},
                             {"pip_package", K::kName},
                             {"cuda_default", K::kRelease},
                             {"cuda_variants", K::kName},
                             {"cudnn"},
                             {"python"},
                             {"architectures"},
                             {"confidence", K::kConfidence},
                             {"source", K::kName},
                             {"architectures_confidence"},
                             {"architectures_source"}};
constexpr Column kImageTags[] = {
    {"tag", K::kName, true},        {"cuda", K::kVersion}, {"cudnn_major"}, {"devel"}, {"ubuntu"},
    {"confidence", K::kConfidence}, {"source", K::kName}};

constexpr Column kXids[] = {{"xid", K::kBranch, true}, {"class", K::kName},
                            {"meaning", K::kName},     {"look"},
                            {"action", K::kName},      {"confidence", K::kConfidence},
                            {"source", K::kName}};

constexpr Column kPciGpus[] = {{"pci_device", K::kPciDevice, true},
                               {"chip", K::kName},
                               {"name", K::kName},
                               {"confidence", K::kConfidence},
                               {"source", K::kName}};
constexpr Column kGpuChips[] = {{"chip", K::kName, true},
                                {"architecture", K::kName},
                                {"compute_capability", K::kRelease},
                                {"confidence", K::kConfidence},
                                {"source", K::kName}};

constexpr TableFormat kGpuFormats[] = {{"pci_gpus", kPciGpus}, {"gpu_chips", kGpuChips}};
constexpr TableFormat kFormats[] = {{"cuda_toolkit_driver", kToolkits},
                                    {"driver_branch_max_cuda", kBranches},
                                    {"compute_capability", kCapabilities},
                                    {"forward_compat", kForward},
                                    {"gpu_classes", kClasses},
                                    {"cudnn_cuda", kCudnn},
                                    {"tensorflow", kTensorflow},
                                    {"pytorch", kPytorch},
                                    {"jax", kJax},
                                    {"mxnet", kMxnet},
                                    {"nvidia_cuda_image_tags", kImageTags},
                                    {"xid", kXids}};

}  // namespace

std::span<const TableFormat> table_formats() {
  return kFormats;
}

std::span<const TableFormat> gpu_table_formats() {
  return kGpuFormats;
}

}  // namespace outboard::compat
