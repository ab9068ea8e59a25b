#include "commands/run_choice.h"

#include "commands/manifest_choice.h"
#include "lib/job/job.h"
#include "lib/job/run_folder.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

}  // namespace

Result<fs::path> choose_run(const std::string& given, Context& context) {
  const fs::path folder = context.folder / given;
  std::error_code code;
  if (!given.empty() && fs::is_regular_file(folder / "manifest.yml", code))
    return fs::absolute(folder).lexically_normal();
  Result<ChosenManifest> chosen = choose_manifest({}, context);
  if (!chosen) return fail(chosen.error());
  Diagnostics problems;
  const auto manifest = load(*chosen, context, problems);
  job::Checked checked;
  if (manifest) checked = job::check(*manifest, context.environment, true, problems);
  if (problems.has_errors() || !checked.job)
    return fail(problems.empty() ? error(Code::NoJob, {}, "this manifest has no job")
                                 : problems.sorted().front());
  const std::string wanted = given == "latest" ? "" : given;
  auto found =
      job::find_run(manifest->folder / checked.job->output_dir, checked.graph->name, wanted);
  if (!found) return fail(found.error());
  if (!*found)
    return fail(error(Code::RunMissing, {}, "there is no run yet").help("`fdl run` makes one"));
  return (*found)->path;
}

Result<fs::path> output_folder(Context& context) {
  const Result<ChosenManifest> chosen = choose_manifest({}, context);
  if (!chosen) return fail(chosen.error());
  Diagnostics problems;
  const auto manifest = load(*chosen, context, problems);
  if (!manifest) return fail(problems.sorted().front());
  const config::Node* given = config::find_path(manifest->root, "output.dir");
  if (given == nullptr) given = manifest->root.find("output");
  return manifest->folder / (given != nullptr && given->is_scalar() ? given->text : "runs");
}

Result<fs::path> choose_weights(const std::string& given, Context& context) {
  const std::size_t at = given.rfind('@');
  const std::string name = given.substr(0, at);
  std::error_code code;
  const auto is_there = [&](const std::string& path) {
    return !path.empty() && fs::exists(context.folder / path, code);
  };
  if (is_there(given) || is_there(name)) return context.folder / given;
  const bool is_path = name.find('/') != std::string::npos || name.ends_with(".safetensors");
  if (is_path) {
    return fail(error(Code::WeightsMissing, {}, "there is nothing at '{}'", given)
                    .help("name a safetensors file, a folder, a checkpoint or a run"));
  }
  const Result<fs::path> run = choose_run(name, context);
  if (!run) return fail(run.error());
  return at == std::string::npos ? *run : fs::path(run->string() + given.substr(at));
}

}  // namespace fdl::commands
