#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/onnx/emitter.h"

namespace fdl::onnx {

// The names of a module's outputs, one for each port, or why ONNX cannot express it.
using Lowered = tl::expected<std::vector<std::string>, std::string>;

// One module of the graph on its way into ONNX. All is as in evaluation: nothing is dropped or
// drawn, running statistics stay.
class Call {
 public:
  Call(const graph::Graph& graph, const graph::Node& node, std::vector<std::string> inputs,
       Emitter& emitter);

  template <typename P>
  const P& params() const {
    return *static_cast<const P*>(node_.params.get());
  }
  // The stream, or an input by its number; "" where it is absent.
  const std::string& input(std::size_t i = 0) const { return inputs_[i]; }
  bool has(std::size_t i) const { return i < inputs_.size() && !inputs_[i].empty(); }
  std::size_t num_inputs() const { return inputs_.size(); }
  const catalog::TensorType& type(std::size_t i = 0) const { return types_[i]; }
  std::size_t rank(std::size_t i = 0) const { return types_[i].shape.size(); }
  const catalog::TensorType& made(std::size_t i = 0) const { return made_[i]; }
  catalog::DType dtype() const { return made_.front().dtype; }
  // A tensor of the module by its name; "" when it owns none of it.
  std::string own(const std::string& name) const;

  Emitter& out() const { return emitter_; }
  // Shorter ways to add an operation.
  std::string add(const std::string& op, std::vector<std::string> inputs,
                  Attributes attributes = {}) const {
    return emitter_.add(op, std::move(inputs), std::move(attributes));
  }
  std::string number(double value) const { return emitter_.number(value, dtype()); }
  std::string cast(const std::string& x, catalog::DType to) const;

  // `dim` counted from the front of a tensor with so many axes.
  static std::int64_t axis(std::int64_t dim, std::size_t num_axes) {
    return dim < 0 ? dim + static_cast<std::int64_t>(num_axes) : dim;
  }

  // The size of an axis, or its bound; empty when it has none.
  std::optional<std::int64_t> most(const catalog::Dim& dim) const;

  // An i64 tensor of these sizes; those that are no numbers are taken from the inputs, and one may
  // be what is left. Empty when they cannot be told so.
  std::optional<std::string> sizes(const catalog::Shape& shape, bool one_is_left = false) const;
  // x in the shape, or a refusal.
  tl::expected<std::string, std::string> reshape(const std::string& x,
                                                 const catalog::Shape& shape) const;
  // x A^T + b over the last axis; `bias` may be "".
  std::string linear(const std::string& x, std::size_t num_axes, const std::string& weight,
                     const std::string& bias) const;

 private:
  const graph::Graph& graph_;
  const graph::Node& node_;
  std::vector<std::string> inputs_;
  std::vector<catalog::TensorType> types_, made_;
  Emitter& emitter_;
};

// How the modules of that name become operations; null when ONNX cannot express them.
using Lower = Lowered (*)(const Call& call);
Lower find_lower(std::string_view module);

}  // namespace fdl::onnx
