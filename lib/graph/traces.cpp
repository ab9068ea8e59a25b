// `trace:` of a loop: what its turns made, stacked along a new axis 1.
#include "lib/base/closest.h"
#include "lib/graph/builder.h"

namespace fdl::graph {

std::optional<Builder::Trace> Builder::trace_of(const std::string& name, const config::Node& tag,
                                                const TagScope& body, ValueId stream) {
  if (tag.text == "output") return Trace{name, tag.span, stream, false};
  if (const TagScope::Tag* found = body.find_here(tag.text))
    return Trace{name, tag.span, found->value, false};
  if (tag.text == "turns") return Trace{name, tag.span, kUnknown, false, /*is_count=*/true};
  std::vector<std::string> names = body.names_here();
  names.emplace_back("output");
  names.emplace_back("turns");
  Diagnostic d =
      error(Code::UndefinedTag, tag.span, "the body of this loop tags nothing '{}'", tag.text);
  if (const auto near = closest(tag.text, names))
    d = std::move(d).help("did you mean '{}'?", *near);
  problems_.add(std::move(d).note("a turn has {}", one_of(names)));
  return std::nullopt;
}

// A name is the stream's tag outside, `true` makes it the port `trace`; a list names tags of the
// body, a map gives them other names outside, `output` being the stream and `turns` how many there
// were.
std::vector<Builder::Trace> Builder::read_traces(const Step& step, const TagScope& body,
                                                 ValueId stream, const Place& place) {
  const config::Node* given = step.value.find("trace");
  if (given == nullptr) return {};
  const config::Node trace = file_->interpolator.resolve(*given, *place.names);
  std::vector<Trace> out;
  bool is_port = false;
  if (trace.broken) return {};
  if (config::ValueTraits<bool>::read(trace, is_port)) {
    if (is_port) out.push_back({"trace", trace.span, stream, true});
    return out;
  }
  if (trace.is_scalar()) return {{trace.text, trace.span, stream, false}};
  const auto take = [&](const std::string& name, const config::Node& tag) {
    if (!tag.is_scalar())
      problems_.add(config::wrong_type(tag, "trace", "a tag"));
    else if (const auto one = trace_of(name, tag, body, stream))
      out.push_back(*one);
  };
  for (const config::Node& item : trace.items) take(item.text, item);
  for (const config::Entry& entry : trace.entries) take(entry.key, entry.value);
  return out;
}

// The turns of one traced value, as a further output of the loop.
ValueId Builder::add_stack(const Step& step, const Trace& trace, Node& node) {
  if (trace.value == kUnknown) return kUnknown;
  catalog::TensorType type = type_of(trace.value);
  if (type.shape.empty()) {
    problems_.add(with_origin(error(Code::ShapeMismatch, trace.span,
                                    "a trace stacks along axis 1, after the batch, which a "
                                    "number alone does not have"),
                              trace.value));
    return kUnknown;
  }
  type.shape.insert(type.shape.begin() + 1, catalog::Dim(node.times));
  const ValueId stacked = add_value(std::move(type), node.path, step.span);
  node.outputs.push_back(stacked);
  node.blocks.front().outputs.push_back(trace.value);
  return stacked;
}

// How many turns each sample had: one value, whatever names it has.
ValueId Builder::add_count(const Step& step, Node& node) {
  if (node.counts_turns) return node.outputs.back();
  node.counts_turns = true;
  const catalog::Dim batch = type_of(node.outputs.front()).shape.front();
  node.outputs.push_back(add_value({catalog::DType::I64, {batch}}, node.path, step.span));
  return node.outputs.back();
}

Produced Builder::add_traces(const Step& step, const std::vector<Trace>& traces, const Place& place,
                             Node node) {
  std::vector<ValueId> stacks(traces.size(), kUnknown);
  for (std::size_t i = 0; i < traces.size(); ++i) {
    if (!traces[i].is_count) stacks[i] = add_stack(step, traces[i], node);
  }
  for (std::size_t i = 0; i < traces.size(); ++i) {
    if (traces[i].is_count) stacks[i] = add_count(step, node);
  }
  Produced made = node.outputs.front();
  add_node(place, std::move(node));
  for (std::size_t i = 0; i < traces.size(); ++i) {
    Step traced;
    traced.kind = step.kind;
    traced.tag = traces[i].name;
    traced.tag_span = traces[i].span;
    if (traces[i].is_port)
      made.ports = {{"output", made.stream}, {"trace", stacks[i]}};
    else
      define_tag(traced, cast(stacks[i], place.gives, place), place);
  }
  return made;
}

}  // namespace fdl::graph
