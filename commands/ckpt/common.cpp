#include "commands/ckpt/ckpt.h"
#include "commands/run_choice.h"

namespace fdl::commands {

namespace fs = std::filesystem;

Result<weights::WeightFiles> open_named(const std::string& name, Context& context) {
  const Result<fs::path> path = choose_weights(name, context);
  if (!path) return fail(path.error());
  return weights::open_weights(*path);
}

std::string shown_place(const weights::WeightFiles& files, const Context& context) {
  const fs::path path = files.checkpoint.empty() ? files.files.front().path() : files.checkpoint;
  const fs::path inside = path.lexically_normal().lexically_relative(context.folder);
  const bool is_outside = inside.empty() || inside.string().starts_with("..");
  return is_outside ? path.lexically_normal().string() : inside.string();
}

Result<void> may_write(const fs::path& path, bool force) {
  std::error_code code;
  if (force || !fs::exists(path, code)) return {};
  return fail(error(Code::CannotWrite, {}, "'{}' is there already", path.string())
                  .help("--force replaces it, --output names another file"));
}

}  // namespace fdl::commands
