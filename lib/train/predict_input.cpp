#include "lib/train/predict_input.h"

#include <algorithm>
#include <numeric>

#include "lib/catalog/datasets/csv.h"
#include "lib/catalog/datasets/jsonl.h"
#include "lib/catalog/datasets/parquet.h"
#include "lib/data/sources/open.h"
#include "lib/format/image_header.h"
#include "lib/format/parquet.h"
#include "lib/format/table.h"
#include "lib/job/sources/image_folder.h"
#include "lib/train/predict_wanted.h"

namespace fdl::train {

namespace fs = std::filesystem;
using catalog::DType;
using job::Field;

Failure Wanted::bad(const std::string& why, const std::string& help) const {
  return fail(error(Code::BadInput, {}, "'{}' {}", path.string(), why).help("{}", help));
}

Result<void> Wanted::check_fits(const Field& trained, const catalog::TensorType& given) const {
  bool fits = given.dtype == trained.type.dtype && given.shape.size() == trained.type.shape.size();
  for (std::size_t i = 0; fits && i < given.shape.size(); ++i) {
    const catalog::Dim &expected = trained.type.shape[i], &found = given.shape[i];
    if (expected.is_number() || !found.is_number()) {
      fits = expected == found;
      continue;
    }
    const auto bound = graph.axis_bounds.find(expected.text());
    fits = bound == graph.axis_bounds.end() || found.number() <= bound->second;
  }
  if (fits) return {};
  return bad(fmt::format("has {} for '{}', but the model takes {}", to_string(given), trained.name,
                         to_string(trained.type)),
             "give it samples of the same type and shape as the training data has, before its "
             "transforms");
}

job::DataSplit split_named_input(catalog::Choice source) {
  job::DataSplit out;
  out.name = "input";
  out.source = std::move(source);
  return out;
}

Result<PredictInput> open_dataset(job::DataSplit split, const job::SourceInfo& info,
                                  Result<std::shared_ptr<const data::Source>> source) {
  if (!source) return fail(source.error());
  PredictInput out;
  out.split = std::move(split);
  out.dataset.source = std::move(*source);
  out.dataset.fields = info.fields;
  out.dataset.rows.resize(static_cast<std::size_t>(info.num_samples));
  std::iota(out.dataset.rows.begin(), out.dataset.rows.end(), 0);
  return out;
}

namespace {

// --- Tables ----------------------------------------------------------------------------------

const catalog::TableParams* trained_table(const job::Job& job) {
  const catalog::Choice& source = job.find_split("train")->source;
  if (source.name() == "csv") return &source.as<catalog::CsvParams>();
  if (source.name() == "jsonl") return &source.as<catalog::JsonlParams>();
  if (source.name() == "parquet") return &source.as<catalog::ParquetParams>();
  return nullptr;
}

// The fields of a trained table that are texts, whatever inputs they become.
void add_texts(const catalog::TableParams& trained, const std::vector<std::string>& columns,
               config::Node& out) {
  const auto is_text = [](const std::string& name, const config::Node& value) {
    const config::Node* type = value.is_map() ? value.find("type") : nullptr;
    return type != nullptr ? type->text == "text" : name == "text";
  };
  for (const config::Entry& entry : trained.fields.entries) {
    if (is_text(entry.key, entry.value)) out.entries.push_back(entry);
  }
  const bool has_column = std::find(columns.begin(), columns.end(), "text") != columns.end();
  if (trained.fields.entries.empty() && has_column)
    out.entries.push_back({"text", {}, config::make_scalar("text", {}, true)});
}

// Which columns feed the inputs: as in training, else the column of an input's name, else, of a
// single vector, all of them.
config::Node fields_of(const Wanted& wanted, const std::vector<std::string>& columns) {
  config::Node out;
  out.kind = config::Kind::Map;
  const catalog::TableParams* trained = trained_table(wanted.job);
  const bool has_texts = trained != nullptr && !trained->tokenizer.empty();
  if (has_texts) add_texts(*trained, columns, out);
  for (const Field& field : wanted.fields) {
    const bool is_made = has_texts && trained->fields.find(field.name) == nullptr &&
                         (field.name == "input_ids" || field.name == "token_type_ids");
    if (is_made || out.find(field.name) != nullptr) continue;
    config::Node value = config::make_scalar(field.name, {}, true);
    const config::Node* given = trained != nullptr ? trained->fields.find(field.name) : nullptr;
    const bool has_column = std::find(columns.begin(), columns.end(), field.name) != columns.end();
    const bool is_vector = field.type.shape.size() == 1 && wanted.fields.size() == 1;
    if (given != nullptr) {
      value = *given;
    } else if (!has_column && is_vector) {
      value = {};
      value.kind = config::Kind::List;
      for (const std::string& column : columns)
        value.items.push_back(config::make_scalar(column, {}, true));
    }
    out.entries.push_back({field.name, {}, std::move(value)});
  }
  return out;
}

template <typename P>
Result<catalog::Choice> table_choice(const Wanted& wanted, const char* source, P params,
                                     const Result<format::Table>& table) {
  if (!table) return fail(table.error());
  params.file = fs::absolute(wanted.path).string();
  params.fields = fields_of(wanted, table->columns());
  config::Node node;
  node.at_or_add(source, {}).at_or_add("file", {}) = config::make_scalar(params.file, {}, true);
  Diagnostics none;
  auto choice = catalog::read_choice(catalog::EntryKind::Dataset, node, {}, none);
  choice->params = std::make_shared<const P>(std::move(params));
  return *std::move(choice);
}

Result<catalog::Choice> table_choice(const Wanted& wanted, const std::string& extension) {
  const catalog::Choice& trained = wanted.job.find_split("train")->source;
  const catalog::TableParams* table = trained_table(wanted.job);
  catalog::TableParams common;
  if (table != nullptr) common = *table;
  if (extension == ".jsonl" || extension == ".ndjson") {
    return table_choice(wanted, "jsonl", catalog::JsonlParams{common},
                        format::Table::open(wanted.path, {format::TableFormat::Kind::JsonLines}));
  }
  if (extension == ".parquet")
    return table_choice(wanted, "parquet", catalog::ParquetParams{common},
                        format::open_parquet(wanted.path));
  catalog::CsvParams params{common};
  if (trained.name() == "csv") params = trained.as<catalog::CsvParams>();
  if (extension == ".tsv") params.delimiter.assign(1, '\t');
  return table_choice(wanted, "csv", params,
                      format::Table::open(wanted.path, {format::TableFormat::Kind::Csv,
                                                        params.delimiter.front(), params.header}));
}

Result<PredictInput> open_table(const Wanted& wanted, const std::string& extension) {
  Result<catalog::Choice> choice = table_choice(wanted, extension);
  if (!choice) return fail(choice.error());
  job::DataSplit split = split_named_input(*std::move(choice));
  const Result<job::SourceInfo> info = job::inspect_source(split, wanted.job, wanted.graph);
  if (!info) return fail(info.error());
  if (info->num_samples == 0) return wanted.bad("has no sample");
  for (const Field& field : wanted.fields) {
    const auto found = std::find_if(info->fields.begin(), info->fields.end(),
                                    [&](const Field& one) { return one.name == field.name; });
    FDL_TRY(wanted.check_fits(field, found->type));
  }
  const data::OpenContext context{split, wanted.job, *info};
  auto source = data::open_csv(context);  // as of every table
  return open_dataset(split, *info, std::move(source));
}

// --- Pictures --------------------------------------------------------------------------------

bool is_picture(const std::string& extension) {
  return extension == ".jpg" || extension == ".jpeg" || extension == ".png";
}

std::string lower_extension(const fs::path& path) {
  std::string out = path.extension().string();
  for (char& c : out) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return out;
}

Result<std::vector<std::string>> pictures_in(const Wanted& wanted) {
  std::vector<std::string> out;
  std::error_code code;
  if (!fs::is_directory(wanted.path, code)) return std::vector{wanted.path.filename().string()};
  for (fs::recursive_directory_iterator it(wanted.path, code), end; !code && it != end;
       it.increment(code)) {
    if (is_picture(lower_extension(it->path())))
      out.push_back(it->path().lexically_relative(wanted.path).string());
  }
  std::sort(out.begin(), out.end());
  if (out.empty()) return wanted.bad("has no picture", "give it .jpg, .jpeg or .png files");
  return out;
}

Result<PredictInput> open_pictures(const Wanted& wanted) {
  const Field& trained = wanted.fields.front();
  const bool takes_pictures = wanted.fields.size() == 1 && trained.type.dtype == DType::U8 &&
                              trained.type.shape.size() == 3;
  if (!takes_pictures) {
    return wanted.bad(fmt::format("is a picture, but the model takes {} for '{}'",
                                  to_string(trained.type), trained.name));
  }
  const Result<std::vector<std::string>> names = pictures_in(wanted);
  if (!names) return fail(names.error());
  auto details = std::make_shared<job::ImageFolderDetails>();
  std::error_code code;
  details->folder = fs::is_directory(wanted.path, code) ? wanted.path : wanted.path.parent_path();
  details->classes = {"."};
  for (const std::string& name : *names) {
    const auto header = format::read_image_header(details->folder / name);
    if (!header) return fail(header.error());
    details->pictures.push_back({name, 0});
  }
  job::SourceInfo info;
  info.num_samples = static_cast<std::int64_t>(names->size());
  info.fields = {trained, {"", {DType::I64, {}}, 1}};
  info.details = details;
  job::DataSplit split = split_named_input({});
  auto source = data::open_image_folder({split, wanted.job, info});
  Result<PredictInput> out = open_dataset(std::move(split), info, std::move(source));
  if (out) out->names = *names;
  return out;
}

// Whether a file of objects has texts, rather than lists of tokens.
bool has_texts(const Wanted& wanted) {
  const auto table = format::Table::open(wanted.path, {format::TableFormat::Kind::JsonLines});
  const bool is_there = table && std::find(table->columns().begin(), table->columns().end(),
                                           "text") != table->columns().end();
  return is_there;
}

}  // namespace

Result<PredictInput> open_input(const fs::path& path, const job::Job& job,
                                const graph::Graph& graph, const job::SourceInfo& trained) {
  Wanted wanted{path, job, graph, {}};
  const bool is_text = job.find_split("train")->source.name() == "text";
  for (const graph::NamedValue& input : graph.inputs) {
    const catalog::Shape& shape = graph.values[static_cast<std::size_t>(input.value)].type.shape;
    for (const Field& field : trained.fields) {
      if (field.name != input.name || !field.mask_of.empty()) continue;
      wanted.fields.push_back(field);
      // Windows are of one length, whatever the model could take.
      if (is_text && shape.size() == 2) wanted.fields.back().type.shape = {shape[1]};
    }
  }
  std::error_code code;
  const std::string extension = lower_extension(path);
  if (!fs::exists(path, code))
    return wanted.bad("is not there", "give --input a file or a folder of pictures");
  if (is_picture(extension) || fs::is_directory(path, code)) return open_pictures(wanted);
  const bool has_objects = extension == ".jsonl" || extension == ".ndjson";
  if (is_text && (extension == ".txt" || (has_objects && has_texts(wanted))))
    return open_text_input(wanted, has_objects);
  if (extension == ".csv" || extension == ".tsv" || extension == ".parquet" || has_objects)
    return open_table(wanted, extension);
  if (extension == ".npy") return open_npy_file(wanted);
  if (extension == ".safetensors") return open_tensors(wanted);
  const std::string name = path.filename().string();
  if (name.find("idx") != std::string::npos || name.find("ubyte") != std::string::npos)
    return open_idx_file(wanted);
  return wanted.bad(
      "is no kind of file that can be predicted on",
      is_text ? "give a .txt file, whose lines are samples, or a .jsonl file with the key `text`"
              : "give a .csv, .tsv, .jsonl, .parquet, .npy, .safetensors, .jpg or .png file, an "
                "idx file, "
                "or a folder of pictures");
}

}  // namespace fdl::train
