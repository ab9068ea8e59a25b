#include <nlohmann/json.hpp>

#include "commands/ckpt/ckpt.h"
#include "lib/weights/writing.h"

namespace fdl::commands {

int average_checkpoints(const CkptOptions& options, Context& context) {
  std::vector<weights::WeightFiles> models;
  std::string places;
  for (const std::string& name : options.names) {
    auto files = open_named(name, context);
    if (!files) return context.fail(files.error(), options.json);
    places += (places.empty() ? "" : ", ") + shown_place(*files, context);
    models.push_back(*std::move(files));
  }
  const std::filesystem::path output =
      context.folder / (options.output.empty() ? "average.safetensors" : options.output);
  if (const auto may = may_write(output, options.force); !may)
    return context.fail(may.error(), options.json);
  const auto written = weights::average(models, {{"format", "pt"}, {"mean_of", places}}, output);
  if (!written) return context.fail(written.error(), options.json);
  const std::string shown = options.output.empty() ? "average.safetensors" : options.output;
  const nlohmann::ordered_json out = {{"output", shown}, {"num_models", models.size()}};
  context.print(options.json ? out.dump() + "\n"
                             : fmt::format("{}: the mean of {}\n", shown, places));
  return 0;
}

}  // namespace fdl::commands
