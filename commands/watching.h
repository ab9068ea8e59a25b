#pragma once

#include <memory>
#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "commands/context.h"
#include "lib/serve/dashboard.h"

namespace fdl::commands {

// Where the dashboard is served, as `fdl run` and `fdl dashboard` are told.
struct WatchChoice {
  std::optional<int> port;
  std::string bind = "127.0.0.1";

  void declare(CLI::App& app);
};

// Serves and says where. `usual_port`: the manifest's, when the command line names none; where
// another program has it, any other one is taken, with a word about that. Errors: those of
// Dashboard::start.
Result<std::unique_ptr<serve::Dashboard>> start_dashboard(serve::DashboardSpec spec,
                                                          const WatchChoice& choice,
                                                          std::optional<int> usual_port,
                                                          Context& context);

}  // namespace fdl::commands
