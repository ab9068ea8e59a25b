// The `groups:` of an optimizer.
#include <algorithm>
#include <map>

#include "lib/base/pattern.h"
#include "lib/job/sections.h"

namespace fdl::job {
namespace {

using config::Node;

struct Group {
  Pattern match;
  Node values;  // without `match`
};

void apply(const Node& values, const catalog::Choice& optimizer, void* params,
           Diagnostics& problems) {
  config::bind_record(optimizer.spec->record, values, params, problems, Code::UnknownParameter);
}

std::optional<Group> read_group(const Node& item, const catalog::Choice& optimizer,
                                const std::vector<std::string>& paths, Diagnostics& problems) {
  const Node* match = item.find("match");
  if (match == nullptr || !match->is_scalar()) {
    problems.add(
        error(Code::MissingKey, item.span, "a group of '{}' needs 'match'", optimizer.name())
            .help("match: a pattern over the paths of parameters, such as \"*.bias\""));
    return std::nullopt;
  }
  auto pattern = Pattern::parse(match->text);
  if (!pattern) {
    problems.add(error(Code::BadPattern, match->span, "the pattern '{}' cannot be read: {}",
                       match->text, pattern.error()));
    return std::nullopt;
  }
  if (std::none_of(paths.begin(), paths.end(), [&](const auto& p) { return pattern->matches(p); }))
    problems.add(error(Code::BadPattern, match->span,
                       "the pattern '{}' matches none of the {} parameters", match->text,
                       paths.size())
                     .help("`fdl explain` shows the paths"));
  Group out{*std::move(pattern), item};
  out.values.erase("match");
  if (const config::Entry* inner = out.values.find_entry("groups")) {
    problems.add(error(Code::UnknownKey, inner->key_span, "a group has no groups of its own"));
    out.values.erase("groups");
  }
  const std::shared_ptr<void> tried = optimizer.spec->copy_params(optimizer.params.get());
  apply(out.values, optimizer, tried.get(), problems);
  return out;
}

std::vector<Group> read_list(const catalog::Choice& optimizer,
                             const std::vector<std::string>& paths, const Node& more,
                             Diagnostics& problems) {
  std::vector<Group> out;
  const auto read = [&](const Node& list) {
    for (const Node& item : list.items) {
      if (auto group = read_group(item, optimizer, paths, problems))
        out.push_back(*std::move(group));
    }
  };
  if (optimizer.spec->groups) {
    const Node& node = optimizer.spec->groups(optimizer.params.get());
    if (!node.is_list() && !node.is_null())
      problems.add(config::wrong_type(node, "groups", "a list of maps"));
    read(node);
  } else if (!more.items.empty()) {
    problems.add(error(Code::DoNotGoTogether, more.items.front().span,
                       "'{}' has one rate for all parameters", optimizer.name())
                     .help("give one number, or choose another optimizer"));
    return out;
  }
  read(more);
  return out;
}

}  // namespace

std::vector<ParameterGroup> read_groups(const catalog::Choice& optimizer, const graph::Graph& graph,
                                        Diagnostics& problems, const Node& more) {
  std::vector<std::string> paths;
  for (const graph::OwnedTensor& tensor : graph.tensors) {
    if (!tensor.is_buffer) paths.push_back(tensor.path);
  }
  const std::vector<Group> list = read_list(optimizer, paths, more, problems);
  std::vector<ParameterGroup> out = {{optimizer, {}}};
  std::map<std::vector<std::size_t>, std::size_t> places = {{{}, 0}};  // by the groups that match
  for (const std::string& path : paths) {
    std::vector<std::size_t> matching;
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (list[i].match.matches(path)) matching.push_back(i);
    }
    const auto [place, is_new] = places.try_emplace(matching, out.size());
    if (is_new) {
      const std::shared_ptr<void> params = optimizer.spec->copy_params(optimizer.params.get());
      Diagnostics reported;  // by read_group
      for (const std::size_t i : matching) apply(list[i].values, optimizer, params.get(), reported);
      out.push_back({{optimizer.spec, params, optimizer.span}, {}});
    }
    out[place->second].paths.push_back(path);
  }
  return out;
}

}  // namespace fdl::job
