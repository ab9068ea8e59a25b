#pragma once

#include <string>
#include <vector>

#include "commands/context.h"
#include "lib/base/result.h"
#include "lib/weights/weight_files.h"

// The actions of `fdl ckpt`, one file each.
namespace fdl::commands {

struct CkptOptions {
  std::string action;
  std::vector<std::string> names;
  bool stats = false;
  bool json = false;
  std::string output;
  bool force = false;
};

// Each gives an exit code.
int show_checkpoint(const CkptOptions& options, Context& context);
int diff_checkpoints(const CkptOptions& options, Context& context);
int verify_checkpoints(const CkptOptions& options, Context& context);
int average_checkpoints(const CkptOptions& options, Context& context);

// The weights that a name on the command line means. Errors: those of choose_weights and
// open_weights.
Result<weights::WeightFiles> open_named(const std::string& name, Context& context);

// Where the weights are, as the user would call it: relative to the current folder where it is
// inside.
std::string shown_place(const weights::WeightFiles& files, const Context& context);

// FDL5002 when a file is there already and may not be replaced.
Result<void> may_write(const std::filesystem::path& path, bool force);

}  // namespace fdl::commands
