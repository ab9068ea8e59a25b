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

// Gives texts their tokenizer and the names that the model has for what is made of them. Errors:
// FDL2004 for a text without a tokenizer, or the other way round; those of the tokenizer's file.
Result<void> settle_texts(const SourceContext& context, const DataSplit& split,
                          const std::string& tokenizer, TableDetails& details);
// Beside its fields: which places of a text are real, where the model asks for it by the name that
// is usual. Null where it does not.
const catalog::Dim* attention_axis(const graph::Graph& graph, const TableDetails& details);
// Holds the longest text to what the model takes. Errors: FDL4003.
Result<void> check_text_lengths(const graph::Graph& graph, const TableDetails& details);
// The named axis along which the samples of a field differ; null without any.
const catalog::Dim* named_axis(const graph::Graph& graph, const std::string& field);

// The fields as a manifest names them, or one for each column. Errors: FDL2001, FDL2002.
Result<std::vector<TableField>> read_fields(const config::Node& fields,
                                            const std::vector<std::string>& columns,
                                            const Span& source);

}  // namespace fdl::job
