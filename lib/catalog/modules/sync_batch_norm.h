#pragma once

#include "lib/catalog/modules/batch_norm.h"

namespace fdl::catalog {

using SyncBatchNormParams = BatchNormParams;

inline ModuleSpec sync_batch_norm_spec() {
  return batch_norm_named(
             "sync_batch_norm",
             "batch_norm over the batches of all processes; with one process the same.")
      .source("torch.nn.SyncBatchNorm");
}

}  // namespace fdl::catalog
