#include "commands/engine/data.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "lib/base/closest.h"
#include "lib/base/files.h"
#include "lib/data/inspection.h"
#include "lib/data/picture_file.h"

namespace fdl::engine {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// The samples as they are in the source, and as the model sees them.
struct Opened {
  data::Dataset dataset;
  std::vector<data::FieldTransform> plain, transformed;
  data::LoaderSpec spec;
};

Result<Opened> open(const job::DataSplit& split, const graph::Graph& graph, const job::Job& job) {
  Result<data::Dataset> dataset = data::load_split(split, job, graph);
  if (!dataset) return fail(dataset.error());
  Opened out{*std::move(dataset), {}, {}, {}};
  out.plain = data::field_transforms(job::Job(), out.dataset, false);
  out.transformed = data::field_transforms(job, out.dataset, split.name == "train");
  out.spec.batch_size = 64;
  out.spec.seed = static_cast<std::uint64_t>(job.training.seed);
  out.spec.workers = job.loader.workers;
  out.spec.prefetch = job.loader.prefetch;
  return out;
}

Json class_counts(const data::FieldSummary& field) {
  Json out = Json::array();
  for (const auto& [number, count] : field.classes) {
    const auto& words = field.field.words;
    const bool has_word = words && number >= 0 && number < static_cast<std::int64_t>(words->size());
    out.push_back({{"class", number},
                   {"word", has_word ? (*words)[static_cast<std::size_t>(number)] : ""},
                   {"count", count}});
  }
  return out;
}

Json numbers_of(const data::FieldSummary& field) {
  Json out = {{"type", field.type},
              {"count", field.values.count},
              {"missing", field.missing},
              {"min", field.values.low},
              {"max", field.values.high},
              {"mean", field.values.mean},
              {"std", field.values.deviation()}};
  if (field.values.count == 0) out["min"] = out["max"] = out["mean"] = nullptr;
  if (field.shortest >= 0) out["lengths"] = {field.shortest, field.longest};
  return out;
}

// What `normalize` wants after `to_f32`, of a field of numbers that are no labels.
void add_normalize(const data::FieldSummary& plain, Json& out) {
  if (plain.field.num_classes > 0 || plain.values.count == 0) return;
  const bool is_floating = catalog::is_floating(plain.field.type.dtype);
  if (!is_floating && !plain.is_bytes) return;
  const double scale = plain.is_bytes ? 255 : 1;
  out["normalize"] = {{"mean", plain.values.mean / scale},
                      {"std", plain.values.deviation() / scale}};
}

Result<Json> stats_of(const Opened& opened) {
  const auto plain = data::summarize(opened.dataset, opened.plain, opened.spec);
  if (!plain) return fail(plain.error());
  const auto seen = data::summarize(opened.dataset, opened.transformed, opened.spec);
  if (!seen) return fail(seen.error());
  Json out = Json::array();
  for (std::size_t i = 0; i < plain->size(); ++i) {
    const data::FieldSummary& field = (*plain)[i];
    Json one = {{"name", field.field.name},
                {"source", numbers_of(field)},
                {"seen", numbers_of((*seen)[i])},
                {"classes", class_counts(field)}};
    add_normalize(field, one);
    out.push_back(std::move(one));
  }
  return out;
}

Json samples_of(const std::vector<at::Tensor>& fields, const data::Dataset& dataset,
                std::int64_t count) {
  Json out = Json::array();
  for (std::int64_t i = 0; i < count && !fields.empty() && i < fields.front().size(0); ++i) {
    Json one = Json::object();
    for (std::size_t k = 0; k < fields.size(); ++k) {
      if (dataset.fields[k].mask_of.empty())
        one[dataset.fields[k].name] = data::shown_sample(dataset.fields[k], fields[k][i]);
    }
    out.push_back(std::move(one));
  }
  return out;
}

// Draws the first field of pictures; whether there is one.
Result<bool> draw(const std::vector<at::Tensor>& fields, const fs::path& path) {
  const auto found = std::find_if(fields.begin(), fields.end(), data::is_picture);
  if (found == fields.end()) return false;
  const at::Tensor sheet = data::contact_sheet(*found).contiguous();
  data::PictureFile picture{sheet.size(1), sheet.size(0), sheet.size(2), {}};
  const auto* bytes = sheet.const_data_ptr<std::uint8_t>();
  picture.pixels.assign(bytes, bytes + sheet.numel());
  FDL_TRY(data::write_png(path, picture));
  return true;
}

// "data.png" of the set val/clean: "data-clean.png", where there are several.
fs::path sheet_of(const DataRequest& request, const job::DataSplit& split, bool is_one) {
  if (is_one) return request.sheet;
  fs::path out = request.sheet;
  out.replace_filename(request.sheet.stem().string() + "-" +
                       split.name.substr(split.name.find('/') + 1) +
                       request.sheet.extension().string());
  return out;
}

Result<Json> inspect(const job::DataSplit& split, const graph::Graph& graph, const job::Job& job,
                     const DataRequest& request, bool is_one) {
  const Result<Opened> opened = open(split, graph, job);
  if (!opened) return fail(opened.error());
  Json out = {{"split", split.name},
              {"source", split.source.name()},
              {"num_samples", opened->dataset.num_samples()}};
  if (request.stats) {
    Result<Json> stats = stats_of(*opened);
    if (!stats) return fail(stats.error());
    out["fields"] = *std::move(stats);
  }
  if (request.samples == 0 && request.sheet.empty()) return out;
  const std::int64_t count =
      std::max(request.samples, request.sheet.empty() ? 0 : request.pictures);
  const auto fields =
      data::first_samples(opened->dataset, opened->transformed, opened->spec, count);
  if (!fields) return fail(fields.error());
  out["samples"] = samples_of(*fields, opened->dataset, request.samples);
  if (request.sheet.empty()) return out;
  const fs::path path = sheet_of(request, split, is_one);
  const Result<bool> drawn = draw(*fields, path);
  if (!drawn) return fail(drawn.error());
  if (*drawn) out["sheet"] = path.string();
  return out;
}

}  // namespace

Result<void> inspect_data(const graph::Graph& graph, const job::Job& job,
                          const DataRequest& request, const fs::path& folder) {
  const std::vector<const job::DataSplit*> wanted = job.find_splits(request.split);
  if (wanted.empty()) {
    std::vector<std::string> names;
    for (const job::DataSplit& split : job.splits) names.push_back(split.name);
    return fail(error(Code::UnknownKey, {}, "the job has no data '{}'", request.split)
                    .help("it has {}", one_of(names)));
  }
  Json out = Json::array();
  for (const job::DataSplit* split : wanted) {
    Result<Json> one = inspect(*split, graph, job, request, wanted.size() == 1);
    if (!one) return fail(one.error());
    out.push_back(*std::move(one));
  }
  return write_atomic(folder / "data.json",
                      out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace fdl::engine
