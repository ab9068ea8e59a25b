// `csv` and `jsonl`: what their fields are, and whether each record has them.
#include "lib/job/sources/table.h"

#include <algorithm>

#include "lib/catalog/datasets/csv.h"
#include "lib/catalog/datasets/jsonl.h"
#include "lib/catalog/datasets/parquet.h"
#include "lib/format/parquet.h"
#include "lib/job/sources/table_inspect.h"

namespace fdl::job {
namespace {

using catalog::Dim;
using catalog::DType;
using catalog::TensorType;
using format::TableFormat;
using Type = TableField::Type;

constexpr double kIgnoredClass = -100;  // cross_entropy's ignore_index

bool is_table(const DataSplit& split) {
  const std::string& name = split.source.name();
  return name == "csv" || name == "jsonl" || name == "parquet";
}

const catalog::TableParams& params_of(const DataSplit& split) {
  if (split.source.name() == "csv") return split.source.as<catalog::CsvParams>();
  if (split.source.name() == "parquet") return split.source.as<catalog::ParquetParams>();
  return split.source.as<catalog::JsonlParams>();
}

Result<TableFormat> format_of(const DataSplit& split) {
  TableFormat out;
  if (split.source.name() == "jsonl") {
    out.kind = TableFormat::Kind::JsonLines;
    return out;
  }
  const auto& p = split.source.as<catalog::CsvParams>();
  if (p.delimiter.size() != 1 || p.delimiter.find_first_of("\"\n\r") != std::string::npos) {
    return fail(error(Code::OutOfRange, split.source.span,
                      "'delimiter' must be one character, not '{}'", p.delimiter)
                    .help("for example delimiter: \";\", or \"\\t\""));
  }
  out.delimiter = p.delimiter.front();
  out.has_header = p.header;
  return out;
}

Result<format::Table> open_file(const DataSplit& split, const std::filesystem::path& path) {
  if (split.source.name() == "parquet") return format::open_parquet(path);
  const Result<TableFormat> form = format_of(split);
  if (!form) return fail(form.error());
  return format::Table::open(path, *form);
}

// The table of a split with its fields as they are written, and an index of its records.
Result<TableDetails> open_table(const DataSplit& split, const SourceContext& context) {
  const catalog::TableParams& p = params_of(split);
  Result<format::Table> table = open_file(split, context.path(p.file));
  if (!table) return fail(table.error());
  FDL_TRY(table->index([](std::int64_t, const format::Record&) -> Result<void> { return {}; }));
  if (table->num_records() == 0) {
    return fail(
        error(Code::DataCorrupt, split.source.span, "'{}' has no record",
              context.path(p.file).string())
            .help("fill it; where its first line is a record of a CSV file, say `header: false`"));
  }
  Result<std::vector<TableField>> fields =
      read_fields(p.fields, table->columns(), split.source.span);
  if (!fields) return fail(fields.error());
  TableDetails out{std::move(*table), p.missing, std::move(*fields)};
  FDL_TRY(settle_texts(context, split, p.tokenizer, out));
  return out;
}

Result<SampleRanges> ranges_of(const DataSplit& split, const TableDetails& details) {
  const std::int64_t size = details.table.num_records();
  if (split.shuffle_seed) return SampleRanges{{0, size}};
  return select_places(split, size);
}

// Gives the fields of an evaluation part what the training part has settled.
void take_over(const TableDetails& trained, TableDetails& details) {
  for (TableField& field : details.fields) {
    const auto found = std::find_if(trained.fields.begin(), trained.fields.end(),
                                    [&](const TableField& one) { return one.name == field.name; });
    if (found == trained.fields.end() || found->is_vector != field.is_vector) continue;
    const std::vector<std::size_t> columns = field.columns;
    field = *found;
    field.columns = columns;
  }
}

// A field whose samples differ in length.
Result<Field> with_axis(Field out, const TableField& field, const SourceContext& context) {
  const Dim* axis = named_axis(context.graph, field.name);
  if (axis == nullptr) {
    return fail(error(Code::FieldMismatch, field.span,
                      "the {} of '{}' differ in length, but the model has no input with a named "
                      "axis",
                      field.type == Type::Text ? "texts" : "lists", field.name)
                    .help("declare the input as i64[T]"));
  }
  out.type.shape = {*axis};
  return out;
}

Result<Field> field_of(const TableField& field, const SourceContext& context) {
  Field out{field.name, {DType::F32, {}}};
  const TensorType* input = input_type(context.graph, field.name);
  const bool wants_vector =
      input != nullptr && input->shape.size() == 2 && input->shape[1] == Dim(1);
  if (field.is_vector)
    out.type.shape = {static_cast<std::int64_t>(field.columns.size())};
  else if (field.type == Type::Number && wants_vector)
    out.type.shape = {1};
  if (field.type == Type::Integer || field.type == Type::Class) out.type.dtype = DType::I64;
  if (field.type == Type::Class) {
    out.num_classes = field.num_classes();
    out.words = std::make_shared<const std::vector<std::string>>(field.classes);
  }
  if (field.type == Type::Text) {
    const std::vector<std::string>& words = field.tokenizer->words();
    out.type.dtype = DType::I64;
    out.num_classes = field.is_zeros ? 1 : static_cast<std::int64_t>(words.size());
    if (!field.is_zeros) out.words = std::make_shared<const std::vector<std::string>>(words);
    return with_axis(std::move(out), field, context);
  }
  if (field.type != Type::List) return out;
  if (field.is_whole && (input == nullptr || is_integer(input->dtype))) {
    out.type.dtype = DType::I64;
    out.num_classes = static_cast<std::int64_t>(field.largest) + 1;
    if (input == nullptr) out.pad = kIgnoredClass;
  }
  if (field.length) {
    out.type.shape = {*field.length};
    return out;
  }
  return with_axis(std::move(out), field, context);
}

// Reads every record of the part as training would, and measures its lists.
Result<void> check_records(const SampleRanges& ranges, TableDetails& details) {
  std::vector<double> numbers;
  return scan_ranges(
      details, ranges, [&](std::int64_t, const format::Record& record) -> Result<void> {
        std::optional<std::int64_t> length;
        for (TableField& field : details.fields) {
          numbers.clear();
          FDL_TRY(read_field(details, field, record, numbers));
          if (!field.is_ragged()) continue;
          const auto own = static_cast<std::int64_t>(numbers.size());
          field.longest = std::max(field.longest, own);
          if (length.value_or(own) == own) {
            length = own;
            continue;
          }
          const format::Cell& cell = record.cells[field.columns.front()];
          return fail(error(Code::DataCorrupt, details.table.span_of(record, cell.place),
                            "'{}' has {} numbers here, but another list of this record has {}",
                            field.name, own, *length)
                          .help("lists that differ in length must do so together"));
        }
        return {};
      });
}

Result<SourceInfo> inspect_table(const SourceContext& context) {
  Result<TableDetails> details = open_table(context.split, context);
  if (!details) return fail(details.error());
  const DataSplit* train = context.job.find_split("train");
  const bool is_own = train == nullptr || train == &context.split || !is_table(*train);
  if (is_own) {
    const Result<SampleRanges> ranges = ranges_of(context.split, *details);
    if (!ranges) return fail(ranges.error());
    FDL_TRY(settle_fields(context.split, context.graph, *ranges, *details));
  } else {
    Result<TableDetails> trained = open_table(*train, context);
    if (!trained) return fail(trained.error());
    const Result<SampleRanges> ranges = ranges_of(*train, *trained);
    if (!ranges) return fail(ranges.error());
    FDL_TRY(settle_fields(*train, context.graph, *ranges, *trained));
    take_over(*trained, *details);
  }
  const Result<SampleRanges> own = ranges_of(context.split, *details);
  if (!own) return fail(own.error());
  FDL_TRY(check_records(*own, *details));
  FDL_TRY(check_text_lengths(context.graph, *details));
  SourceInfo info;
  info.num_samples = details->table.num_records();
  for (const TableField& field : details->fields) {
    Result<Field> made = field_of(field, context);
    if (!made) return fail(made.error());
    info.fields.push_back(std::move(*made));
  }
  if (const Dim* axis = attention_axis(context.graph, *details))
    info.fields.push_back({"attention_mask", {DType::Bool, {*axis}}, 0, 0, "input_ids"});
  info.files = {details->table.file().path()};
  if (!details->tokenizer_file.empty()) info.files.push_back(details->tokenizer_file);
  info.details = std::make_shared<const TableDetails>(std::move(*details));
  return info;
}

}  // namespace

Result<SourceInfo> inspect_csv(const SourceContext& context) { return inspect_table(context); }
Result<SourceInfo> inspect_jsonl(const SourceContext& context) { return inspect_table(context); }
Result<SourceInfo> inspect_parquet(const SourceContext& context) { return inspect_table(context); }

}  // namespace fdl::job
