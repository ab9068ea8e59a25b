#pragma once

#include "lib/catalog/held_memory.h"
#include "lib/catalog/inputs.h"

// What rnn, lstm and gru share, and their cells: parameters, PyTorch's tensor names, shapes, cost.
namespace fdl::catalog {

struct RecurrentParams {
  std::int64_t input_size = 0;
  std::int64_t hidden_size = 0;
  std::int64_t num_layers = 1;
  bool bias = true;
  double dropout = 0;
  bool bidirectional = false;
  std::int64_t proj_size = 0;  // only lstm declares it

  std::int64_t num_directions() const { return bidirectional ? 2 : 1; }
  // Length of one direction's output.
  std::int64_t state_size() const { return proj_size > 0 ? proj_size : hidden_size; }
};

// One step of a sequence.
struct CellParams {
  std::int64_t input_size = 0;
  std::int64_t hidden_size = 0;
  bool bias = true;
};

// For each layer and direction: weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0, and
// weight_hr_l0 with a projection; `_reverse` follows for the other direction.
std::vector<TensorSpec> recurrent_tensors(const RecurrentParams& p, std::int64_t num_gates);
std::vector<TensorSpec> cell_tensors(const CellParams& p, std::int64_t num_gates);

// inputs: input, h_0, lengths, or input, h_0, c_0, lengths. Outputs: output, h_n, and then c_n.
TypeResult recurrent_types(RecurrentParams& p, const std::vector<TensorType>& inputs);
// inputs: input, h, or input, h, c. Outputs: h, and then c.
TypeResult cell_types(CellParams& p, const std::vector<TensorType>& inputs);

// Two matrix products per gate, step, layer and direction.
Dim recurrent_flops(const RecurrentParams& p, std::int64_t num_gates, const TensorType& input);
// All gradients go through the products with states; only those of the inputs through the products
// with what comes in.
GradientFlops recurrent_gradient_flops(const RecurrentParams& p, std::int64_t num_gates,
                                       const TensorType& input);
Dim cell_flops(const CellParams& p, std::int64_t num_gates, const TensorType& input);

// Numbers that one layer and direction keeps in each step for the backward pass, beside its output:
// in f32 the fused layers of lib/nn/sequence.h, else libtorch's operators.
struct KeptPerStep {
  std::int64_t fused = 0, plain = 0, num_gates = 1;
};
// Of all layers, beside the names that kept_by_recurrent gives. `may_fuse`: as in catalog::Passes.
Dim recurrent_kept(const RecurrentParams& p, KeptPerStep per_step, const TensorType& input,
                   bool may_fuse = true);
std::vector<std::string> kept_by_recurrent(const RecurrentParams& p);
// Of an lstm, whose kernel in libtorch keeps rows of whole cache lines.
std::int64_t lstm_kept_per_step(const RecurrentParams& p);
// Bytes that a layer holds for a moment: weights in another order, and gradients.
Dim recurrent_forward_work(const RecurrentParams& p, std::int64_t num_gates,
                           const TensorType& input, bool may_fuse = true);
Dim recurrent_backward_work(const RecurrentParams& p, std::int64_t num_gates,
                            const TensorType& input, bool may_fuse = true);

// What rnn, lstm and gru hold where libtorch's operators run them. Null of all other modules.
const HeldMemory* plain_memory(std::string_view module);

inline constexpr const char* kRecurrentShape =
    "[B, T, input_size], h_0 [B, num_layers * directions, hidden_size], lengths [B] -> output "
    "[B, T, directions * hidden_size], h_n as h_0";
inline constexpr const char* kLstmShape =
    "[B, T, input_size], h_0 [B, num_layers * directions, H], c_0 [B, num_layers * directions, "
    "hidden_size], lengths [B] -> output [B, T, directions * H], h_n as h_0, c_n as c_0, with H "
    "hidden_size or proj_size";

// What the three kinds declare alike; the caller adds states and what is its own.
template <typename P>
ModuleBuilder<P> declare_recurrent(const std::string& name, std::string summary,
                                   std::int64_t num_gates, std::string shape) {
  using config::alias, config::at_least, config::at_least_and_below, config::between,
      config::inferred, config::main_field, config::required;
  return declare<P>(name, std::move(summary))
      .param("input_size", &P::input_size, "Length of the last axis that comes in.", inferred,
             alias("in"), at_least(1))
      .param("hidden_size", &P::hidden_size, "Length of the state.", required, main_field,
             alias("hidden"), at_least(1))
      .param("num_layers", &P::num_layers, "Layers, each over the outputs of the one before.",
             alias("layers"), between(1, 1024))
      .param("bias", &P::bias, "Add two learned vectors per layer.")
      .param("dropout", &P::dropout, "Probability of a zero between two layers, in training.",
             at_least_and_below(0, 1))
      .param("bidirectional", &P::bidirectional,
             "Also run from the end to the start, and put both outputs side by side.")
      .tensors([num_gates](const P& p) { return recurrent_tensors(p, num_gates); })
      .types(std::move(shape), [](P& p, const auto& inputs) { return recurrent_types(p, inputs); })
      .flops([num_gates](const P& p, const TensorType& input, const TensorType&) {
        return recurrent_flops(p, num_gates, input);
      })
      .gradient_flops([num_gates](const P& p, const TensorType& input, const TensorType&) {
        return recurrent_gradient_flops(p, num_gates, input);
      })
      .forward_work([num_gates](const P& p, const TensorType& input, const TensorType&) {
        return recurrent_forward_work(p, num_gates, input);
      })
      .backward_work([num_gates](const P& p, const TensorType& input, const TensorType&) {
        return recurrent_backward_work(p, num_gates, input);
      })
      .keeps_by([](const P& p) { return kept_by_recurrent(p); })
      .input("input", DTypeClass::Floating)
      .draws();
}

template <typename P>
ModuleBuilder<P> declare_cell(const std::string& name, std::string summary,
                              std::int64_t num_gates) {
  using config::alias, config::at_least, config::inferred, config::main_field, config::required;
  return declare<P>(name, std::move(summary))
      .param("input_size", &P::input_size, "Length of the last axis that comes in.", inferred,
             alias("in"), at_least(1))
      .param("hidden_size", &P::hidden_size, "Length of the state.", required, main_field,
             alias("hidden"), at_least(1))
      .param("bias", &P::bias, "Add two learned vectors.")
      .tensors([num_gates](const P& p) { return cell_tensors(p, num_gates); })
      .types("[B, input_size], h [B, hidden_size] -> [B, hidden_size]",
             [](P& p, const auto& inputs) { return cell_types(p, inputs); })
      .flops([num_gates](const P& p, const TensorType& input, const TensorType&) {
        return cell_flops(p, num_gates, input);
      })
      .input("input", DTypeClass::Floating)
      .optional_input("h", DTypeClass::Floating);
}

}  // namespace fdl::catalog
