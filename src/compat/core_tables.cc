// SPDX-License-Identifier: Apache-2.0
// Apart from the tables of frameworks, so that the runtime does not carry those.
#include "compat/table_cells.h"
#include "compat/tables.h"

namespace outboard::compat {

namespace {

constexpr Text kToolkitCells =
#include "compat/cuda_toolkit_driver.inc"
    ;
constexpr Text kBranchCells =
#include "compat/driver_branch_max_cuda.inc"
    ;
constexpr Text kCapabilityCells =
#include "compat/compute_capability.inc"
    ;
constexpr Text kForwardCells =
#include "compat/forward_compat.inc"
    ;
constexpr Text kClassCells =
#include "compat/gpu_classes.inc"
    ;

Tables make_tables() {
  Tables tables;
  tables.toolkits = rows_of<ToolkitRow>(kToolkitCells);
  tables.branches = rows_of<BranchRow>(kBranchCells);
  tables.capabilities = rows_of<CapabilityRow>(kCapabilityCells);
  tables.forward = rows_of<ForwardRow>(kForwardCells);
  tables.classes = rows_of<ClassRow>(kClassCells);
  return tables;
}

}  // namespace

const Tables& core_tables() {
  static const Tables kTables = make_tables();
  return kTables;
}

}  // namespace outboard::compat
