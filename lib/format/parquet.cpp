#include "lib/format/parquet.h"

#include "lib/base/plugin.h"
#include "lib/format/memory_records.h"
#include "lib/format/parquet_plugin.h"

namespace fdl::format {
namespace {

using ReadFunction = decltype(&fdl_read_parquet);

Result<ReadFunction> load_plugin(const std::filesystem::path& path) {
  constexpr const char* kName = "libfdl_parquet.so";
  const PluginFunction found = find_plugin_function(kName, FDL_PARQUET_BUILT, "fdl_read_parquet");
  if (found.address != nullptr) return reinterpret_cast<ReadFunction>(found.address);
  Diagnostic d =
      found.is_absent
          ? error(Code::CannotRead, {}, "cannot read '{}': this fdl was built without Apache Arrow",
                  path.string())
          : error(Code::CannotRead, {}, "cannot read '{}': cannot load '{}': {}", path.string(),
                  kName, found.reason);
  return fail(std::move(d).help(
      "build fdl with -DFDL_ARROW=FOLDER, where Arrow's `include` and libraries are: the package "
      "`pyarrow` of PyPI has them; or write the table as .csv or .jsonl"));
}

MemoryRecords& records_of(void* context) { return *static_cast<MemoryRecords*>(context); }

ParquetSink sink_of(MemoryRecords& records) {
  return {&records,
          [](void* context, const char* name) { records_of(context).add_column(name); },
          [](void* context, std::size_t column) { records_of(context).add_missing(column); },
          [](void* context, std::size_t column, double number) {
            records_of(context).add_number(column, number);
          },
          [](void* context, std::size_t column, const char* bytes, std::size_t num_bytes) {
            records_of(context).add_text(column, {bytes, num_bytes});
          },
          [](void* context, std::size_t column, const double* numbers, std::size_t count) {
            records_of(context).add_list(column, numbers, count);
          }};
}

}  // namespace

Result<Table> open_parquet(const std::filesystem::path& path) {
  Result<InputFile> file = InputFile::open(path, Code::DataMissing);
  if (!file) return fail(file.error());
  const Result<ReadFunction> read = load_plugin(path);
  if (!read) return fail(read.error());
  auto records = std::make_shared<MemoryRecords>();
  const ParquetSink sink = sink_of(*records);
  ParquetProblem problem{};
  if (!(*read)(path.c_str(), &sink, &problem)) {
    return fail(error(Code::DataCorrupt, {}, "cannot read '{}': {}", path.string(), problem.reason)
                    .help("columns of numbers, booleans, texts and lists of numbers can be read"));
  }
  return Table::of_records(*std::move(file), std::move(records));
}

}  // namespace fdl::format
