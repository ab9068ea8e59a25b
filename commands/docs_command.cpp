#include <algorithm>
#include <set>

#include "commands/command.h"
#include "commands/reference/reference.h"
#include "lib/base/files.h"

namespace fdl::commands {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string folder = "docs/reference";
  bool write = false;
  bool check = false;
};

// What differs between the folder and the pages, one line each: "changed modules/relu.md".
std::vector<std::string> differences(const fs::path& folder, const std::vector<Page>& pages) {
  std::vector<std::string> out;
  std::set<fs::path> known;
  for (const Page& page : pages) {
    known.insert(page.path);
    const auto text = read_file(folder / page.path);
    if (!text)
      out.push_back("missing " + page.path.string());
    else if (*text != page.text)
      out.push_back("changed " + page.path.string());
  }
  std::error_code ignored;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ignored)) {
    const fs::path path = entry.path().lexically_relative(folder);
    if (entry.is_regular_file() && known.count(path) == 0) out.push_back("stale " + path.string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

int write_pages(const fs::path& folder, const std::vector<Page>& pages, Context& context) {
  for (const std::string& line : differences(folder, pages)) {
    if (line.starts_with("stale ")) fs::remove(folder / line.substr(6));
  }
  for (const Page& page : pages) {
    if (const auto made = make_folders((folder / page.path).parent_path()); !made)
      return context.fail(made.error());
    if (const auto written = write_atomic(folder / page.path, page.text); !written)
      return context.fail(written.error());
  }
  context.tell(fmt::format("{} pages in '{}'\n", pages.size(), folder.string()));
  return 0;
}

int run(const Options& options, Context& context) {
  if (options.write && options.check) {
    return context.fail(
        error(Code::BadCommandLine, {}, "'--write' and '--check' exclude each other"));
  }
  const fs::path folder = context.folder / options.folder;
  const std::vector<Page> pages = reference_pages();
  if (options.write) return write_pages(folder, pages, context);
  const std::vector<std::string> found = differences(folder, pages);
  for (const std::string& line : found) context.print(line + "\n");
  if (found.empty()) context.tell("the reference is as it should be\n");
  if (!options.check || found.empty()) return 0;
  return context.fail(error(Code::DocsStale, {},
                            "the reference in '{}' is not what fdl would write", options.folder)
                          .help("run `fdl docs --write`"));
}

}  // namespace

CommandSpec docs_command() {
  return command<Options>("docs", "Write or check the reference, which is made from the program.")
      .option("folder", &Options::folder, "Where the pages are.")
      .flag("write", &Options::write, "Write them; without it, list what would change.")
      .flag("check", &Options::check, "Fail when something would change.")
      .example("fdl docs --write")
      .runs(run);
}

}  // namespace fdl::commands
