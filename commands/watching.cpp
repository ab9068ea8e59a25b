#include "commands/watching.h"

namespace fdl::commands {

void WatchChoice::declare(CLI::App& app) {
  app.add_option("--port", port,
                 "Of the dashboard: the port to serve it on; by default any free one.")
      ->check(CLI::Range(0, 65535));
  app.add_option("--bind", bind,
                 "Of the dashboard: the address to serve it on. On another one than 127.0.0.1 who "
                 "reads needs the token too.");
}

Result<std::unique_ptr<serve::Dashboard>> start_dashboard(serve::DashboardSpec spec,
                                                          const WatchChoice& choice,
                                                          std::optional<int> usual_port,
                                                          Context& context) {
  spec.host = choice.bind;
  spec.port = choice.port.value_or(usual_port.value_or(0));
  auto out = serve::Dashboard::start(spec);
  if (!out && !choice.port && spec.port != 0 && out.error().code == Code::CannotListen) {
    context.tell(out.error().message + "; taking another port\n");
    spec.port = 0;
    out = serve::Dashboard::start(spec);
  }
  if (!out) return out;
  const serve::Dashboard& dashboard = **out;
  // The part behind '#' stays in the browser, which needs it to ask for changes.
  const std::string query = dashboard.reading_needs_token() ? "?token=" + dashboard.token() : "";
  context.tell(
      fmt::format("dashboard: {}{}#token={}\n", dashboard.address(), query, dashboard.token()));
  if (dashboard.reading_needs_token())
    context.tell("it is not encrypted: whoever is on the way to this machine can read it\n");
  return out;
}

}  // namespace fdl::commands
