#include "lib/fetch/fetch.h"

#include <nlohmann/json.hpp>

#include "commands/data/data.h"
#include "lib/base/closest.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

std::string_view name_of(fetch::FetchStep step) {
  constexpr std::string_view kNames[] = {"downloading", "checking", "unpacking"};
  return kNames[static_cast<std::size_t>(step)];
}

Diagnostic unknown_set(const std::string& name) {
  Diagnostic d = error(Code::UnknownVariant, {}, "there is no data set '{}' to fetch", name);
  if (const auto near = closest(name, fetch::known_names()))
    d = std::move(d).help("did you mean '{}'?", *near);
  return std::move(d).note("there are {}", one_of(fetch::known_names()));
}

void report(const fetch::FetchReport& done, const fs::path& folder, bool json, Context& context) {
  if (json) {
    nlohmann::ordered_json out = {{"folder", folder.string()},
                                  {"written", nlohmann::ordered_json::array()}};
    for (const fs::path& path : done.written) out["written"].push_back(path.filename().string());
    context.print(out.dump() + "\n");
  } else if (done.written.empty()) {
    context.print(fmt::format("'{}' has all files already\n", folder.string()));
  } else {
    for (const fs::path& path : done.written) context.print(path.string() + "\n");
  }
}

}  // namespace

int fetch_data(const DataOptions& options, Context& context) {
  const std::vector<std::string>& names = options.manifest.words;
  if (names.size() != 1) {
    return context.fail(
        error(Code::BadCommandLine, {}, "'fdl data fetch' takes one name, not {}", names.size())
            .help("there are {}", one_of(fetch::known_names())),
        options.json);
  }
  fetch::FetchRequest request;
  request.set = fetch::find_known(names.front());
  if (request.set == nullptr) return context.fail(unknown_set(names.front()), options.json);
  request.folder = options.to.empty()
                       ? fetch::search_folders(*request.set, project_folder(context)).front()
                       : context.folder / options.to;
  if (!options.from.empty()) request.from = (context.folder / options.from).lexically_normal();
  request.mirrors = options.mirror;
  std::string last;
  std::uint64_t told_mb = 0;
  request.progress = [&](const fetch::FetchProgress& p) {
    constexpr std::uint64_t kMegabyte = 1'000'000, kToldMegabytes = 10;
    const std::string line = fmt::format("{} {}", name_of(p.step), p.file);
    const std::uint64_t done_mb = p.done_bytes / kMegabyte;
    if (line != last) {
      context.tell(line + "\n");
      told_mb = 0;
    } else if (done_mb >= told_mb + kToldMegabytes) {
      context.tell(fmt::format("{}: {} MB\n", line, done_mb));
      told_mb = done_mb;
    }
    last = line;
  };
  const Result<fetch::FetchReport> done = fetch::fetch(request);
  if (!done) return context.fail(done.error(), options.json);
  report(*done, request.folder, options.json, context);
  return 0;
}

}  // namespace fdl::commands
