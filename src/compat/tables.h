// SPDX-License-Identifier: Apache-2.0
// What is known of versions that fit together: the tables of data/, a struct a row, each with its
// source. They are compiled in; rows of an administrator's or a user's own files replace or extend
// them. All cells are text, checked by their column's kind when the table was built or read.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compat/csv.h"

namespace outboard::compat {

using Text = std::string_view;

/// A release of the CUDA toolkit for Linux x86-64 and the drivers that it needs.
struct ToolkitRow {
  Text version;         ///< "12.8.1"
  Text label;           ///< "12.8 Update 1"
  Text release;         ///< "12.8"
  Text full_driver;     ///< "570.124.06": the first driver that supports all of it
  Text bundled_driver;  ///< in its runfile; may be empty
  Text minor_driver;    ///< "525.60.13": the first with minor-version compatibility, or empty
  Text minor;           ///< "yes", "no"
  Text released;        ///< "2025-03", or empty
  Text note, confidence, source;
};

/// A driver branch (the first number of its version).
struct BranchRow {
  Text branch;       ///< "535"
  Text cuda;         ///< "12.2": what it reports as its CUDA version
  Text kind;         ///< "LTS", "PB" (production), "NFB" (new feature), "legacy", "dev"
  Text end_of_life;  ///< "2026-06", or empty
  Text note, confidence, source;
};

/// A compute capability and who still supports it.
struct CapabilityRow {
  Text sm;                  ///< "90"
  Text compute_capability;  ///< "9.0"
  Text architecture;        ///< "Hopper"
  Text products;
  Text first_toolkit;  ///< "11.8"
  Text last_toolkit;   ///< "12.9", empty: still supported
  Text last_branch;    ///< "580", empty: still supported
  Text note, confidence, source;
};

/// May the libraries of a cuda-compat package be used on a driver branch?
struct ForwardRow {
  Text package;  ///< "cuda-compat-12-8"
  Text cuda;     ///< "12.8"
  Text branch;   ///< "535"
  Text status;   ///< "compatible", "not_needed", "not_compatible", "allowed_by_image_require"
  Text gpus;
  Text confidence, source;
};

/// A product name (a last "*" stands for any rest) and what kind of GPU it is.
struct ClassRow {
  Text name;
  Text gpu_class;  ///< "data-center", "ngc-ready", "workstation", "consumer"
  Text note, confidence, source;
};

struct CudnnRow {
  Text cudnn, cuda, min_driver, min_compute_capability, note, confidence, source;
};
/// `architectures` of a framework's package: compute capabilities of its kernels,
/// "5.0 6.0 9.0+PTX"; "12.1:5.0 6.0+PTX;13.0:7.5+PTX" where they hang on the CUDA version; empty:
/// not known.
struct TensorflowRow {
  Text version, pip_package, python, cuda, cudnn, compiler, architectures, confidence, source;
  Text architectures_confidence, architectures_source;
};
struct PytorchRow {
  Text version, cuda, wheel_tag, python, index_url, default_on_pypi, cudnn, nccl, architectures,
      confidence, source;
};
struct JaxRow {
  Text version, python, cuda, cudnn, min_driver, note, architectures, confidence, source;
  Text architectures_confidence, architectures_source;
};
struct MxnetRow {
  Text version, pip_package, cuda_default, cuda_variants, cudnn, python, architectures, confidence,
      source;
  Text architectures_confidence, architectures_source;
};
/// A tag of NVIDIA's CUDA images.
struct ImageTagRow {
  Text tag, cuda, cudnn_major, devel, ubuntu, confidence, source;
};

/// An error number of the driver in the kernel log ("NVRM: Xid (PCI:0000:65:00): 79, ...").
struct XidRow {
  Text xid;      ///< "79"
  Text kind;     ///< "information", "application", "watch", "driver", "reset" (the GPU wants one),
                 ///< "hardware"
  Text meaning;  ///< one clause
  Text look;     ///< commands that show more; may be empty
  Text action;   ///< what to do
  Text confidence, source;
};

/// A GPU model by its PCI device id.
struct PciGpuRow {
  Text pci_device;  ///< "0x2335", lower case
  Text chip;        ///< "GH100"
  Text name;        ///< "H200 SXM 141GB"
  Text confidence, source;
};
struct GpuChipRow {
  Text chip;                ///< "GH100"
  Text architecture;        ///< "Hopper"
  Text compute_capability;  ///< "9.0"
  Text confidence, source;
};

struct Tables {
  std::vector<ToolkitRow> toolkits;
  std::vector<BranchRow> branches;
  std::vector<CapabilityRow> capabilities;
  std::vector<ForwardRow> forward;
  std::vector<ClassRow> classes;
  std::vector<CudnnRow> cudnn;
  std::vector<TensorflowRow> tensorflow;
  std::vector<PytorchRow> pytorch;
  std::vector<JaxRow> jax;
  std::vector<MxnetRow> mxnet;
  std::vector<ImageTagRow> image_tags;
  std::vector<XidRow> xids;
  /// Rows that were added alone: those of data/ are in gpu_table.cc.
  std::vector<PciGpuRow> pci_gpus;
  std::vector<GpuChipRow> gpu_chips;
  /// Text of rows that were added at run time; shared by copies.
  std::vector<std::shared_ptr<const std::vector<std::string>>> owned;
};

/// Those of data/, made at the first call.
const Tables& built_in_tables();
/// The same without frameworks, cuDNN and image tags: what a container's start may depend on.
const Tables& core_tables();

/// The formats of all tables, for the build and for documents.
std::span<const TableFormat> table_formats();
/// Those of pci_gpus and gpu_chips, which make_gpu_rows() puts together at build time.
std::span<const TableFormat> gpu_table_formats();

/// Puts the rows of a file into the tables: one with the key of a row that is there takes its
/// place. `file` is a path whose last part is TABLE.csv or TABLE.ANYTHING.csv; its first line is
/// the table's header. What is wrong is skipped and told as "FILE:LINE: ..." (first).
std::vector<std::string> add_rows(Tables& tables, const std::string& file, std::string_view text);

}  // namespace outboard::compat
