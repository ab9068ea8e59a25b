#include "lib/config/merge.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace fdl::config {
namespace {

using Path = std::vector<std::string>;

bool matches(const Path& path, const Path& pattern) {
  Path wanted = pattern;
  std::size_t skip = 0;
  if (!wanted.empty() && wanted.front() == "**") {
    wanted.erase(wanted.begin());
    if (path.size() < wanted.size()) return false;
    skip = path.size() - wanted.size();
  }
  if (path.size() - skip != wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] != "*" && wanted[i] != path[skip + i]) return false;
  }
  return true;
}

std::string joined(const Path& path) {
  std::string out;
  for (const std::string& part : path) out += (out.empty() ? "" : ".") + part;
  return out;
}

// "3" as an index of a list with `size` items.
std::optional<std::size_t> list_index(const std::string& key, std::size_t size) {
  std::size_t index = 0;
  const auto [end, code] = std::from_chars(key.data(), key.data() + key.size(), index);
  if (code != std::errc() || end != key.data() + key.size() || index >= size) return std::nullopt;
  return index;
}

class Merger {
 public:
  Merger(const MergeRules& rules, std::vector<Deletion>& deletions, Diagnostics& problems)
      : deletions_(deletions), problems_(problems) {
    for (const VariantMap& v : rules.variants)
      variants_.push_back({split_path(v.pattern), &v.common_keys});
  }

  void merge_maps(Node& base, const Node& upper) {
    drop_other_variant(base, upper);
    for (const Entry& entry : upper.entries) {
      path_.push_back(entry.key);
      merge_entry(base, entry);
      path_.pop_back();
    }
  }

 private:
  struct Variants {
    Path pattern;
    const std::vector<std::string>* common_keys;
  };

  void merge_entry(Node& base, const Entry& entry) {
    Node* below = base.find(entry.key);
    if (entry.value.is_null() && below != nullptr) {
      deletions_.push_back({joined(path_), entry.value.span, below->span});
      base.erase(entry.key);
      return;
    }
    if (entry.mode == EntryMode::Append) return append(base, below, entry);
    if (below == nullptr) {
      base.entries.push_back(entry);
      base.entries.back().mode = EntryMode::Merge;
      settle_modes(base.entries.back().value);
      return;
    }
    const bool whole = entry.mode == EntryMode::Replace;
    if (!whole && below->is_map() && entry.value.is_map()) return merge_maps(*below, entry.value);
    if (!whole && below->is_list() && is_list_edit(entry.value, below->items.size()))
      return edit_list(*below, entry.value);
    *below = entry.value;
    settle_modes(*below);
    for (Entry& e : base.entries) {
      if (e.key == entry.key) e.key_span = entry.key_span;
    }
  }

  // A list is edited by a map whose keys are all indices: what a dotted key makes of "flow.0.x".
  static bool is_list_edit(const Node& value, std::size_t size) {
    return value.is_map() && !value.entries.empty() &&
           std::all_of(value.entries.begin(), value.entries.end(),
                       [&](const Entry& e) { return list_index(e.key, size).has_value(); });
  }

  void edit_list(Node& list, const Node& edits) {
    for (const Entry& entry : edits.entries) {
      path_.push_back(entry.key);
      Node& item = list.items[*list_index(entry.key, list.items.size())];
      if (item.is_map() && entry.value.is_map()) {
        merge_maps(item, entry.value);
      } else {
        item = entry.value;
        settle_modes(item);
      }
      path_.pop_back();
    }
  }

  void append(Node& base, Node* below, const Entry& entry) {
    const bool fits = entry.value.is_list() && (below == nullptr || below->is_list());
    if (!fits) {
      problems_.add(error(Code::AppendToNonList, entry.key_span,
                          "'{}+' appends to a list, but {} is {}", entry.key,
                          entry.value.is_list() ? "the value below" : "its value",
                          describe(entry.value.is_list() ? *below : entry.value))
                        .help("write '{}:' to replace it", entry.key));
      return;
    }
    if (below == nullptr) {
      base.entries.push_back(entry);
      base.entries.back().mode = EntryMode::Merge;
      return;
    }
    below->items.insert(below->items.end(), entry.value.items.begin(), entry.value.items.end());
  }

  void drop_other_variant(Node& base, const Node& upper) const {
    const auto found = std::find_if(variants_.begin(), variants_.end(),
                                    [&](const Variants& v) { return matches(path_, v.pattern); });
    if (found == variants_.end()) return;
    const auto is_variant = [&](const Entry& e) {
      return std::find(found->common_keys->begin(), found->common_keys->end(), e.key) ==
             found->common_keys->end();
    };
    const bool chooses =
        std::any_of(upper.entries.begin(), upper.entries.end(),
                    [&](const Entry& e) { return is_variant(e) && !e.value.is_null(); });
    if (!chooses) return;
    std::erase_if(base.entries, [&](const Entry& e) { return is_variant(e) && !upper.has(e.key); });
  }

  // What nothing lies below keeps neither `+` nor `!`.
  static void settle_modes(Node& node) {
    for (Entry& entry : node.entries) {
      entry.mode = EntryMode::Merge;
      settle_modes(entry.value);
    }
    for (Node& item : node.items) settle_modes(item);
  }

  std::vector<Variants> variants_;
  std::vector<Deletion>& deletions_;
  Diagnostics& problems_;
  Path path_;
};

}  // namespace

void merge(Node& base, const Node& upper, const MergeRules& rules, std::vector<Deletion>& deletions,
           Diagnostics& problems) {
  Merger(rules, deletions, problems).merge_maps(base, upper);
}

void expand_dotted_keys(Node& layer) {
  Node out = layer;
  out.entries.clear();
  for (Entry& entry : layer.entries) {
    const Path parts = split_path(entry.key);
    const bool is_path = parts.size() > 1 && std::none_of(parts.begin(), parts.end(),
                                                          [](const auto& p) { return p.empty(); });
    if (!is_path) {
      out.entries.push_back(std::move(entry));
      continue;
    }
    Node* node = &out;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i)
      node = &node->at_or_add(parts[i], entry.key_span);
    node->at_or_add(parts.back(), entry.key_span) = std::move(entry.value);
    node->entries.back().mode = entry.mode;
  }
  layer = std::move(out);
}

}  // namespace fdl::config
