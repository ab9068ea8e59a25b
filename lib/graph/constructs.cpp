// Groups, residuals, branches, copies and side branches.
#include <algorithm>

#include "lib/base/closest.h"
#include "lib/graph/builder.h"

namespace fdl::graph {
namespace {

constexpr std::int64_t kMostCopies = 100'000;

}  // namespace

bool Builder::only_keys(const Step& step, const std::vector<std::string>& keys,
                        const std::vector<std::string>& optional) {
  bool fine = true;
  std::vector<std::string> legal = keys;
  legal.insert(legal.end(), optional.begin(), optional.end());
  for (const config::Entry& entry : step.value.entries) {
    if (std::find(legal.begin(), legal.end(), entry.key) != legal.end()) continue;
    Diagnostic d =
        error(Code::UnknownKey, entry.key_span, "unknown key '{}' in '{}'", entry.key, step.kind);
    if (const auto near = closest(entry.key, legal))
      d = std::move(d).help("did you mean '{}'?", *near);
    problems_.add(std::move(d).note("'{}' takes {}", step.kind, one_of(legal)));
    fine = false;
  }
  for (const std::string& key : keys) {
    if (step.value.is_map() && step.value.has(key)) continue;
    problems_.add(error(Code::MissingKey, step.span, "'{}' needs '{}'", step.kind, key));
    fine = false;
  }
  return fine;
}

ValueId Builder::run_group(const Step& step, ValueId stream, const Place& place) {
  Place inside = place;
  inside.path = scope_of(step, place);
  return run_flow(step.value, stream, inside);
}

ValueId Builder::run_also(const Step& step, ValueId stream, const Place& place) {
  Place inside = place;
  inside.path = scope_of(step, place);
  std::vector<Branch> branches = {{stream, step.span}, {kUnknown, step.span}};
  if (step.value.is_map()) {
    for (const config::Entry& entry : step.value.entries) {
      const bool skip = entry.key == "skip";
      if (!skip && entry.key != "main") {
        problems_.add(
            error(Code::UnknownKey, entry.key_span, "unknown key '{}' in 'also'", entry.key)
                .note("'also' takes a list of steps, or skip and main"));
        continue;
      }
      branches[skip ? 0 : 1] = {run_flow(entry.value, stream, inside), entry.key_span};
    }
    if (!step.value.has("main"))
      problems_.add(error(Code::MissingKey, step.span, "'also' needs 'main'")
                        .help("or give it a list of steps"));
  } else {
    branches[1].value = run_flow(step.value, stream, inside);
  }
  return merge(branches, step, place);
}

ValueId Builder::run_split(const Step& step, ValueId stream, const Place& place) {
  std::vector<std::pair<std::string, const config::Node*>> flows;
  for (std::size_t i = 0; i < step.value.items.size(); ++i)
    flows.emplace_back(std::to_string(i), &step.value.items[i]);
  for (const config::Entry& entry : step.value.entries) flows.emplace_back(entry.key, &entry.value);
  if (flows.size() < 2) {
    problems_.add(error(Code::BadStep, step.span, "'split' needs at least two branches")
                      .help("split: {{ a: [...], b: [...] }}"));
    return kUnknown;
  }
  std::vector<Branch> branches;
  for (const auto& [key, flow] : flows) {
    Place inside = place;
    inside.path = std::make_shared<PathScope>(
        place.path->join(step.name.empty() ? key : step.name + "." + key));
    branches.push_back({run_flow(*flow, stream, inside), flow->span});
  }
  if (step.merge == nullptr) {
    problems_.add(error(Code::MissingKey, step.span, "'split' needs 'merge'")
                      .help("merge: add, mean, mul, max, min, stack or {{concat: {{dim: 1}}}}"));
    return kUnknown;
  }
  return merge(branches, step, place);
}

// The stream goes on; what the side flow makes is seen under the tag.
ValueId Builder::run_fork(const Step& step, ValueId stream, const Place& place) {
  const bool is_list = step.value.is_list();
  if (!is_list && !only_keys(step, {"flow"}, {"tag"})) return stream;
  Place inside = place;
  inside.path = scope_of(step, place);
  const ValueId made = run_flow(is_list ? step.value : *step.value.find("flow"), stream, inside);
  const config::Node* tag = step.value.find("tag");
  if (tag == nullptr) return stream;
  Step named;
  named.kind = step.kind;
  named.tag = read_word(*tag, "tag", place);
  named.tag_span = tag->span;
  if (!named.tag.empty()) define_tag(named, cast(made, place.gives, place), place);
  return stream;
}

bool Builder::read_times(std::string_view key, const config::Node& value, const Place& place,
                         std::int64_t limit, std::int64_t& times) {
  const config::Node resolved = file_->interpolator.resolve(value, *place.names);
  if (resolved.broken) return false;
  if (!config::ValueTraits<std::int64_t>::read(resolved, times)) {
    problems_.add(config::wrong_type(resolved, key, "an integer"));
    return false;
  }
  if (times >= 1 && times <= limit) return true;
  problems_.add(error(Code::OutOfRange, resolved.span, "'{}' must be between 1 and {}, not '{}'",
                      key, limit, times));
  return false;
}

ValueId Builder::run_repeat(const Step& step, ValueId stream, const Place& place) {
  std::int64_t times = 0;
  if (!only_keys(step, {"times", "flow"}) ||
      !read_times("times", *step.value.find("times"), place, kMostCopies, times))
    return kUnknown;
  const config::Node* flow = step.value.find("flow");
  for (std::int64_t i = 0; i < times && may_go_on(step.span); ++i) {
    config::NameScope names{place.names, {}};
    const std::string index = std::to_string(i);
    names.values["index"] = config::make_scalar(index, step.span);
    const std::string segment = step.name.empty() ? index : step.name + "." + index;
    Place inside = place;
    inside.path = std::make_shared<PathScope>(place.path->join(segment));
    inside.names = &names;
    stream = run_flow(*flow, stream, inside);
  }
  return stream;
}

}  // namespace fdl::graph
