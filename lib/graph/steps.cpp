// A step: its module or construct found, its common keys read, its stream and inputs chosen.
#include <algorithm>

#include "lib/base/closest.h"
#include "lib/catalog/catalog.h"
#include "lib/graph/builder.h"
#include "lib/graph/construct_list.h"

namespace fdl::graph {
namespace {

constexpr std::int64_t kMostSteps = 200'000;

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_construct(const std::string& kind) {
  const auto all = constructs();
  return std::any_of(all.begin(), all.end(), [&](const auto& c) { return c.name == kind; });
}

bool is_known(const std::string& kind) {
  return is_construct(kind) || catalog::find_module(kind) != nullptr;
}

std::vector<std::string> all_kinds() {
  std::vector<std::string> out = construct_names();
  for (std::string& name : catalog::module_names()) out.push_back(std::move(name));
  return out;
}

Diagnostic unknown_module(const std::string& kind, const Span& span) {
  Diagnostic d = error(Code::UnknownModule, span, "there is no module or construct '{}'", kind);
  if (const auto near = closest(kind, all_kinds()))
    return std::move(d).help("did you mean '{}'?", *near);
  return std::move(d).help("`fdl explain` lists the modules");
}

}  // namespace

ValueId Builder::run_flow(const config::Node& steps, ValueId stream, const Place& place,
                          bool own_scope) {
  if (!steps.is_list()) {
    if (!steps.broken) problems_.add(config::wrong_type(steps, "flow", "a list of steps"));
    return kUnknown;
  }
  TagScope inner(place.tags);
  Place here = place;
  if (own_scope) here.tags = &inner;
  for (const config::Node& step : steps.items) {
    if (too_many_) return kUnknown;
    stream = run_step(step, stream, here);
  }
  return stream;
}

std::string Builder::read_word(const config::Node& node, std::string_view what,
                               const Place& place) {
  const config::Node value = file_->interpolator.resolve(node, *place.names);
  if (value.is_scalar() && !value.broken) return value.text;
  if (!value.broken) problems_.add(config::wrong_type(value, what, "a word"));
  return "";
}

bool Builder::choose_kind(const config::Node& node, Step& step) {
  const config::Entry* chosen = nullptr;
  std::vector<const config::Entry*> others;
  for (const config::Entry& entry : node.entries) {
    if (contains(common_step_keys(), entry.key)) continue;
    if (is_known(entry.key) && chosen != nullptr) {
      problems_.add(error(Code::BadStep, entry.key_span, "one step has both '{}' and '{}'",
                          chosen->key, entry.key)
                        .help("make two steps of them"));
      return false;
    }
    if (is_known(entry.key))
      chosen = &entry;
    else
      others.push_back(&entry);
  }
  if (chosen == nullptr && !others.empty()) {
    problems_.add(unknown_module(others.front()->key, others.front()->key_span));
    return false;
  }
  for (const config::Entry* other : others) {
    Diagnostic d = error(Code::UnknownKey, other->key_span, "unknown key '{}' beside '{}'",
                         other->key, chosen->key);
    if (const auto near = closest(other->key, common_step_keys()))
      d = std::move(d).help("did you mean '{}'?", *near);
    problems_.add(std::move(d).note("a step takes one module or construct and {}",
                                    one_of(common_step_keys())));
  }
  if (chosen != nullptr) {
    step.kind = chosen->key;
    step.span = chosen->key_span;
    step.value = chosen->value;
    return true;
  }
  if (node.has("tag") || node.has("from")) return true;  // names the current stream
  problems_.add(error(Code::BadStep, node.span, "this step names no module or construct")
                    .help("write a module such as `linear: 10`, or `flow:` for a group"));
  return false;
}

// `true`, `false`, or `{bn: train}`: frozen, but running statistics go on.
void Builder::read_freeze(const config::Node& node, const Place& place, Step& step) {
  const config::Node value = file_->interpolator.resolve(node, *place.names);
  bool frozen = false;
  if (config::ValueTraits<bool>::read(value, frozen)) {
    step.freeze = frozen ? Freeze::All : Freeze::No;
    return;
  }
  const config::Node* bn = value.find("bn");
  const bool known =
      bn != nullptr && value.entries.size() == 1 && (bn->text == "train" || bn->text == "eval");
  if (known) {
    step.freeze = bn->text == "train" ? Freeze::Parameters : Freeze::All;
  } else if (!value.broken) {
    problems_.add(config::wrong_type(value, "freeze", "true, false, or {bn: train}"));
  }
}

void Builder::read_common_keys(const config::Node& node, const Place& place, Step& step) {
  for (const config::Entry& entry : node.entries) {
    if (entry.key == "name") {
      step.name = read_word(entry.value, "name", place);
      step.name_span = entry.value.span;
    } else if (entry.key == "tag") {
      step.tag = read_word(entry.value, "tag", place);
      step.tag_span = entry.value.span;
    } else if (entry.key == "from") {
      step.source = entry.value.is_map() ? &entry.value : nullptr;
      if (step.source == nullptr) step.from = read_word(entry.value, "from", place);
      step.from_span = entry.value.span;
    } else if (entry.key == "port") {
      step.port = read_word(entry.value, "port", place);
      step.port_span = entry.value.span;
    } else if (entry.key == "using") {
      step.using_node = &entry.value;
    } else if (entry.key == "freeze") {
      read_freeze(entry.value, place, step);
    } else if (entry.key == "recompute") {
      read_recompute(entry.value, place, step);
    } else if (entry.key == "precision") {
      read_precision(entry.value, place, step);
    } else if (entry.key == "merge") {
      step.merge = &entry.value;
    } else if (entry.key == "with") {
      step.with = &entry.value;
      if (!entry.value.is_map() && !entry.value.broken)
        problems_.add(config::wrong_type(entry.value, "with", "a map of params"));
    } else if (entry.key == "init") {
      step.init = &entry.value;
    } else if (entry.key == "load") {
      step.load = &entry.value;
      step.load_span = entry.key_span;
    } else if (entry.key == "parametrize") {
      step.parametrize = &entry.value;
    }
    const bool misplaced = (entry.key == "merge" && step.kind != "also" && step.kind != "split") ||
                           (entry.key == "with" && step.kind != "use") ||
                           ((entry.key == "init" || entry.key == "parametrize") &&
                            catalog::find_module(step.kind) == nullptr);
    if (misplaced) {
      problems_.add(
          error(Code::UnknownKey, entry.key_span, "'{}' has no meaning beside '{}'", entry.key,
                step.kind)
              .help("`merge` stands beside `also` and `split`, `with` beside `use`, `init` and "
                    "`parametrize` beside a module"));
    }
  }
  const bool bad_name =
      !step.name.empty() && (step.name.front() == '.' || step.name.back() == '.' ||
                             step.name.find("..") != std::string::npos ||
                             step.name.find_first_of(" *?|[]/\"'\n\t") != std::string::npos);
  if (bad_name) {
    problems_.add(error(Code::BadStep, step.name_span, "'{}' cannot be a name", step.name)
                      .help("names are words of letters, digits, _ and -, joined by single dots"));
    step.name.clear();
  }
}

bool Builder::read_step(const config::Node& node, const Place& place, Step& step) {
  if (node.broken) return false;
  if (node.is_scalar()) {
    if (!is_known(node.text)) {
      problems_.add(unknown_module(node.text, node.span));
      return false;
    }
    step.kind = node.text;
    step.span = node.span;
    step.value.span = node.span;
    return true;
  }
  if (!node.is_map()) {
    problems_.add(
        error(Code::BadStep, node.span, "a step is a word or a map, not {}", describe(node)));
    return false;
  }
  step.span = node.span;
  const bool chosen = choose_kind(node, step);
  read_common_keys(node, place, step);
  if (!step.value.span.is_known()) step.value.span = step.span;
  return chosen;
}

ValueId Builder::look_up_tag(const std::string& name, const Span& span, const Place& place) {
  if (const TagScope::Tag* tag = place.tags->find(name))
    return cast(value_of(*tag), place.precision, place);
  Diagnostic d = error(Code::UndefinedTag, span, "nothing before this step is tagged '{}'", name);
  const std::vector<std::string> names = place.tags->names();
  if (const auto later = tag_place(name); later && before(span, *later)) {
    d = std::move(d)
            .help(
                "to read what the previous call wrote, give it a state beside the flow: "
                "state: {{ {}: {{ shape: [...] }} }}",
                name)
            .note_at(*later, "it is written here");
  } else if (const auto near = closest(name, names))
    d = std::move(d).help("did you mean '{}'?", *near);
  else if (!names.empty())
    d = std::move(d).note("seen here: {}", one_of(names));
  problems_.add(std::move(d));
  return kUnknown;
}

bool Builder::may_go_on(const Span& at) {
  if (++num_steps_ <= kMostSteps) return true;
  if (!too_many_) {
    problems_.add(
        error(Code::TooManyNodes, at, "the model expands to more than {} steps", kMostSteps)
            .help("use `loop` where the weights are shared, or a smaller `times`"));
  }
  too_many_ = true;
  return false;
}

ValueId Builder::run_step(const config::Node& node, ValueId stream, const Place& place) {
  if (!may_go_on(node.span)) return kUnknown;
  Step step;
  const bool readable = read_step(node, place, step);
  if (step.source != nullptr) stream = run_source(*step.source, place);
  if (!step.from.empty()) stream = look_up_tag(step.from, step.from_span, place);
  Produced made = kUnknown;
  Place here = place;
  enter(step, stream, here);
  stream = cast(stream, here.precision, here);
  const std::size_t first_tensor = graph_.tensors.size();
  if (readable) made = step.kind.empty() ? Produced(stream) : dispatch(step, stream, here);
  if (step.load != nullptr) read_step_load(step, first_tensor, made.stream != kUnknown, here);
  made = cast(std::move(made), here.gives, here);
  if (!step.port.empty()) choose_port(step, made);
  if (!step.tag.empty()) define_tag(step, made, place);
  return made.stream;
}

void Builder::choose_port(const Step& step, Produced& made) {
  if (made.stream == kUnknown) return;
  std::vector<std::string> names;
  for (const NamedValue& port : made.ports) {
    names.push_back(port.name);
    if (port.name != step.port) continue;
    made.stream = port.value;
    return;
  }
  Diagnostic d =
      error(Code::UnknownPort, step.port_span, "'{}' has no output '{}'", step.kind, step.port);
  if (const auto near = closest(step.port, names))
    d = std::move(d).help("did you mean '{}'?", *near);
  problems_.add(names.empty() ? std::move(d).note("it has one output only")
                              : std::move(d).note("its outputs are {}", one_of(names)));
  made.stream = kUnknown;
}

void Builder::define_tag(const Step& step, const Produced& made, const Place& place) {
  const TagScope::Tag* known = place.tags->find(step.tag);
  if (known != nullptr && known->state >= 0) {
    write_state(known->state, step, made.stream, place);
  } else if (const auto former = place.tags->define(step.tag, {made.stream, step.tag_span})) {
    problems_.add(error(Code::DuplicateTag, step.tag_span,
                        "the tag '{}' is written twice in this flow", step.tag)
                      .note_at(former->span, "it was written here first")
                      .help("rename one of them"));
    return;
  }
  if (made.stream == kUnknown) return;
  graph_.tags.push_back({place.path->join(step.tag), made.stream});
  for (const NamedValue& port : made.ports) {
    place.tags->define(step.tag + "." + port.name, {port.value, step.tag_span});
    graph_.tags.push_back({place.path->join(step.tag + "." + port.name), port.value});
  }
}

Produced Builder::dispatch(const Step& step, ValueId stream, const Place& place) {
  if (step.kind == "flow") return run_group(step, stream, place);
  if (step.kind == "also") return run_also(step, stream, place);
  if (step.kind == "split") return run_split(step, stream, place);
  if (step.kind == "repeat") return run_repeat(step, stream, place);
  if (step.kind == "loop") return run_loop(step, stream, place);
  if (step.kind == "fork") return run_fork(step, stream, place);
  if (step.kind == "gate") return run_gate(step, stream, place);
  if (step.kind == "switch") return run_switch(step, stream, place);
  if (step.kind == "map") return run_map(step, stream, place);
  if (step.kind == "use") return run_use(step, stream, place);
  if (step.kind == "add" || step.kind == "mul" || step.kind == "concat")
    return run_combine(step, stream, place);
  return run_module(step, stream, place);
}

std::vector<ValueId> Builder::gather_inputs(const std::vector<catalog::InputSpec>& specs,
                                            const Step& step, ValueId stream, const Place& place) {
  std::vector<std::string> names;
  for (const catalog::InputSpec& input : specs) names.push_back(input.name);
  std::vector<ValueId> out(names.size(), kAbsent);
  out[0] = stream;
  const auto tag_of = [&](const config::Node& node) {
    return look_up_tag(read_word(node, "using", place), node.span, place);
  };
  const config::Node nothing;
  const config::Node& given = step.using_node != nullptr ? *step.using_node : nothing;
  std::size_t next = 1;
  const auto take_in_order = [&](const config::Node& node) {
    if (next >= names.size()) {
      problems_.add(error(Code::UnknownInput, node.span, "'{}' takes {} beside the stream",
                          step.kind,
                          names.size() == 1 ? std::string("no input")
                                            : fmt::format("only {} inputs", names.size() - 1)));
      return;
    }
    out[next++] = tag_of(node);
  };
  if (given.is_scalar()) take_in_order(given);
  for (const config::Node& item : given.items) take_in_order(item);
  for (const config::Entry& entry : given.entries) {
    const auto found = std::find(names.begin(), names.end(), entry.key);
    if (found == names.end()) {
      Diagnostic d =
          error(Code::UnknownInput, entry.key_span, "'{}' has no input '{}'", step.kind, entry.key);
      if (const auto near = closest(entry.key, names))
        d = std::move(d).help("did you mean '{}'?", *near);
      problems_.add(std::move(d).note("its inputs are {}", one_of(names)));
      continue;
    }
    const bool both = found == names.begin() && (!step.from.empty() || step.source != nullptr);
    if (both)
      problems_.add(
          error(Code::BadStep, entry.key_span, "the first input is set by 'from' and by 'using'"));
    out[static_cast<std::size_t>(found - names.begin())] = tag_of(entry.value);
  }
  for (std::size_t i = 1; i < out.size(); ++i) {
    if (out[i] != kAbsent || specs[i].is_optional) continue;
    problems_.add(
        error(Code::UnknownInput, step.span, "'{}' needs the input '{}'", step.kind, names[i])
            .help("add `using: {{ {}: some_tag }}`", names[i]));
    out[i] = kUnknown;
  }
  return out;
}

std::shared_ptr<PathScope> Builder::scope_of(const Step& step, const Place& place) const {
  return step.name.empty() ? place.path : std::make_shared<PathScope>(place.path->join(step.name));
}

}  // namespace fdl::graph
