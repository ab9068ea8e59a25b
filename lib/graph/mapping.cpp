// A body over each position of an axis, batched; and streams that come from no step.
#include <algorithm>

#include "lib/base/closest.h"
#include "lib/catalog/axes.h"
#include "lib/graph/builder.h"

namespace fdl::graph {
namespace {

using catalog::Dim;
using catalog::Shape;

// [B, .., n, ..] -> [B*n, .., ..], or with slices [B, .., n, ..] -> [B*slices, .., n/slices, ..].
Shape folded(Shape shape, std::size_t at, std::int64_t slices) {
  if (slices > 0) {
    shape[0] = shape[0] * Dim(slices);
    shape[at] = floor_div(shape[at], Dim(slices));
  } else {
    shape[0] = shape[0] * shape[at];
    shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(at));
  }
  return shape;
}

// The inverse, for what the body made of it.
std::optional<Shape> unfolded(Shape made, const Shape& whole, std::size_t at, std::int64_t slices) {
  if (made.empty() || at > made.size() - (slices > 0 ? 1 : 0)) return std::nullopt;
  made[0] = whole[0];
  if (slices > 0) {
    made[at] = made[at] * Dim(slices);
  } else {
    made.insert(made.begin() + static_cast<std::ptrdiff_t>(at), whole[at]);
  }
  return made;
}

}  // namespace

// The axis that a map goes over, as an index; reported when the stream has no such axis.
std::optional<std::size_t> Builder::mapped_axis(const Step& step, ValueId stream, std::int64_t dim,
                                                std::int64_t slices) {
  const catalog::TensorType& whole = type_of(stream);
  const auto at = catalog::axis_index(dim, whole.shape);
  if (at && *at > 0) {
    const Dim& size = whole.shape[static_cast<std::size_t>(*at)];
    if (slices == 0 || !size.is_number() || size.number() % slices == 0)
      return static_cast<std::size_t>(*at);
  }
  Diagnostic d = error(Code::OutOfRange, step.span, "'map' cannot go over axis {} of {}", dim,
                       to_string(whole));
  problems_.add(with_origin(
      slices > 0 ? std::move(d).help("the axis is not the batch axis and is a multiple of slices")
                 : std::move(d).help("axis 0 is the batch; the others are from 1 on"),
      stream));
  return std::nullopt;
}

// The body between a Fold and an Unfold of the axis.
ValueId Builder::run_folded(const Step& step, ValueId stream, std::size_t axis, std::int64_t slices,
                            const Place& place, const Place& inside) {
  Node fold, unfold;
  fold.kind = Node::Kind::Fold;
  unfold.kind = Node::Kind::Unfold;
  fold.span = unfold.span = step.span;
  fold.times = unfold.times = slices;
  fold.dim = unfold.dim = static_cast<std::int64_t>(axis);
  fold.path = place.path->join(place.path->next("fold"));
  unfold.path = place.path->join(place.path->next("unfold"));
  if (!claim(fold.path, step.span) || !claim(unfold.path, step.span)) return kUnknown;
  const catalog::TensorType whole = type_of(stream);
  fold.inputs = {stream};
  fold.outputs = {
      add_value({whole.dtype, folded(whole.shape, axis, slices)}, fold.path, step.span)};
  const ValueId entry = add_node(place, std::move(fold)).outputs.front();
  const ValueId made = run_flow(*step.value.find("body"), entry, inside);
  if (made == kUnknown) return kUnknown;
  const auto shape = unfolded(type_of(made).shape, whole.shape, axis, slices);
  if (!shape || !(type_of(made).shape[0] == type_of(entry).shape[0])) {
    problems_.add(with_origin(error(Code::ShapeMismatch, step.span,
                                    "what 'map' makes, {}, has no place for the axis it went over",
                                    to_string(type_of(made))),
                              made));
    return kUnknown;
  }
  unfold.inputs = {made, stream};
  unfold.outputs = {add_value({type_of(made).dtype, *shape}, unfold.path, step.span)};
  return add_node(place, std::move(unfold)).outputs.front();
}

ValueId Builder::run_map(const Step& step, ValueId stream, const Place& place) {
  const bool cuts = step.value.has("slices");
  std::int64_t slices = 0, dim = cuts ? -1 : 1;
  bool each = true;
  if (!only_keys(step, {"body"}, {"each", "over", "slices", "dim"}) ||
      !read_option(step, "dim", place, dim) || !read_option(step, "each", place, each))
    return kUnknown;
  if (cuts && !read_times("slices", *step.value.find("slices"), place, 1'000'000, slices))
    return kUnknown;
  if (!cuts && !each) {
    problems_.add(error(Code::BadStep, step.span, "'map' needs 'each: true' or 'slices'")
                      .help("map: {{ each: true, body: [...] }}"));
    return kUnknown;
  }
  if (const config::Node* over = step.value.find("over"))
    stream = look_up_tag(read_word(*over, "over", place), over->span, place);
  Place inside = place;
  inside.path = scope_of(step, place);
  if (stream == kUnknown) return run_flow(*step.value.find("body"), kUnknown, inside);
  const auto axis = mapped_axis(step, stream, dim, slices);
  return axis ? run_folded(step, stream, *axis, slices, place, inside) : kUnknown;
}

// `from: {arange: T}`: 0, 1, ... as long as a named axis of an input, or a number.
ValueId Builder::run_source(const config::Node& source, const Place& place) {
  const config::Entry* entry = source.entries.size() == 1 ? &source.entries.front() : nullptr;
  if (entry == nullptr || entry->key != "arange") {
    problems_.add(error(Code::BadStep, source.span, "'from' takes a tag, or a source")
                      .help("the source there is: from: {{ arange: T }}"));
    return kUnknown;
  }
  const std::string length = read_word(entry->value, "arange", place);
  if (length.empty()) return kUnknown;
  Node node;
  node.kind = Node::Kind::Arange;
  node.span = entry->value.span;
  node.path = place.path->join(place.path->next("arange"));
  if (!claim(node.path, node.span)) return kUnknown;
  Dim size;
  if (const auto number = config::parse_integer(length)) {
    if (!read_times("arange", entry->value, place, 1'000'000'000, node.times)) return kUnknown;
    size = Dim(*number);
  } else {
    size = Dim::named(length);
    for (std::size_t i = 0; i < file_->inputs.size() && node.inputs.empty(); ++i) {
      const Shape& declared = file_->input_types[i].shape;
      const auto at = std::find(declared.begin() + 1, declared.end(), size);
      if (at == declared.end() || file_->inputs[i].value == kUnknown) continue;
      node.inputs = {file_->inputs[i].value};
      node.dim = at - declared.begin();
      size = type_of(node.inputs.front()).shape[static_cast<std::size_t>(node.dim)];
    }
    if (node.inputs.empty()) {
      problems_.add(error(Code::BadStep, node.span, "no input has an axis named '{}'", length)
                        .help("`arange` takes a number, or an axis of an input: \"i64[T]\""));
      return kUnknown;
    }
  }
  node.outputs = {add_value({catalog::DType::I64, {Dim(1), size}}, node.path, node.span)};
  return add_node(place, std::move(node)).outputs.front();
}

}  // namespace fdl::graph
