#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/span.h"
#include "lib/catalog/entry_spec.h"
#include "lib/catalog/module_spec.h"
#include "lib/catalog/tensor_type.h"
#include "lib/weights/request.h"

// A model as a graph: `use` and `repeat` are unrolled, loops and switches stay as nodes with blocks
// of their own. Every value has a type, every owned tensor a path.
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
  bool is_frozen = false;  // a parameter that training leaves as it is
  int source = -1;         // index of the tensor whose first values decide this one's

  std::int64_t num_elements() const;
};

enum class MergeKind { Add, Mean, Mul, Max, Min, Stack, Concat };

struct Node;

// A run of nodes in order.
struct Block {
  std::vector<ValueId> inputs;  // of a loop's or switch's block: the stream
  std::vector<Node> nodes;
  std::vector<ValueId> outputs;
};

// A tensor of a module that is no parameter itself: it is computed before each forward.
struct Parametrization {
  std::string tensor;  // "weight"
  const catalog::EntrySpec* spec = nullptr;
  std::shared_ptr<const void> params;
  std::vector<std::size_t> originals;  // places in Node::tensors
  std::vector<std::string> names;      // theirs: "original0"
  bool is_frozen = false;              // keeps its buffers even in training
  bool is_chained = false;  // the first original is what the one before made of the tensor
};

struct Node {
  enum class Kind { Module, Merge, Loop, Gate, Switch, Fold, Unfold, Arange };
  enum class Condition { None, While, Until };
  Kind kind = Kind::Module;
  std::string path;  // "encoder.linear_0"; unique
  Span span;
  std::vector<ValueId> inputs;
  std::vector<ValueId> outputs;

  // Module: what it is, with all parameters inferred; `tensors` are indices into Graph::tensors,
  // one for each of spec->owned(), in that order, and `tensor_names` their names. What a
  // parametrization computes a tensor from has its place, or stands behind all.
  const catalog::ModuleSpec* spec = nullptr;
  std::shared_ptr<const void> params;
  std::vector<int> tensors;
  std::vector<std::string> tensor_names;

  std::vector<Parametrization> parametrizations;

  bool is_frozen = false;  // keeps its running statistics even in training
  // Module: its parameters are cast to this dtype on use, which is that of its inputs.
  std::optional<catalog::DType> precision;

  // Neighbours in a block with the same number at the same place form a region, whose inner values
  // are not kept for the backward pass but computed again in it. From the outermost region inwards.
  std::vector<int> recompute;

  // Merge: `dim` is the axis of Stack and Concat, not negative.
  MergeKind merge = MergeKind::Add;
  std::int64_t dim = 0;

  // Loop: blocks[0] runs `times` times with the same weights, or with a condition (blocks[1], one
  // number per sample) at most so often; what leaves it enters it again. It may read outer values.
  // Further outputs are what blocks[0] has as further outputs in each turn, stacked on axis 1, with
  // zeros for turns that a condition leaves out; and last, with counts_turns, the number of turns.
  std::int64_t times = 0;
  Condition condition = Condition::None;
  bool per_sample = false;  // each sample has its own last turn
  bool counts_turns = false;

  // Switch: inputs are one integer per sample and the stream; the sample goes through that block.
  std::vector<Block> blocks;

  // Gate: inputs are weights [..., E] and the stream, which each of E blocks, the experts, takes to
  // a value of the same type; the output is the weighted sum of these. With
  // top_k > 0 only the k largest weights of each position count, scaled to a sum of 1. A second
  // output, if there is one, is the balance of the load: 1 when it is even (Fedus et al. 2021,
  // arXiv:2101.03961, equation 4).
  std::int64_t top_k = 0;

  // Fold: axis `dim` joins the batch axis, whole, or (times > 0) cut into `times` slices whose
  // places stay; Unfold undoes it, its second input being what was folded.
  // Arange: 0, 1, ... [1, n] with n the length of axis `dim` of the input, or `times` without one.
};

// Adds weight * value to the loss.
struct PartialLoss {
  ValueId value = -1;
  double weight = 0;
};

// A tag that is read before it is written: it carries a value from one call of the graph to the
// next. Its type is that of the value read.
struct State {
  enum class Reset { Sequence, Epoch, Never };  // when it begins anew
  std::string path;      // "memory", of a module "layer.0.memory"; unique among states
  ValueId read = -1;     // what the former call left; comes in like an input
  ValueId written = -1;  // what the next call reads
  catalog::Init init;    // of one sample: all samples begin with the same values
  Reset reset = Reset::Sequence;
  std::int64_t bptt = 0;  // calls until an update is made and gradients are cut; 0: a sequence
  Span span;              // of its key
};

// "sequence".
std::string_view to_string(State::Reset reset);

// "merge", "loop": for people.
std::string_view to_string(Node::Kind kind);

// Initial values from a file, for some of the tensors.
struct Load {
  struct Target {
    int tensor = -1;   // index into Graph::tensors
    std::string name;  // in the file, after prefix and renaming
  };
  weights::Request request;
  std::string path;             // of the subtree that is filled; "" for the whole model
  std::vector<Target> targets;  // in the order of the model; tied tensors have several
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
  std::map<std::string, std::int64_t> axis_bounds;    // of named axes: T<=512
  std::map<std::string, std::int64_t> assumed_sizes;  // of named axes, for estimates
  std::vector<NamedValue> tags;                       // full path of the tag -> value
  std::vector<PartialLoss> partial_losses;            // that the model itself brings in
  std::vector<State> states;                          // all of them with one `bptt`
  std::vector<Load> loads;  // in the order in which they are done: later ones win

  // Those that the inputs have, beside the batch: "T".
  std::vector<std::string> named_axes() const;
  // Trained elements; tied tensors count once, buffers not at all.
  std::int64_t num_parameters() const;
  // SHA-256 over names, shapes, dtypes and hyper-parameters: equal for models that can exchange
  // checkpoints and compute the same.
  std::string hash() const;
};

}  // namespace fdl::graph
