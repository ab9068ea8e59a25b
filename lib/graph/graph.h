#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/span.h"
#include "lib/catalog/module_spec.h"
#include "lib/catalog/tensor_type.h"

// A model as a graph: `use` and `repeat` are unrolled, loops stay as nodes with a body. Every
// value has a type, every owned tensor a path.
namespace fdl::graph {

using ValueId = int;  // index into Graph::values

// In Node::inputs: an optional input that is not given.
inline constexpr ValueId kAbsent = -2;

// A tensor that some node produces, or that comes in.
struct Value {
  catalog::TensorType type;  // with the batch axis, named B
  std::string path;          // of the node that makes it, or the input's name
  Span span;                 // of the step that makes it
};

// A tensor that the model owns. Its path is its key in safetensors files.
struct OwnedTensor {
  std::string path;  // "encoder.linear_0.weight"
  std::vector<std::int64_t> shape;
  catalog::DType dtype = catalog::DType::F32;
  catalog::Init init;
  bool is_buffer = false;  // saved, not trained

  std::int64_t num_elements() const;
};

enum class MergeKind { Add, Mean, Mul, Max, Min, Stack, Concat };

struct Node;

// A run of nodes in order.
struct Block {
  std::vector<ValueId> inputs;  // of a loop's body: the value that goes round
  std::vector<Node> nodes;
  std::vector<ValueId> outputs;  // of a loop's body: what goes round again
};

struct Node {
  enum class Kind { Module, Merge, Loop };
  Kind kind = Kind::Module;
  std::string path;  // "encoder.linear_0"; unique
  Span span;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;

  // Module: what it is, with all parameters inferred; `tensors` are indices into Graph::tensors,
  // one for each of spec->owned(), in that order, and `tensor_names` their names.
  const catalog::ModuleSpec* spec = nullptr;
  std::shared_ptr<const void> params;
  std::vector<int> tensors;
  std::vector<std::string> tensor_names;

  // Merge: `dim` is the axis of Stack and Concat, not negative.
  MergeKind merge = MergeKind::Add;
  std::int64_t dim = 0;

  // Loop: the body runs `times` times with the same weights; it may read outer values too.
  std::int64_t times = 0;
  std::shared_ptr<Block> body;
};

struct NamedValue {
  std::string name;
  ValueId value = -1;
};

struct Graph {
  std::string name;
  std::vector<NamedValue> inputs;   // in the order of the manifest
  std::vector<NamedValue> outputs;  // the default is the last step, as "output"
  std::vector<Value> values;
  std::vector<OwnedTensor> tensors;
  Block root;
  std::map<std::string, std::int64_t> axis_bounds;  // of named axes: T<=512
  std::vector<NamedValue> tags;                     // full path of the tag -> value

  // Trained elements; tied tensors count once, buffers not at all.
  std::int64_t num_parameters() const;
  // SHA-256 over names, shapes, dtypes and hyper-parameters: equal for models that can exchange
  // checkpoints and compute the same.
  std::string hash() const;
};

}  // namespace fdl::graph
