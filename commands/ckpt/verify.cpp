#include <nlohmann/json.hpp>

#include "commands/ckpt/ckpt.h"
#include "commands/run_choice.h"
#include "lib/format/checkpoint_manifest.h"
#include "lib/weights/checkpoints.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

struct Verdict {
  std::string place;
  std::size_t num_files = 0;
  std::uint64_t num_bytes = 0;
  std::optional<Diagnostic> problem;
};

std::string shown(const fs::path& path, const Context& context) {
  const fs::path inside = path.lexically_normal().lexically_relative(context.folder);
  return inside.empty() || inside.string().starts_with("..") ? path.string() : inside.string();
}

// Bounds of the tensors; counts their files.
void verify_bounds(const fs::path& path, Verdict& out) {
  const auto files = weights::open_weights(path);
  if (!files) {
    out.problem = files.error();
    return;
  }
  for (const format::InputFile& file : files->files) {
    ++out.num_files;
    out.num_bytes += file.num_bytes();
  }
}

// Sizes and hashes of all files of a checkpoint too.
Verdict verify_checkpoint(const fs::path& path, const Context& context) {
  Verdict out;
  out.place = shown(path, context);
  const auto manifest = format::verify_checkpoint(path);
  if (manifest) verify_bounds(path, out);
  if (!manifest) out.problem = manifest.error();
  if (out.problem) return out;
  out.num_files = manifest->files.size();
  out.num_bytes = 0;
  for (const auto& file : manifest->files) out.num_bytes += file.num_bytes;
  return out;
}

Verdict verify_plain(const fs::path& path, const Context& context) {
  Verdict out;
  out.place = shown(path, context);
  verify_bounds(path, out);
  return out;
}

std::vector<Verdict> verify_path(const fs::path& path, const Context& context) {
  std::vector<Verdict> out;
  if (weights::is_run(path)) {
    for (const weights::FoundCheckpoint& found : weights::list_checkpoints(path))
      out.push_back(verify_checkpoint(found.path, context));
    return out;
  }
  const auto checkpoint = weights::find_checkpoint(path);
  if (checkpoint && !checkpoint->empty())
    out.push_back(verify_checkpoint(*checkpoint, context));
  else
    out.push_back(verify_plain(path, context));
  return out;
}

std::string json_line(const Verdict& verdict) {
  nlohmann::ordered_json out = {{"place", verdict.place},
                                {"ok", !verdict.problem},
                                {"num_files", verdict.num_files},
                                {"num_bytes", verdict.num_bytes}};
  if (verdict.problem) out["problem"] = nlohmann::ordered_json::parse(to_json(*verdict.problem));
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

int verify_checkpoints(const CkptOptions& options, Context& context) {
  std::vector<Verdict> verdicts;
  const std::vector<std::string> newest = {""};
  for (const std::string& name : options.names.empty() ? newest : options.names) {
    const Result<fs::path> path = choose_weights(name, context);
    if (!path) return context.fail(path.error(), options.json);
    for (Verdict& verdict : verify_path(*path, context)) verdicts.push_back(std::move(verdict));
  }
  int code = 0;
  for (const Verdict& verdict : verdicts) {
    if (options.json) context.print(json_line(verdict));
    if (verdict.problem) {
      const int failed = static_cast<int>(exit_code_of(verdict.problem->code));
      code = std::max(code, options.json ? failed : context.fail(*verdict.problem));
    } else if (!options.json) {
      context.print(fmt::format("ok: {}: {} file{}, {} bytes\n", verdict.place, verdict.num_files,
                                verdict.num_files == 1 ? "" : "s", verdict.num_bytes));
    }
  }
  if (verdicts.empty() && !options.json) context.print("there are no checkpoints\n");
  return code;
}

}  // namespace fdl::commands
