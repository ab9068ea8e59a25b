#include "lib/train/predict_output.h"

#include <algorithm>

#include <ATen/ops/argmax.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/softmax.h>

#include "lib/catalog/class_axis.h"
#include "lib/catalog/losses/cross_entropy.h"
#include "lib/catalog/losses/focal.h"
#include "lib/catalog/losses/nll.h"
#include "lib/job/sections.h"

namespace fdl::train {
namespace {

using Kind = OutputMeaning::Kind;

Kind kind_of(const std::string& loss) {
  if (loss == "cross_entropy" || loss == "focal" || loss == "multi_margin")
    return Kind::ClassScores;
  if (loss == "nll") return Kind::ClassLogs;
  if (loss == "bce_with_logits" || loss == "multilabel_soft_margin") return Kind::DecisionScores;
  return loss == "bce" ? Kind::DecisionProbabilities : Kind::Values;
}

std::optional<std::int64_t> class_dim_of(const catalog::Choice& loss) {
  if (loss.name() == "cross_entropy") return loss.as<catalog::CrossEntropyParams>().class_dim;
  if (loss.name() == "nll") return loss.as<catalog::NllParams>().class_dim;
  if (loss.name() == "focal") return loss.as<catalog::FocalParams>().class_dim;
  return std::nullopt;
}

// Classes where the shapes have an axis of them, else plain values.
void find_classes(const job::Loss& loss, const graph::Graph& graph,
                  const std::vector<job::Field>& fields,
                  const std::map<std::string, std::int64_t>& axis_sizes, OutputMeaning& out) {
  const job::Compared& target = loss.compared.size() > 1 ? loss.compared[1] : loss.compared[0];
  const auto field = std::find_if(fields.begin(), fields.end(),
                                  [&](const job::Field& one) { return one.name == target.field; });
  // As long as the training data made it, as the target is.
  const catalog::TensorType output = job::with_sizes(
      graph.values[static_cast<std::size_t>(loss.compared[0].value)].type, axis_sizes);
  catalog::TensorType type;
  if (field != fields.end()) {
    type = field->type;
    type.shape.insert(type.shape.begin(), output.shape.front());
    out.words = field->words;
  } else if (target.is_value()) {
    type = job::with_sizes(graph.values[static_cast<std::size_t>(target.value)].type, axis_sizes);
  }
  const auto axis = catalog::find_either_class_axis(output, type, class_dim_of(loss.what)).axis;
  if (axis)
    out.class_dim = static_cast<std::int64_t>(*axis);
  else
    out.kind = Kind::Values;
}

at::Tensor plain(const at::Tensor& tensor) {
  if (!tensor.is_floating_point()) return tensor.to(at::kLong).contiguous();
  return tensor.to(tensor.scalar_type() == at::kDouble ? at::kDouble : at::kFloat).contiguous();
}

}  // namespace

std::vector<OutputMeaning> output_meanings(const graph::Graph& graph, const job::Job& job,
                                           const std::vector<job::Field>& fields) {
  job::SourceInfo source;
  source.fields = fields;
  Diagnostics told_by_the_check;
  const auto transformed = job::transformed_fields(job, source, told_by_the_check);
  std::vector<OutputMeaning> out;
  for (const graph::NamedValue& output : graph.outputs) {
    OutputMeaning meaning;
    meaning.name = output.name;
    for (const job::Loss& loss : job.training.losses) {
      if (loss.compared[0].value != output.value) continue;
      meaning.kind = kind_of(loss.what.name());
      if (meaning.is_classes()) find_classes(loss, graph, transformed, job.axis_sizes, meaning);
      if (meaning.kind != Kind::Values) break;
    }
    out.push_back(std::move(meaning));
  }
  return out;
}

bool Prediction::is_padded() const {
  const at::Tensor& any = labels.defined() ? labels : values;
  return std::any_of(lengths.begin(), lengths.end(),
                     [&](std::int64_t length) { return length < any.size(1); });
}

Prediction interpret(const OutputMeaning& meaning, const at::Tensor& output) {
  switch (meaning.kind) {
    case Kind::Values:
    case Kind::DecisionProbabilities:
      return {{}, plain(output)};
    case Kind::Labels:
      return {plain(output), {}};
    case Kind::DecisionScores:
      return {{}, plain(at::sigmoid(plain(output)))};
    case Kind::ClassScores:
    case Kind::ClassLogs:
      break;
  }
  const at::Tensor last = plain(output.movedim(meaning.class_dim, -1));
  const bool are_logs = meaning.kind == Kind::ClassLogs;
  return {last.argmax(-1).contiguous(), plain(are_logs ? last.exp() : last.softmax(-1))};
}

}  // namespace fdl::train
