#pragma once

#include <functional>

#include "lib/job/sources/inspect.h"
#include "lib/job/sources/table.h"

// Inside this folder only.
namespace fdl::job {

// The type of the model's input of that name, with the batch axis; null when there is none.
const catalog::TensorType* input_type(const graph::Graph& graph, const std::string& name);

// Goes through the records of some ranges, each with its number.
using RecordUse = std::function<Result<void>(std::int64_t number, const format::Record& record)>;
Result<void> scan_ranges(const TableDetails& details, const SampleRanges& ranges,
                         const RecordUse& use);

// Settles types, classes and lengths of the fields by what ranges of the training part hold.
// Errors: those of reading, FDL2004, FDL4003.
Result<void> settle_fields(const DataSplit& train, const graph::Graph& graph,
                           const SampleRanges& ranges, TableDetails& details);

// The fields as a manifest names them, or one for each column. Errors: FDL2001, FDL2002.
Result<std::vector<TableField>> read_fields(const config::Node& fields,
                                            const std::vector<std::string>& columns,
                                            const Span& source);

}  // namespace fdl::job
