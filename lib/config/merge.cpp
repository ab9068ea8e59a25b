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

void forget_modes(Node& node) {
  for (Entry& entry : node.entries) {
    entry.mode = EntryMode::Merge;
    forget_modes(entry.value);
  }
  for (Node& item : node.items) forget_modes(item);
}

Node map_at(const Span& span) {
  Node out;
  out.kind = Kind::Map;
  out.span = span;
  return out;
}

// Puts an entry, under the rest of its path, into a map of the same layer.
void insert(Node& map, const Path& path, std::size_t depth, Entry entry, Diagnostics& problems) {
  const std::string& key = path[depth];
  const bool is_last = depth + 1 == path.size();
  auto there = std::find_if(map.entries.begin(), map.entries.end(),
                            [&](const Entry& e) { return e.key == key; });
  if (there == map.entries.end()) {
    map.entries.push_back({key, entry.key_span, map_at(entry.key_span), EntryMode::Merge});
    if (!is_last) return insert(map.entries.back().value, path, depth + 1, entry, problems);
    map.entries.back().value = std::move(entry.value);
    map.entries.back().mode = entry.mode;
    return;
  }
  const bool joins = there->value.is_map() && (!is_last || entry.value.is_map());
  if (!joins || (is_last && entry.mode != there->mode)) {
    problems.add(error(Code::DuplicateKey, entry.key_span, "the key '{}' stands twice in this file",
                       entry.key)
                     .note_at(there->key_span, "it stood here first")
                     .help("keep one of the two"));
    return;
  }
  if (!is_last) return insert(there->value, path, depth + 1, std::move(entry), problems);
  for (Entry& inner : entry.value.entries) {
    const Path here = {inner.key};
    insert(there->value, here, 0, std::move(inner), problems);
  }
}

class Merger {
 public:
  Merger(const MergeRules& rules, std::vector<Deletion>& deletions, Diagnostics& problems)
      : deletions_(deletions), problems_(problems) {
    for (const VariantMap& v : rules.variants) variants_.push_back({split_path(v.pattern), &v});
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
    const VariantMap* rule;
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
      if (path_.front() != "commands") base.entries.back().mode = EntryMode::Merge;
      settle(base.entries.back().value);
      return;
    }
    const bool whole = entry.mode == EntryMode::Replace;
    if (!whole && below->is_map() && entry.value.is_map()) return merge_maps(*below, entry.value);
    if (!whole && below->is_list() && is_list_edit(entry.value, below->items.size()))
      return edit_list(*below, entry.value);
    *below = entry.value;
    settle(*below);
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
        settle(item);
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
      if (path_.front() != "commands") base.entries.back().mode = EntryMode::Merge;
      settle(base.entries.back().value);
      return;
    }
    below->items.insert(below->items.end(), entry.value.items.begin(), entry.value.items.end());
  }

  void drop_other_variant(Node& base, const Node& upper) const {
    const auto found = std::find_if(variants_.begin(), variants_.end(), [&](const Variants& v) {
      return matches(path_, v.pattern) &&
             (!v.rule->applies || v.rule->applies(path_.back(), base, upper));
    });
    if (found == variants_.end()) return;
    const std::vector<std::string>& common = found->rule->common_keys;
    const auto is_variant = [&](const Entry& e) {
      return std::find(common.begin(), common.end(), e.key) == common.end();
    };
    const bool chooses =
        std::any_of(upper.entries.begin(), upper.entries.end(),
                    [&](const Entry& e) { return is_variant(e) && !e.value.is_null(); });
    if (!chooses) return;
    std::erase_if(base.entries, [&](const Entry& e) { return is_variant(e) && !upper.has(e.key); });
  }

  // What nothing lies below keeps neither `+` nor `!`, but for presets, which are laid over later.
  void settle(Node& node) const {
    if (path_.front() != "commands") forget_modes(node);
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

void expand_dotted_keys(Node& layer, Diagnostics& problems) {
  const auto is_dotted = [](const Entry& e) { return e.key.find('.') != std::string::npos; };
  // Most layers have none, and joining costs the square of the number of keys.
  if (std::none_of(layer.entries.begin(), layer.entries.end(), is_dotted)) return;
  std::vector<Entry> entries = std::move(layer.entries);
  layer.entries.clear();
  for (Entry& entry : entries) {
    Path path = split_path(entry.key);
    const bool is_path =
        std::none_of(path.begin(), path.end(), [](const auto& p) { return p.empty(); });
    if (!is_path) path = {entry.key};
    insert(layer, path, 0, std::move(entry), problems);
  }
}

void settle_modes(Node& lowest) {
  for (Entry& entry : lowest.entries) {
    entry.mode = EntryMode::Merge;
    if (entry.key != "commands") forget_modes(entry.value);
  }
}

}  // namespace fdl::config
