#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "lib/base/closest.h"
#include "lib/libtorch/home.h"
#include "lib/libtorch/install.h"

namespace fdl::commands {
namespace {

struct Options {
  std::string action;
  std::string from;
  std::string variant = libtorch::releases().front().variant;
  bool force = false;
  bool no_activate = false;
  bool dry_run = false;
  bool json = false;
};

std::string_view name_of(libtorch::InstallStep step) {
  constexpr std::string_view kNames[] = {"downloading", "checking",  "unpacking",
                                         "copying",     "replacing", "activating"};
  return kNames[static_cast<std::size_t>(step)];
}

// "cpu (CPUs alone) or cu130 (NVIDIA GPUs too)".
std::string variants() {
  std::vector<std::string> out;
  for (const libtorch::Release& release : libtorch::releases())
    out.push_back(fmt::format("{} ({})", release.variant, release.about));
  return one_of(out);
}

int install(const Options& options, const std::filesystem::path& home, Context& context) {
  const libtorch::Release* const release = libtorch::find_release(options.variant);
  if (release == nullptr) {
    return context.fail(unknown_name("variant", options.variant, libtorch::variant_names()),
                        options.json);
  }
  libtorch::InstallOptions request;
  request.home = home;
  request.release = *release;
  if (!options.from.empty()) request.from = context.folder / options.from;
  request.force = options.force;
  request.no_activate = options.no_activate;
  request.dry_run = options.dry_run;
  std::string last;
  const auto progress = [&](const libtorch::InstallProgress& p) {
    const std::string line = fmt::format("{} {}", name_of(p.step), p.file);
    if (line != last) context.tell(line + "\n");
    last = line;
  };
  const Result<libtorch::InstallReport> report = libtorch::install(request, progress);
  if (!report) return context.fail(report.error(), options.json);
  if (options.json) {
    const nlohmann::ordered_json out = {{"variant", report->variant},
                                        {"folder", report->folder.string()},
                                        {"active", report->active},
                                        {"already_there", report->already_there}};
    context.print(out.dump() + "\n");
    return 0;
  }
  for (const std::string& action : report->actions) context.print(action + "\n");
  return 0;
}

int list(const Options& options, const std::filesystem::path& home, Context& context) {
  nlohmann::ordered_json rows = nlohmann::ordered_json::array();
  std::string text;
  for (const libtorch::Installed& one : libtorch::list_installed(home)) {
    rows.push_back(
        {{"variant", one.variant}, {"active", one.active}, {"torch", one.torch_version}});
    text += fmt::format("  {}{}\n", one.variant, one.active ? " (active)" : "");
  }
  context.print(options.json   ? rows.dump() + "\n"
                : text.empty() ? "no libtorch is installed; `fdl libtorch install` does it\n"
                               : text);
  return 0;
}

int run(const Options& options, Context& context) {
  const Result<std::filesystem::path> home =
      libtorch::find_home({context.folder, context.variable("FDL_HOME"), context.variable("HOME")});
  if (!home) return context.fail(home.error(), options.json);
  if (options.action == "install") return install(options, *home, context);
  if (options.action == "list") return list(options, *home, context);
  if (options.action == "path") {
    const Result<std::filesystem::path> folder = libtorch::active_folder(*home);
    if (!folder) return context.fail(folder.error(), options.json);
    context.print(options.json ? nlohmann::json{{"path", folder->string()}}.dump() + "\n"
                               : folder->string() + "\n");
    return 0;
  }
  return context.fail(error(Code::BadCommandLine, {},
                            "'fdl libtorch' takes install, list or path, not '{}'",
                            options.action));
}

}  // namespace

CommandSpec libtorch_command() {
  return command<Options>(
             "libtorch",
             "Install libtorch, list what is installed, or show where the active one is.")
      .positional("action", &Options::action, "install, list or path.")
      .option("from", &Options::from, "Install from a wheel, zip or folder that is already here.")
      .option("variant", &Options::variant,
              fmt::format("The build to install, else {}: {}. One that is there is only made the "
                          "active one.",
                          Options().variant, variants()))
      .flag("force", &Options::force, "Install again what is already there.")
      .flag("no-activate", &Options::no_activate, "Leave the active one as it is.")
      .flag("dry-run", &Options::dry_run, "Only say what would be done.")
      .flag("json", &Options::json, "As JSON.")
      .example("fdl libtorch install")
      .example("fdl libtorch install --variant cu130")
      .example("fdl libtorch path")
      .runs(run);
}

}  // namespace fdl::commands
