#include <nlohmann/json.hpp>

#include "commands/ckpt/ckpt.h"
#include "lib/base/files.h"
#include "lib/format/checkpoint_manifest.h"
#include "lib/weights/statistics.h"

namespace fdl::commands {
namespace {

using nlohmann::ordered_json;
using weights::StoredTensor;

// What a checkpoint says beside its tensors.
struct About {
  std::optional<std::int64_t> step;
  std::string graph_hash;
};

About about(const weights::WeightFiles& files) {
  About out;
  if (files.checkpoint.empty()) return out;
  if (const auto manifest = format::read_checkpoint_manifest(files.checkpoint))
    out.graph_hash = manifest->graph_hash;
  const Result<std::string> text = read_file(files.checkpoint / "state.json", 1 << 24);
  if (!text) return out;
  const nlohmann::json state = nlohmann::json::parse(*text, nullptr, false);
  if (state.is_object() && state.contains("step") && state["step"].is_number_integer())
    out.step = state["step"].get<std::int64_t>();
  return out;
}

struct Row {
  const StoredTensor* tensor = nullptr;
  std::optional<weights::Statistics> numbers;
};

ordered_json row_json(const Row& row) {
  ordered_json out = {{"path", row.tensor->name},
                      {"dtype", format::to_string(row.tensor->dtype)},
                      {"shape", row.tensor->shape},
                      {"num_elements", row.tensor->num_elements()}};
  if (!row.numbers) return out;
  out["min"] = row.numbers->min;
  out["max"] = row.numbers->max;
  out["mean"] = row.numbers->mean;
  out["std"] = row.numbers->std;
  out["num_not_finite"] = row.numbers->num_not_finite;
  return out;
}

std::string row_text(const Row& row, std::size_t path_width, std::size_t type_width) {
  std::string out = fmt::format("{:<{}}  {:<{}}  {:>12}", row.tensor->name, path_width,
                                row.tensor->type_text(), type_width, row.tensor->num_elements());
  if (row.numbers) {
    const weights::Statistics& n = *row.numbers;
    out += fmt::format("  {:>12.6g}  {:>12.6g}  {:>12.6g}  {:>12.6g}", n.min, n.max, n.mean, n.std);
    if (n.num_not_finite > 0) out += fmt::format("  {} not finite", n.num_not_finite);
  }
  return out + "\n";
}

std::string table(const std::vector<Row>& rows, bool stats) {
  std::size_t path = 4, type = 4;
  for (const Row& row : rows) {
    path = std::max(path, row.tensor->name.size());
    type = std::max(type, row.tensor->type_text().size());
  }
  std::string out = fmt::format("{:<{}}  {:<{}}  {:>12}", "path", path, "type", type, "elements");
  if (stats) out += fmt::format("  {:>12}  {:>12}  {:>12}  {:>12}", "min", "max", "mean", "std");
  out += "\n";
  for (const Row& row : rows) out += row_text(row, path, type);
  return out;
}

struct Totals {
  std::uint64_t num_elements = 0, num_bytes = 0;
};

Totals totals_of(const weights::WeightFiles& files) {
  Totals out;
  for (const StoredTensor& tensor : files.tensors) {
    out.num_elements += tensor.num_elements();
    out.num_bytes += tensor.num_bytes;
  }
  return out;
}

std::string json_text(const weights::WeightFiles& files, const std::vector<Row>& rows,
                      const Context& context) {
  const About known = about(files);
  const Totals totals = totals_of(files);
  ordered_json out = {{"place", shown_place(files, context)}};
  if (known.step) out["step"] = *known.step;
  if (!known.graph_hash.empty()) out["graph_hash"] = known.graph_hash;
  if (!files.metadata.empty()) out["metadata"] = files.metadata;
  out["num_tensors"] = rows.size();
  out["num_elements"] = totals.num_elements;
  out["num_bytes"] = totals.num_bytes;
  out["tensors"] = ordered_json::array();
  for (const Row& row : rows) out["tensors"].push_back(row_json(row));
  return out.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string plain_text(const weights::WeightFiles& files, const std::vector<Row>& rows, bool stats,
                       const Context& context) {
  const About known = about(files);
  const Totals totals = totals_of(files);
  std::string out = table(rows, stats) + fmt::format("\n{}: {} tensors, {} elements, {} bytes",
                                                     shown_place(files, context), rows.size(),
                                                     totals.num_elements, totals.num_bytes);
  if (files.files.size() > 1) out += fmt::format(" in {} files", files.files.size());
  out += "\n";
  if (known.step) out += fmt::format("step {}\n", *known.step);
  if (!known.graph_hash.empty()) out += fmt::format("graph {}\n", known.graph_hash);
  for (const auto& [key, value] : files.metadata) out += fmt::format("{}: {}\n", key, value);
  return out;
}

}  // namespace

int show_checkpoint(const CkptOptions& options, Context& context) {
  const auto files = open_named(options.names.empty() ? "" : options.names.front(), context);
  if (!files) return context.fail(files.error(), options.json);
  std::vector<Row> rows;
  for (const StoredTensor& tensor : files->tensors) {
    rows.push_back({&tensor, std::nullopt});
    if (!options.stats) continue;
    const auto numbers = weights::statistics(*files, tensor);
    if (!numbers) return context.fail(numbers.error(), options.json);
    rows.back().numbers = *numbers;
  }
  context.print(options.json ? json_text(*files, rows, context)
                             : plain_text(*files, rows, options.stats, context));
  return 0;
}

}  // namespace fdl::commands
