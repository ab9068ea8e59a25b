#include "lib/runs/settings.h"

#include <algorithm>
#include <functional>
#include <set>

#include "lib/config/show.h"
#include "lib/job/load.h"

namespace fdl::runs {
namespace {

using Leaf = std::function<void(const std::string& path, const config::Node& node)>;

void for_each_leaf(const config::Node& node, const std::string& path, const Leaf& leaf) {
  const bool is_plain_list =
      node.is_list() && std::all_of(node.items.begin(), node.items.end(),
                                    [](const config::Node& item) { return item.is_scalar(); });
  if (node.is_map() && !node.entries.empty()) {
    for (const config::Entry& entry : node.entries)
      for_each_leaf(entry.value, path.empty() ? entry.key : path + "." + entry.key, leaf);
  } else if (node.is_list() && !is_plain_list) {
    for (std::size_t i = 0; i < node.items.size(); ++i)
      for_each_leaf(node.items[i], path + "." + std::to_string(i), leaf);
  } else {
    leaf(path, node);
  }
}

std::string text_of(const config::Node& node) {
  return node.is_scalar() ? node.text : config::to_json(node, false, -1);
}

// The comment that ends each line, from line 1 on; "" where there is none. A '#' begins one after
// two spaces, as manifest.yml is written; what stands in quotes has the last word.
std::vector<std::string> comments_of(const std::string& text) {
  constexpr std::string_view kMark = "  # ";
  std::vector<std::string> out(1);
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    const std::size_t at = line.rfind(kMark);
    out.emplace_back(at == std::string_view::npos ? "" : line.substr(at + kMark.size()));
    begin = end + 1;
  }
  return out;
}

}  // namespace

Result<Settings> settings_of(const std::filesystem::path& run) {
  Diagnostics problems;
  const auto manifest = job::load_run(run, problems);
  if (!manifest || problems.has_errors()) return fail(problems.sorted().front());
  Settings out;
  for_each_leaf(manifest->root, "", [&](const std::string& path, const config::Node& node) {
    out[path] = text_of(node);
  });
  return out;
}

std::vector<PlacedSetting> placed_settings(const config::Node& root, const std::string& text) {
  const std::vector<std::string> comments = comments_of(text);
  std::vector<PlacedSetting> out;
  for_each_leaf(root, "", [&](const std::string& path, const config::Node& node) {
    const auto line = static_cast<std::size_t>(std::max(node.span.line, 0));
    out.push_back({path, text_of(node), line < comments.size() ? comments[line] : ""});
  });
  return out;
}

bool Row::differs() const {
  return std::any_of(values.begin(), values.end(),
                     [&](const std::string& value) { return value != values.front(); });
}

std::vector<Row> rows_of(const std::vector<Settings>& columns) {
  std::set<std::string> names;
  for (const Settings& column : columns) {
    for (const auto& [name, value] : column) names.insert(name);
  }
  std::vector<Row> out;
  for (const std::string& name : names) {
    Row row{name, {}};
    for (const Settings& column : columns) {
      const auto found = column.find(name);
      row.values.push_back(found != column.end() ? found->second : "");
    }
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace fdl::runs
