#include "lib/job/phases.h"

#include <algorithm>
#include <functional>
#include <set>

#include "lib/base/pattern.h"
#include "lib/job/sections.h"

namespace fdl::job {
namespace {

using config::Node;

// What may be frozen: parameters, and nodes that update statistics.
struct Thing {
  std::string path;
  bool is_node = false;
  bool is_frozen = false;
};

void add_nodes(const graph::Block& block, std::vector<Thing>& out) {
  for (const graph::Node& node : block.nodes) {
    if (node.spec != nullptr && node.spec->updates_buffers())
      out.push_back({node.path, true, node.is_frozen});
    for (const graph::Block& inner : node.blocks) add_nodes(inner, out);
  }
}

std::vector<Thing> things_of(const graph::Graph& graph) {
  std::vector<Thing> out;
  for (const graph::OwnedTensor& tensor : graph.tensors) {
    if (!tensor.is_buffer) out.push_back({tensor.path, false, tensor.is_frozen});
  }
  add_nodes(graph.root, out);
  return out;
}

std::optional<Pattern> read_pattern(const std::string& text, const Span& span,
                                    const std::vector<Thing>& things, Diagnostics& problems) {
  auto pattern = Pattern::parse(text);
  if (!pattern) {
    problems.add(error(Code::BadPattern, span, "the pattern '{}' cannot be read: {}", text,
                       pattern.error()));
    return std::nullopt;
  }
  const bool matches = std::any_of(things.begin(), things.end(), [&](const Thing& thing) {
    return pattern->matches(thing.path);
  });
  if (matches) return *std::move(pattern);
  problems.add(error(Code::BadPattern, span, "the pattern '{}' matches nothing in the model", text)
                   .help("`fdl explain` shows the paths"));
  return std::nullopt;
}

// `freeze:` or `thaw:`: a pattern or a list of them.
void mark(const Node& node, const char* key, bool is_frozen, std::vector<Thing>& things,
          Diagnostics& problems) {
  if (node.is_null()) return;
  std::vector<Node> items = node.is_list() ? node.items : std::vector<Node>{node};
  for (const Node& item : items) {
    if (!item.is_scalar()) {
      problems.add(config::wrong_type(item, key, "a pattern over the paths of the model"));
      continue;
    }
    const auto pattern = read_pattern(item.text, item.span, things, problems);
    if (!pattern) continue;
    for (Thing& thing : things) {
      if (pattern->matches(thing.path)) thing.is_frozen = is_frozen;
    }
  }
}

Node scalar_map(const std::string& key, const Node& value) {
  Node out;
  out.kind = config::Kind::Map;
  out.span = value.span;
  out.entries.push_back({key, value.span, value, config::EntryMode::Merge});
  return out;
}

// The phase's optimizer, with the rates that it gives.
std::vector<ParameterGroup> read_rates(const PhaseKeys& keys, const Training& training,
                                       const graph::Graph& graph, Diagnostics& problems) {
  catalog::Choice optimizer = training.optimizer;
  if (!keys.optimizer.is_null()) {
    auto own = catalog::read_choice(catalog::EntryKind::Optimizer, keys.optimizer, {}, problems);
    if (!own) return {};
    optimizer = *std::move(own);
  } else if (keys.lr.is_null()) {
    return {};
  }
  const std::shared_ptr<void> params = optimizer.spec->copy_params(optimizer.params.get());
  optimizer.params = params;
  const auto set_rate = [&](const Node& value) {
    config::bind_record(optimizer.spec->record, scalar_map("lr", value), params.get(), problems,
                        Code::UnknownParameter);
  };
  Node groups;  // what `lr` adds to the optimizer's own
  groups.kind = config::Kind::List;
  if (keys.lr.is_scalar()) set_rate(keys.lr);
  for (const config::Entry& entry : keys.lr.entries) {
    if (entry.key == "default") {
      set_rate(entry.value);
      continue;
    }
    Node group = scalar_map("lr", entry.value);
    Node match;
    match.kind = config::Kind::Scalar;
    match.text = entry.key;
    match.span = entry.key_span;
    group.entries.push_back({"match", entry.key_span, match, config::EntryMode::Merge});
    groups.items.push_back(std::move(group));
  }
  return read_groups(optimizer, graph, problems, groups);
}

Until read_until(const Node& phase, const UntilKeys& keys, const Job& job, Diagnostics& problems) {
  Until out;
  out.epochs = keys.epochs;
  out.steps = keys.steps;
  const Node* node = phase.find("until");
  if (node == nullptr || !node->is_map()) return out;
  out.trends = read_trends(*node, keys.stalled, keys.converged, job, problems);
  if (keys.metric.empty() != !keys.reaches.has_value()) {
    problems.add(
        error(Code::MissingKey, node->span, "'metric' and 'reaches' of 'until' need each other")
            .help("for example until: {{ metric: val/accuracy, reaches: 0.9 }}"));
  } else if (keys.reaches) {
    if (is_computed(job, keys.metric, node->find("metric")->span, problems))
      out.reached = {keys.metric, *keys.reaches, job.training.higher_is_better(keys.metric)};
  }
  return out;
}

std::optional<Phase> read_phase(const Node& node, const Job& job, const graph::Graph& graph,
                                std::vector<Thing>& things, Diagnostics& problems) {
  PhaseKeys keys;
  const std::size_t num_before = problems.size();
  config::bind_record(record_spec(&keys), node, &keys, problems);
  if (problems.size() != num_before) return std::nullopt;
  mark(keys.freeze, "freeze", true, things, problems);
  mark(keys.thaw, "thaw", false, things, problems);
  Phase out;
  out.name = keys.name;
  for (const Thing& thing : things) {
    if (thing.is_frozen) (thing.is_node ? out.frozen_nodes : out.frozen).push_back(thing.path);
  }
  const bool trains = std::any_of(things.begin(), things.end(), [](const Thing& thing) {
    return !thing.is_node && !thing.is_frozen;
  });
  if (!trains && problems.size() == num_before)
    problems.add(
        error(Code::BadPhase, node.span, "the phase '{}' trains nothing: all is frozen", keys.name)
            .help("thaw a part of the model: thaw: [head]"));
  out.groups = read_rates(keys, job.training, graph, problems);
  out.until = read_until(node, keys.until, job, problems);
  return out;
}

// Those that are written; none where there are none.
std::vector<Node> phases_in(const Node& training, Diagnostics& problems) {
  const Node* list = training.find("phases");
  if (list == nullptr || list->is_null()) return {};
  if (!list->is_list() || list->items.empty())
    problems.add(config::wrong_type(*list, "phases", "a list of phases"));
  return list->items;
}

}  // namespace

void check_phase_words(const Node& training, Diagnostics& problems) {
  for (const Node& item : phases_in(training, problems)) {
    PhaseKeys keys;
    config::bind_record(record_spec(&keys), item, &keys, problems);
  }
}

void read_phases(const Node& training, const graph::Graph& graph, Job& job, Diagnostics& problems) {
  if (job.training.optimizer.spec == nullptr) return;
  const std::vector<Node> phases = phases_in(training, problems);
  std::vector<Thing> things = things_of(graph);
  std::set<std::string> names;
  for (const Node& item : phases) {
    auto phase = read_phase(item, job, graph, things, problems);
    if (!phase) continue;
    const auto place = static_cast<std::size_t>(&item - phases.data());
    if (phase->name.empty()) phase->name = std::to_string(place);
    const Node* data = item.find("data");
    if (data != nullptr && !data->is_null()) phase->data = phase_split_name(item, place);
    if (!names.insert(phase->name).second)
      problems.add(error(Code::NameCollision, item.span, "two phases are named '{}'", phase->name));
    const Node* until = item.find("until");  // one that cannot be read was told of
    const bool has_end = until != nullptr && !until->is_null();
    if (!has_end && &item != &phases.back())
      problems.add(error(Code::BadPhase, item.span,
                         "the phase '{}' has no end, so those after it would never begin",
                         phase->name)
                       .help("for example until: {{ epochs: 2 }}"));
    job.training.phases.push_back(*std::move(phase));
  }
}

}  // namespace fdl::job
