#pragma once

#include <memory>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/job/job.h"

namespace fdl::train {

// What an output of the model means, by the loss that it is trained with.
struct OutputMeaning {
  // Classes: scores along an axis of which one class is right, or their logarithms. Decisions:
  // a score, or a probability, for each yes or no. Labels: the numbers of classes themselves.
  enum class Kind { Values, ClassScores, ClassLogs, DecisionScores, DecisionProbabilities, Labels };
  std::string name;
  Kind kind = Kind::Values;
  std::int64_t class_dim = -1;                            // of the batched output
  std::shared_ptr<const std::vector<std::string>> words;  // of classes, where they have any

  bool is_classes() const { return kind == Kind::ClassScores || kind == Kind::ClassLogs; }
};

// Of each output of the graph. `fields` are those of the data, before its transforms.
std::vector<OutputMeaning> output_meanings(const graph::Graph& graph, const job::Job& job,
                                           const std::vector<job::Field>& fields);

// What a batch gives for one output: of classes the label of each target and the probabilities of
// all, the class axis last; of decisions probabilities; else the output itself. Contiguous; f32,
// f64 or i64.
struct Prediction {
  at::Tensor labels;  // i64; undefined when there are none
  at::Tensor values;  // undefined of labels alone
  // How much of axis 1 is real, by sample; the rest fills it up to the longest of the batch. Empty
  // where all is.
  std::vector<std::int64_t> lengths = {};

  bool is_padded() const;
};
Prediction interpret(const OutputMeaning& meaning, const at::Tensor& output);

}  // namespace fdl::train
