// The parts of the data: train, val and test, the latter two perhaps as several sets by name.
#include "lib/job/splits.h"

#include <algorithm>
#include <cctype>
#include <cmath>

#include "lib/job/sections.h"

namespace fdl::job {
namespace {

using config::Node;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_source(const std::string& name) {
  return catalog::find_entry(catalog::EntryKind::Dataset, name) != nullptr;
}

// Whether a value reads like one set: a source by its name, or a map with one.
bool has_source(const Node& node) {
  if (node.is_scalar()) return is_source(node.text);
  return std::any_of(node.entries.begin(), node.entries.end(),
                     [](const config::Entry& entry) { return is_source(entry.key); });
}

// "20" or "10%".
std::optional<BatchLimit> read_limit(std::string text) {
  BatchLimit out;
  if (text.empty() || text.back() != '%') {
    out.batches = config::parse_integer(text);
    return out.batches && *out.batches >= 1 ? std::optional(out) : std::nullopt;
  }
  text.pop_back();
  const auto percent = config::parse_number(text);
  if (!percent || !(*percent > 0 && *percent <= 100)) return std::nullopt;
  out.share = *percent / 100;
  return out;
}

void report_limit(const Node& node, Diagnostics& problems) {
  problems.add(error(Code::OutOfRange, node.span, "the limit '{}' cannot be read", node.text)
                   .help("write a number of batches from 1, or a share of them such as `10%`"));
}

// What stands beside the source; keys of the source are its own to read.
void read_beside(const Node& node, DataSplit& split, Diagnostics& problems) {
  Node beside = node;
  std::erase_if(beside.entries, [](const config::Entry& entry) {
    return !contains(split_record().names(), entry.key);
  });
  SplitKeys keys;
  config::bind_record(split_record(), beside, &keys, problems);
  split.slice = keys.slice;
  split.shuffle_seed = keys.shuffle_seed;
  if (const Node* slice = node.find("slice"); slice != nullptr && !slice->is_null())
    split.span = slice->span;
  if (const Node* fold = node.find("fold"); fold != nullptr && !fold->is_null()) {
    if (keys.fold.index >= keys.fold.k) {
      problems.add(error(Code::BadSlice, fold->span, "there is no fold {} of {}", keys.fold.index,
                         keys.fold.k)
                       .help("`index` goes from 0 to {}", keys.fold.k - 1));
    } else {
      split.fold = Fold{keys.fold.k, keys.fold.index};
    }
  }
  const Node* limit = node.find("limit");
  if (limit == nullptr || !limit->is_scalar() || limit->is_null()) return;
  if (auto read = read_limit(keys.limit))
    split.limit = *read;
  else
    report_limit(*limit, problems);
}

void read_split(const std::string& name, const Node& node, Job& job, Diagnostics& problems) {
  DataSplit split;
  split.name = name;
  split.span = node.span;
  if (node.is_map()) read_beside(node, split, problems);
  const std::size_t num_before = problems.size();
  auto source =
      catalog::read_choice(catalog::EntryKind::Dataset, node, split_record().names(), problems);
  if (!source) return;
  split.is_readable = problems.size() == num_before;
  split.source = std::move(*source);
  job.splits.push_back(std::move(split));
}

// The name becomes a part of paths such as val/clean/loss.
bool is_plain(const std::string& name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_' || c == '-';
  });
}

void read_sets(const std::string& part, const Node& node, Job& job, Diagnostics& problems) {
  for (const config::Entry& entry : node.entries) {
    if (entry.value.is_null()) continue;
    if (!is_plain(entry.key)) {
      problems.add(error(Code::BadKey, entry.key_span, "a set of '{}' cannot be called '{}'", part,
                         entry.key)
                       .help("use letters, digits, - and _"));
      continue;
    }
    read_split(part + "/" + entry.key, entry.value, job, problems);
  }
}

}  // namespace

bool is_several(const Node& node) {
  const auto& entries = node.entries;
  const auto is_beside = [](const config::Entry& entry) {
    return contains(split_record().names(), entry.key);
  };
  if (!node.is_map() || has_source(node)) return false;
  return std::none_of(entries.begin(), entries.end(), is_beside) &&
         std::any_of(entries.begin(), entries.end(),
                     [](const config::Entry& entry) { return has_source(entry.value); });
}

bool is_one_set(const std::string&, const Node& base, const Node& upper) {
  return !is_several(base) || has_source(upper);
}

bool is_named_set(const std::string& key, const Node&, const Node&) {
  return !is_source(key) && !contains(split_record().names(), key);
}

std::int64_t BatchLimit::of(std::int64_t num_batches) const {
  if (batches) return std::min(num_batches, *batches);
  if (share >= 1) return num_batches;
  const auto some = static_cast<std::int64_t>(std::floor(static_cast<double>(num_batches) * share));
  return std::min(num_batches, std::max<std::int64_t>(some, 1));
}

bool Mixing::mixes_label(std::string_view field) const {
  return std::find(labels.begin(), labels.end(), field) != labels.end();
}

const DataSplit* Job::find_split(std::string_view name) const {
  const auto it = std::find_if(splits.begin(), splits.end(),
                               [&](const DataSplit& s) { return s.name == name; });
  return it != splits.end() ? &*it : nullptr;
}

std::vector<const DataSplit*> Job::find_splits(std::string_view name) const {
  std::vector<const DataSplit*> out;
  for (const DataSplit& split : splits) {
    if (split.name == name || split.name.starts_with(std::string(name) + "/"))
      out.push_back(&split);
  }
  return out;
}

void read_splits(const DataKeys& keys, Job& job, Diagnostics& problems) {
  if (!keys.train.is_null()) read_split("train", keys.train, job, problems);
  for (const auto& [part, node] :
       {std::pair<const char*, const Node*>{"val", &keys.val}, {"test", &keys.test}}) {
    if (node->is_null()) continue;
    if (is_several(*node))
      read_sets(part, *node, job, problems);
    else
      read_split(part, *node, job, problems);
  }
}

std::string phase_split_name(const Node& phase, std::size_t place) {
  const Node* name = phase.find("name");
  const bool has_name = name != nullptr && name->is_scalar() && !name->text.empty();
  return "train/" + (has_name ? name->text : std::to_string(place));
}

void read_phase_splits(const Node& training, Job& job, Diagnostics& problems) {
  const Node* list = training.find("phases");
  if (list == nullptr || !list->is_list()) return;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const Node& phase = list->items[i];
    const Node* data = phase.is_map() ? phase.find("data") : nullptr;
    if (data != nullptr && !data->is_null())
      read_split(phase_split_name(phase, i), *data, job, problems);
  }
}

}  // namespace fdl::job
