#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "lib/catalog/tensor_type.h"

// The small language in which modules state their shapes:
//
//   [*, in_features] -> [*, out_features]
//   [N, in_channels, H, W] -> [N, out_channels, (H + 2*padding[0] - kernel_size[0]) / stride[0] +
//   1, ...]
//
// `*` stands for any leading axes. A name on the left is a parameter, or is bound by its first use;
// the right side may use + - * / ( ) with floor division, and name[i] for a tuple; a tuple or list
// parameter alone stands for all its numbers. Several inputs or outputs are separated by commas.
namespace fdl::catalog {

// An arithmetic expression over names.
class ShapeExpression {
 public:
  // A name, with its index when it was written name[i].
  using Resolver = std::function<std::optional<Dim>(const std::string& name, int index)>;

  // Empty when the text cannot be read.
  static std::optional<ShapeExpression> parse(std::string_view text);

  // Empty when a name is unknown or the divisor is 0.
  std::optional<Dim> evaluate(const Resolver& resolve) const;

  // The name, when the expression is nothing else.
  std::optional<std::string> as_name() const;
  bool is_star() const;  // the `*` of leading axes

 private:
  struct Tree;
  std::shared_ptr<const Tree> tree_;
  friend class ShapeParser;
};

// What a rule asks about a module's parameters.
struct ParameterAccess {
  // The value of an integer or tuple parameter; empty when there is none of that name, or it is an
  // inferred one without a value yet.
  ShapeExpression::Resolver value;
  // All numbers of a tuple or list parameter that has several; else none.
  std::function<std::vector<Dim>(const std::string& name)> several;
  std::function<bool(const std::string& name)> is_inferred_and_open;
  std::function<void(const std::string& name, std::int64_t value)> infer;
};

// Shapes, or a sentence that says why they do not fit.
using ShapeResult = tl::expected<std::vector<Shape>, std::string>;

class ShapeRule {
 public:
  static std::optional<ShapeRule> parse(std::string_view text);
  const std::string& text() const { return text_; }
  std::size_t num_inputs() const { return inputs_.size(); }

  // Matches the inputs, infers open parameters, and computes the outputs.
  ShapeResult apply(const std::vector<Shape>& inputs, const ParameterAccess& parameters) const;

 private:
  using Pattern = std::vector<ShapeExpression>;
  struct Bindings;
  std::optional<std::string> match(const Pattern& pattern, const Shape& shape,
                                   const ParameterAccess& parameters, Bindings& bound) const;

  std::string text_;
  std::vector<Pattern> inputs_, outputs_;
};

}  // namespace fdl::catalog
