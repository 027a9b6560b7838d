// SPDX-License-Identifier: Apache-2.0
#include "compat/tables.h"

#include "compat/image_tags.h"
#include "compat/table_cells.h"

namespace outboard::compat {

namespace {

constexpr Text kCudnnCells =
#include "compat/cudnn_cuda.inc"
    ;
constexpr Text kTensorflowCells =
#include "compat/tensorflow.inc"
    ;
constexpr Text kPytorchCells =
#include "compat/pytorch.inc"
    ;
constexpr Text kJaxCells =
#include "compat/jax.inc"
    ;
constexpr Text kMxnetCells =
#include "compat/mxnet.inc"
    ;
constexpr Text kXidCells =
#include "compat/xid.inc"
    ;

Tables make_tables() {
  Tables tables = core_tables();
  tables.cudnn = rows_of<CudnnRow>(kCudnnCells);
  tables.tensorflow = rows_of<TensorflowRow>(kTensorflowCells);
  tables.pytorch = rows_of<PytorchRow>(kPytorchCells);
  tables.jax = rows_of<JaxRow>(kJaxCells);
  tables.mxnet = rows_of<MxnetRow>(kMxnetCells);
  tables.image_tags = built_in_image_tags();
  tables.xids = rows_of<XidRow>(kXidCells);
  return tables;
}

}  // namespace

const Tables& built_in_tables() {
  static const Tables kTables = make_tables();
  return kTables;
}

}  // namespace outboard::compat
