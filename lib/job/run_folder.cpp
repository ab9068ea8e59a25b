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
#include "lib/job/sections.h"

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

std::string plan_json(const graph::Graph& graph, const Job& job) {
  ordered_json out = {{"graph_hash", graph.hash()}, {"num_parameters", graph.num_parameters()}};
  out["recorded"] = ordered_json::object();
  for (const std::string& name : recorded_names(job))
    out["recorded"][name] = job.training.higher_is_better(name) ? "max" : "min";
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

std::string environment_json(const config::Manifest& manifest, const NewRun& about) {
  const ordered_json out = {{"fdl", "0.1.0"},
                            {"project", manifest.folder.string()},
                            {"manifest", manifest.file.filename().string()},
                            {"cores", std::thread::hardware_concurrency()},
                            {"started", about.timestamp},
                            {"command", about.command}};
  return out.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

// The folder of a new run, made; of two runs of one second the second gets a number.
Result<fs::path> make_run_folder(const fs::path& group, const std::string& base) {
  FDL_TRY(make_folders(group));
  fs::path out = group / base;
  std::error_code code;
  for (int n = 2; !fs::create_directory(out, code); ++n) {
    if (code) return fail(cannot_write(out, code.value()));
    out = group / (base + "-" + std::to_string(n));
  }
  return out;
}

void add_runs(const fs::path& folder, int depth, std::vector<fs::path>& out) {
  for (const fs::path& inner : folders_in(folder)) {
    if (is_run(inner))
      out.push_back(inner);
    else if (depth > 1)
      add_runs(inner, depth - 1, out);
  }
}

std::optional<RunFolder> newest_named(const fs::path& output_dir, const std::string& name) {
  std::optional<RunFolder> out;
  for (const fs::path& run : list_runs(output_dir)) {
    if (read_notes(run).name != name) continue;
    if (!out || out->path.filename() < run.filename())
      out = RunFolder{fs::absolute(run).lexically_normal()};
  }
  return out;
}

}  // namespace

fs::path group_folder(const fs::path& output_dir, const std::string& model_name) {
  return output_dir / run_group(model_name);
}

bool is_run(const fs::path& folder) {
  std::error_code code;
  return fs::is_regular_file(folder / "manifest.yml", code);
}

Result<RunFolder> create_run(const config::Manifest& manifest, const graph::Graph& graph,
                             const Job& job, const NewRun& about) {
  config::Node root = manifest.root;
  for (const char* section : {"commands", "sweep"}) root.erase(section);
  const std::string text = config::to_yaml_with_origins(root, {});
  const std::string base = about.timestamp + "-" + graph.hash().substr(0, 6);
  const fs::path group = manifest.folder / job.output_dir / run_group(graph.name);
  RunFolder run{about.folder};
  if (run.path.empty()) {
    const Result<fs::path> made = make_run_folder(group, base);
    if (!made) {
      return fail(
          Diagnostic(made.error()).note("`output.dir=FOLDER` puts runs into another folder"));
    }
    run.path = *made;
  } else {
    FDL_TRY(make_folders(run.path));
  }
  FDL_TRY(write_atomic(run.path / "plan.json", plan_json(graph, job)));
  FDL_TRY(write_atomic(run.path / "environment.json", environment_json(manifest, about)));
  FDL_TRY(write_notes(run.path, about.notes));
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
    if (const auto named = newest_named(output_dir, wanted)) return std::optional(*named);
    return fail(error(Code::RunMissing, {}, "there is no run '{}'", wanted)
                    .help("`fdl runs` lists those under '{}'", output_dir.string()));
  }
  std::vector<fs::path> runs = folders_in(output_dir / run_group(model_name));
  std::erase_if(runs, [](const fs::path& p) { return !is_run(p); });
  if (runs.empty()) return std::optional<RunFolder>();
  return std::optional(RunFolder{runs.back()});
}

std::vector<fs::path> list_runs(const fs::path& folder) {
  constexpr int kDeepest = 3;  // model, sweep, point
  std::vector<fs::path> out;
  if (is_run(folder)) return {folder};
  add_runs(folder, kDeepest, out);
  return out;
}

RunNotes read_notes(const fs::path& run) {
  RunNotes out;
  const Result<std::string> text = read_file(run / "notes.json", 1 << 20);
  const nlohmann::json from =
      text ? nlohmann::json::parse(*text, nullptr, false) : nlohmann::json();
  if (!from.is_object()) return out;
  const auto text_at = [&](const char* key) {
    const auto found = from.find(key);
    return found != from.end() && found->is_string() ? found->get<std::string>() : "";
  };
  out.name = text_at("name");
  out.note = text_at("note");
  const auto tags = from.find("tags");
  if (tags == from.end() || !tags->is_array()) return out;
  for (const nlohmann::json& tag : *tags) {
    if (tag.is_string()) out.tags.push_back(tag.get<std::string>());
  }
  return out;
}

Result<void> write_notes(const fs::path& run, const RunNotes& notes) {
  const ordered_json out = {{"name", notes.name}, {"note", notes.note}, {"tags", notes.tags}};
  return write_atomic(run / "notes.json",
                      out.dump(1, ' ', false, ordered_json::error_handler_t::replace) + "\n");
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

std::optional<config::Manifest> load_run(const fs::path& run, Diagnostics& problems,
                                         const std::vector<std::string>& overrides) {
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
  config::Selection selection;
  selection.overrides = overrides;
  auto manifest = config::load_manifest(file, selection, merge_rules(), run, problems);
  if (manifest) manifest->folder = about["project"].get<std::string>();
  return manifest;
}

}  // namespace fdl::job
