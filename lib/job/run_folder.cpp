#include "lib/job/run_folder.h"

#include <algorithm>
#include <thread>

#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/config/show.h"
#include "lib/config/yaml.h"
#include "lib/format/checkpoint_manifest.h"
#include "lib/job/job.h"
#include "lib/job/load.h"

namespace fdl::job {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

std::string run_group(const std::string& model_name) {
  std::string out = model_name.empty() ? "model" : model_name;
  for (char& c : out) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    if (!plain) c = '_';
  }
  return out;
}

std::string plan_json(const graph::Graph& graph) {
  ordered_json out = {{"graph_hash", graph.hash()}, {"num_parameters", graph.num_parameters()}};
  out["tensors"] = ordered_json::array();
  for (const graph::OwnedTensor& t : graph.tensors)
    out["tensors"].push_back({{"path", t.path},
                              {"dtype", to_string(t.dtype)},
                              {"shape", t.shape},
                              {"is_buffer", t.is_buffer}});
  out["values"] = ordered_json::array();
  for (const graph::Value& v : graph.values)
    out["values"].push_back({{"path", v.path}, {"type", to_string(v.type)}});
  return out.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> out;
  std::error_code code;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, code)) {
    if (entry.is_directory(code)) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

bool is_run(const fs::path& folder) {
  std::error_code code;
  return fs::is_regular_file(folder / "manifest.yml", code);
}

}  // namespace

Result<RunFolder> create_run(const config::Manifest& manifest, const graph::Graph& graph,
                             const fs::path& output_dir, const std::string& timestamp) {
  config::Node job = manifest.root;
  job.erase("commands");
  const std::string text = config::to_yaml_with_origins(job, {});
  const std::string base = timestamp + "-" + graph.hash().substr(0, 6);
  const fs::path group = output_dir / run_group(graph.name);
  FDL_TRY(make_folders(group));
  RunFolder run{group / base};
  std::error_code code;
  for (int n = 2; !fs::create_directory(run.path, code); ++n) {
    if (code)
      return fail(
          error(Code::CannotWrite, {}, "cannot make '{}': {}", run.path.string(), code.message()));
    run.path = group / (base + "-" + std::to_string(n));
  }
  const ordered_json environment = {{"fdl", "0.1.0"},
                                    {"project", manifest.folder.string()},
                                    {"manifest", manifest.file.filename().string()},
                                    {"cores", std::thread::hardware_concurrency()}};
  FDL_TRY(write_atomic(run.path / "plan.json", plan_json(graph)));
  FDL_TRY(write_atomic(run.path / "environment.json", environment.dump(1) + "\n"));
  FDL_TRY(write_atomic(run.path / "manifest.yml", text));
  return run;
}

Result<std::optional<RunFolder>> find_run(const fs::path& output_dir, const std::string& model_name,
                                          const std::string& wanted) {
  if (!wanted.empty()) {
    for (const fs::path& candidate :
         {fs::path(wanted), output_dir / wanted, output_dir / run_group(model_name) / wanted}) {
      if (is_run(candidate))
        return std::optional(RunFolder{fs::absolute(candidate).lexically_normal()});
    }
    return fail(error(Code::RunMissing, {}, "there is no run '{}'", wanted)
                    .help("name a run folder, or one under '{}'",
                          (output_dir / run_group(model_name)).string()));
  }
  std::vector<fs::path> runs = folders_in(output_dir / run_group(model_name));
  std::erase_if(runs, [](const fs::path& p) { return !is_run(p); });
  if (runs.empty()) return std::optional<RunFolder>();
  return std::optional(RunFolder{runs.back()});
}

std::vector<fs::path> whole_checkpoints(const RunFolder& run) {
  std::vector<std::pair<std::int64_t, fs::path>> found;
  constexpr std::string_view kPrefix = "step-";
  for (const fs::path& folder : folders_in(run.path / "checkpoints")) {
    const std::string name = folder.filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const auto step = config::parse_integer(std::string_view(name).substr(kPrefix.size()));
    if (step && format::verify_checkpoint(folder)) found.emplace_back(*step, folder);
  }
  std::sort(found.rbegin(), found.rend());
  std::vector<fs::path> out;
  for (auto& [step, folder] : found) out.push_back(std::move(folder));
  return out;
}

std::optional<config::Manifest> load_run(const fs::path& run, Diagnostics& problems) {
  const Result<std::string> text = read_file(run / "environment.json");
  const nlohmann::json about =
      text ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json();
  if (!about.is_object() || !about.contains("project") || !about["project"].is_string()) {
    problems.add(error(Code::RunMissing, {},
                       "'{}' is no whole run folder: its environment.json cannot be read",
                       run.string()));
    return std::nullopt;
  }
  const fs::path file = run / "manifest.yml";
  // What the environment had to say is in the file; saying it again would change a recorded run.
  auto manifest = config::load_manifest(file, {}, merge_rules(), run, problems);
  if (manifest) manifest->folder = about["project"].get<std::string>();
  return manifest;
}

}  // namespace fdl::job
