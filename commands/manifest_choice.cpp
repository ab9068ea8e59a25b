#include "commands/manifest_choice.h"

#include "lib/job/job.h"

namespace fdl::commands {

namespace fs = std::filesystem;

void ManifestChoice::declare(CLI::App& app) {
  app.add_option("words", words, "A manifest's path, and values to change: training.epochs=3.");
  app.add_option("--env", env, "Lay fdl.<env>.yml over the manifest; `fdl @env ...` does the same.")
      ->allow_extra_args(false);
  app.add_option("--preset", preset, "Apply a preset of the manifest.")->allow_extra_args(false);
  app.add_option("--set", sets, "Change one value: --set training.epochs=3.")
      ->allow_extra_args(false);
}

Result<ChosenManifest> choose_manifest(const ManifestChoice& choice, const Context& context) {
  ChosenManifest out;
  for (const std::string& word : choice.words) {
    const fs::path path = context.folder / word;
    const std::string extension = path.extension().string();
    const bool looks_like_file =
        extension == ".yml" || extension == ".yaml" || extension == ".json";
    std::error_code code;
    if (fs::is_regular_file(path, code) && out.file.empty())
      out.file = path;
    else if (fs::is_directory(path, code) && fs::exists(path / "fdl.yml", code) && out.file.empty())
      out.file = path / "fdl.yml";
    else if (word.find('=') != std::string::npos)
      out.selection.overrides.push_back(word);
    else if (looks_like_file)
      return fail(error(Code::ManifestMissing, {}, "there is no file '{}'", word)
                      .help("name a manifest that exists"));
    else
      out.names.push_back(word);
  }
  out.selection.overrides.insert(out.selection.overrides.end(), choice.sets.begin(),
                                 choice.sets.end());
  out.selection.preset = choice.preset;
  out.selection.environment = context.environment;
  out.selection.env = !choice.env.empty()    ? choice.env
                      : !context.env.empty() ? context.env
                                             : context.variable("FDL_ENV");
  if (!choice.env.empty() && !context.env.empty() && choice.env != context.env)
    return fail(error(Code::BadCommandLine, {}, "'@{}' and '--env {}' select two environments",
                      context.env, choice.env)
                    .help("keep one of them"));
  if (out.file.empty()) {
    Result<fs::path> found = config::find_manifest(context.folder);
    if (!found) return fail(found.error());
    out.file = *found;
  }
  return out;
}

std::optional<config::Manifest> load(const ChosenManifest& chosen, const Context& context,
                                     Diagnostics& problems) {
  return config::load_manifest(chosen.file, chosen.selection, job::merge_rules(), context.folder,
                               problems);
}

}  // namespace fdl::commands
