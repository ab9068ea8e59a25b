#pragma once

#include "lib/job/sources/inspect.h"
#include "lib/job/sources/table.h"

// Inside this folder only.
namespace fdl::job {

// The type of the model's input of that name, with the batch axis; null when there is none.
const catalog::TensorType* input_type(const graph::Graph& graph, const std::string& name);

// Settles types, classes and lengths of the fields by what a range of the training part holds.
// Errors: those of reading, FDL2004, FDL4003.
Result<void> settle_fields(const DataSplit& train, const graph::Graph& graph,
                           const SampleRange& range, TableDetails& details);

// The fields as a manifest names them, or one for each column. Errors: FDL2001, FDL2002.
Result<std::vector<TableField>> read_fields(const config::Node& fields,
                                            const std::vector<std::string>& columns,
                                            const Span& source);

}  // namespace fdl::job
