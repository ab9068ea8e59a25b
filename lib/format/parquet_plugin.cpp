// Reads a Parquet file with Apache Arrow, row group by row group.
#include "lib/format/parquet_plugin.h"

#include <algorithm>
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <cstring>
#include <parquet/arrow/reader.h>
#include <parquet/exception.h>
#include <string>
#include <vector>

namespace fdl::format {
namespace {

using arrow::Array;
using arrow::Status;

// What a type is read as.
enum class Form { Number, Text, List, Words, Nothing, Unknown };

bool is_number(const arrow::DataType& type) {
  return type.id() == arrow::Type::BOOL || arrow::is_integer(type.id()) ||
         type.id() == arrow::Type::FLOAT || type.id() == arrow::Type::DOUBLE;
}

bool is_text(const arrow::DataType& type) {
  return type.id() == arrow::Type::STRING || type.id() == arrow::Type::LARGE_STRING;
}

Form form_of(const arrow::DataType& type) {
  if (is_number(type)) return Form::Number;
  if (is_text(type)) return Form::Text;
  if (type.id() == arrow::Type::NA) return Form::Nothing;
  if (type.id() == arrow::Type::DICTIONARY) {
    const auto& words = static_cast<const arrow::DictionaryType&>(type);
    return is_text(*words.value_type()) ? Form::Words : Form::Unknown;
  }
  const bool is_list = type.id() == arrow::Type::LIST || type.id() == arrow::Type::LARGE_LIST ||
                       type.id() == arrow::Type::FIXED_SIZE_LIST;
  return is_list && is_number(*type.field(0)->type()) ? Form::List : Form::Unknown;
}

template <typename A>
double value_of(const Array& array, std::int64_t row) {
  return static_cast<double>(static_cast<const A&>(array).Value(row));
}

double number_at(const Array& array, std::int64_t row) {
  switch (array.type_id()) {
    case arrow::Type::BOOL:
      return value_of<arrow::BooleanArray>(array, row);
    case arrow::Type::INT8:
      return value_of<arrow::Int8Array>(array, row);
    case arrow::Type::INT16:
      return value_of<arrow::Int16Array>(array, row);
    case arrow::Type::INT32:
      return value_of<arrow::Int32Array>(array, row);
    case arrow::Type::INT64:
      return value_of<arrow::Int64Array>(array, row);
    case arrow::Type::UINT8:
      return value_of<arrow::UInt8Array>(array, row);
    case arrow::Type::UINT16:
      return value_of<arrow::UInt16Array>(array, row);
    case arrow::Type::UINT32:
      return value_of<arrow::UInt32Array>(array, row);
    case arrow::Type::UINT64:
      return value_of<arrow::UInt64Array>(array, row);
    case arrow::Type::FLOAT:
      return value_of<arrow::FloatArray>(array, row);
    default:
      return value_of<arrow::DoubleArray>(array, row);
  }
}

std::string_view text_at(const Array& array, std::int64_t row) {
  if (array.type_id() == arrow::Type::LARGE_STRING)
    return static_cast<const arrow::LargeStringArray&>(array).GetView(row);
  return static_cast<const arrow::StringArray&>(array).GetView(row);
}

// The numbers of a list; false when one of them is missing.
bool list_at(const Array& array, std::int64_t row, std::vector<double>& out) {
  std::shared_ptr<Array> items;
  if (array.type_id() == arrow::Type::LIST)
    items = static_cast<const arrow::ListArray&>(array).value_slice(row);
  else if (array.type_id() == arrow::Type::LARGE_LIST)
    items = static_cast<const arrow::LargeListArray&>(array).value_slice(row);
  else
    items = static_cast<const arrow::FixedSizeListArray&>(array).value_slice(row);
  out.clear();
  if (items->null_count() > 0) return false;
  for (std::int64_t i = 0; i < items->length(); ++i) out.push_back(number_at(*items, i));
  return true;
}

Status give(const Array& array, Form form, std::size_t column, const ParquetSink& sink) {
  std::vector<double> numbers;
  for (std::int64_t row = 0; row < array.length(); ++row) {
    if (form == Form::Nothing || array.IsNull(row)) {
      sink.missing(sink.context, column);
    } else if (form == Form::Number) {
      sink.number(sink.context, column, number_at(array, row));
    } else if (form == Form::List) {
      if (!list_at(array, row, numbers)) return Status::Invalid("a list has a missing number");
      sink.list(sink.context, column, numbers.data(), numbers.size());
    } else {
      const auto* words =
          form == Form::Words ? static_cast<const arrow::DictionaryArray*>(&array) : nullptr;
      const std::string_view text = words != nullptr
                                        ? text_at(*words->dictionary(), words->GetValueIndex(row))
                                        : text_at(array, row);
      sink.text(sink.context, column, text.data(), text.size());
    }
  }
  return Status::OK();
}

Status read(const char* path, const ParquetSink& sink) {
  ARROW_ASSIGN_OR_RAISE(auto input, arrow::io::ReadableFile::Open(path));
  parquet::arrow::FileReaderBuilder builder;
  ARROW_RETURN_NOT_OK(builder.Open(input));
  std::unique_ptr<parquet::arrow::FileReader> reader;
  ARROW_RETURN_NOT_OK(builder.Build(&reader));
  std::shared_ptr<arrow::Schema> schema;
  ARROW_RETURN_NOT_OK(reader->GetSchema(&schema));
  std::vector<Form> forms;
  for (const auto& field : schema->fields()) {
    forms.push_back(form_of(*field->type()));
    if (forms.back() == Form::Unknown)
      return Status::Invalid("the column '", field->name(), "' is of type ",
                             field->type()->ToString());
    sink.column(sink.context, field->name().c_str());
  }
  for (int group = 0; group < reader->num_row_groups(); ++group) {
    std::shared_ptr<arrow::Table> table;
    ARROW_RETURN_NOT_OK(reader->ReadRowGroup(group, &table));
    for (int column = 0; column < table->num_columns(); ++column) {
      const auto at = static_cast<std::size_t>(column);
      for (const std::shared_ptr<Array>& chunk : table->column(column)->chunks()) {
        ARROW_RETURN_NOT_OK(chunk->Validate());
        ARROW_RETURN_NOT_OK(give(*chunk, forms[at], at, sink));
      }
    }
  }
  return Status::OK();
}

void tell(const std::string& reason, ParquetProblem& problem) {
  const std::size_t size = std::min(reason.find('\n'), sizeof problem.reason - 1);
  const std::size_t num_bytes = std::min(size, reason.size());
  std::memcpy(problem.reason, reason.data(), num_bytes);
  problem.reason[num_bytes] = '\0';
}

}  // namespace
}  // namespace fdl::format

extern "C" bool fdl_read_parquet(const char* path, const fdl::format::ParquetSink* sink,
                                 fdl::format::ParquetProblem* problem) noexcept {
  try {
    const arrow::Status status = fdl::format::read(path, *sink);
    if (status.ok()) return true;
    fdl::format::tell(status.message(), *problem);
  } catch (const std::exception& thrown) {
    fdl::format::tell(thrown.what(), *problem);
  }
  return false;
}
