#pragma once

#include <memory>

#include "lib/data/source.h"
#include "lib/job/job.h"

// One opener for each data source of the catalogue.
namespace fdl::data {

struct OpenContext {
  const job::DataSplit& split;
  const job::Job& job;
  const job::SourceInfo& info;  // what its headers say

  template <typename P>
  const P& params() const {
    return split.source.as<P>();
  }
};

using OpenedSource = Result<std::shared_ptr<const Source>>;

#define FDL_DATASET(name) OpenedSource open_##name(const OpenContext& context);
#include "lib/catalog/datasets.inc"
#undef FDL_DATASET

}  // namespace fdl::data
