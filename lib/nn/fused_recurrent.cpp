#include "lib/nn/fused_recurrent.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/graph_task.h>

#include "lib/kernels/gemm.h"
#include "lib/nn/product.h"
#include "lib/nn/sequence.h"

// Axis letters: B batch, T positions, H width of what comes in, S a state's.
namespace fdl::nn {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using OptionalTensor = std::optional<at::Tensor>;

struct Task {
  RecurrentKernel kernel;
  SequenceKind kind;
  bool wants_x = false, wants_h = false;
};

// Undefined tensors cannot be arguments of a function of autograd.
OptionalTensor optional(const at::Tensor& t) {
  return t.defined() ? OptionalTensor(t) : std::nullopt;
}

// In the order of the function's arguments.
SequenceInputs inputs_from(const variable_list& list) {
  return {list[0], list[1], list[2], list[3], list[4], list[5], list[6]};
}

// The layer by libtorch's operator: output, and then the last c.
variable_list run_plain(const Task& task, const SequenceInputs& in) {
  Stack stack;
  stack.start = {in.h_BH.unsqueeze(0)};
  if (in.c_BH.defined()) stack.start.push_back(in.c_BH.unsqueeze(0));
  stack.weights = {in.weight_ih_GI, in.weight_hh_GH};
  stack.has_biases = in.bias_ih_G.defined();
  if (stack.has_biases) stack.weights.insert(stack.weights.end(), {in.bias_ih_G, in.bias_hh_G});
  stack.training = true;
  const auto turn = [&](const at::Tensor& t) { return task.kind.reversed ? t.flip(0) : t; };
  variable_list made = task.kernel.plain({turn(in.x_TBI).transpose(0, 1), {}}, stack);
  variable_list out = {turn(made[0].transpose(0, 1))};
  if (in.c_BH.defined()) out.push_back(made[2].squeeze(0));
  return out;
}

// The gradients as functions of the inputs and of `by`, for those who differentiate them again.
variable_list differentiable_gradients(const Task& task, const variable_list& inputs,
                                       const variable_list& by) {
  const variable_list made = run_plain(task, inputs_from(inputs));
  variable_list ends, theirs, leaves;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (!by[i].defined()) continue;
    ends.push_back(made[i]);
    theirs.push_back(by[i]);
  }
  for (const at::Tensor& input : inputs) {
    if (input.defined() && input.requires_grad()) leaves.push_back(input);
  }
  variable_list found = torch::autograd::grad(ends, leaves, theirs, /*retain_graph=*/true,
                                              /*create_graph=*/true, /*allow_unused=*/true);
  variable_list out;
  std::size_t next = 0;
  for (const at::Tensor& input : inputs) {
    const bool is_leaf = input.defined() && input.requires_grad();
    out.push_back(is_leaf ? std::move(found[next++]) : at::Tensor());
  }
  return out;
}

class FusedSequence : public torch::autograd::Function<FusedSequence> {
 public:
  static variable_list forward(AutogradContext* context, const at::Tensor& x_TBH,
                               const at::Tensor& h_BS, const OptionalTensor& c_BS,
                               const at::Tensor& weight_ih, const at::Tensor& weight_hh,
                               const OptionalTensor& bias_ih, const OptionalTensor& bias_hh,
                               const Task& task) {
    const variable_list inputs = {x_TBH,
                                  h_BS,
                                  c_BS.value_or(at::Tensor()),
                                  weight_ih,
                                  weight_hh,
                                  bias_ih.value_or(at::Tensor()),
                                  bias_hh.value_or(at::Tensor())};
    const SequenceStates made = run_sequence(task.kind, inputs_from(inputs), /*keeps=*/true);
    variable_list saved = inputs;
    saved.insert(saved.end(), {made.output_TBH, made.gates, made.cells});
    context->save_for_backward(std::move(saved));
    context->set_materialize_grads(false);
    context->saved_data["task"] = at::IValue::make_capsule(c10::make_intrusive<Held>(task));
    if (!made.last_c_BH.defined()) return {made.output_TBH};
    return {made.output_TBH, made.last_c_BH};
  }

  static variable_list backward(AutogradContext* context, const variable_list& by) {
    const auto held = context->saved_data["task"].toCapsule();
    const Task& task = static_cast<const Held&>(*held).task;
    variable_list saved = context->get_saved_variables();
    const variable_list inputs(saved.begin(), saved.begin() + kNumInputs);
    variable_list out;
    if (at::GradMode::is_enabled()) {
      out = differentiable_gradients(task, inputs, by);
    } else {
      SequenceStates states;
      states.output_TBH = saved[kNumInputs];
      states.gates = saved[kNumInputs + 1];
      states.cells = saved[kNumInputs + 2];
      // Which are written over, unless another backward may come.
      if (states.gates.defined() && torch::autograd::get_current_graph_task_keep_graph())
        states.gates = states.gates.clone();
      SequenceGradients gradients = {by[0], by.size() > 1 ? by[1] : at::Tensor(), task.wants_x,
                                     task.wants_h};
      const SequenceInputs found =
          run_sequence_backward(task.kind, inputs_from(inputs), states, gradients);
      out = {found.x_TBI,        found.h_BH,      found.c_BH,     found.weight_ih_GI,
             found.weight_hh_GH, found.bias_ih_G, found.bias_hh_G};
    }
    out.emplace_back();  // of the task
    return out;
  }

 private:
  static constexpr std::ptrdiff_t kNumInputs = 7;
  struct Held : torch::CustomClassHolder {
    explicit Held(const Task& of) : task(of) {}
    Task task;
  };
};

// One layer in one direction: output, and then the last c.
variable_list run_layer(const Task& task, const SequenceInputs& in) {
  if (at::GradMode::is_enabled()) {
    return FusedSequence::apply(in.x_TBI, in.h_BH, optional(in.c_BH), in.weight_ih_GI,
                                in.weight_hh_GH, optional(in.bias_ih_G), optional(in.bias_hh_G),
                                task);
  }
  SequenceStates made = run_sequence(task.kind, in, /*keeps=*/false);
  return {std::move(made.output_TBH), std::move(made.last_c_BH)};
}

bool is_fit(const at::Tensor& t) {
  return t.scalar_type() == at::kFloat && t.device().is_cpu() && t.layout() == at::kStrided &&
         t.numel() > 0;
}

}  // namespace

bool can_fuse(const at::Tensor& x_BTH, const Stack& stack) {
  const std::int64_t S = stack.start.front().size(2), rows = x_BTH.size(0) * x_BTH.size(1);
  const bool is_projected = stack.start.back().size(2) != S;
  constexpr std::int64_t kMost = INT32_MAX;
  if (!kernels::has_blas() || is_projected || !is_fit(x_BTH) || rows > kMost || 4 * S > kMost ||
      x_BTH.size(2) > kMost)
    return false;
  for (const std::vector<at::Tensor>* list : {&stack.start, &stack.weights}) {
    for (const at::Tensor& t : *list) {
      if (!is_fit(t)) return false;
    }
  }
  return true;
}

std::vector<at::Tensor> run_fused(const RecurrentKernel& kernel, const at::Tensor& x_BTH,
                                  const Stack& stack) {
  const std::int64_t num_directions = stack.is_bidirectional ? 2 : 1;
  at::Tensor x_TBH = x_BTH.transpose(0, 1);
  std::vector<variable_list> last(stack.start.size());
  auto weight = stack.weights.begin();
  for (std::int64_t layer = 0; layer < stack.num_layers; ++layer) {
    variable_list sides;
    x_TBH = x_TBH.contiguous();
    for (std::int64_t side = 0; side < num_directions; ++side) {
      const std::int64_t place = layer * num_directions + side;
      SequenceInputs in;
      in.x_TBI = x_TBH;
      in.h_BH = stack.start[0][place].contiguous();
      if (stack.start.size() > 1) in.c_BH = stack.start[1][place].contiguous();
      in.weight_ih_GI = (weight++)->contiguous();
      in.weight_hh_GH = (weight++)->contiguous();
      if (stack.has_biases) in.bias_ih_G = (weight++)->contiguous();
      if (stack.has_biases) in.bias_hh_G = (weight++)->contiguous();
      const Task task = {
          kernel, {kernel.gates, side == 1}, in.x_TBI.requires_grad(), in.h_BH.requires_grad()};
      const variable_list made = run_layer(task, in);
      sides.push_back(made[0]);
      last[0].push_back(made[0][side == 1 ? 0 : -1]);
      if (stack.start.size() > 1) last[1].push_back(made[1]);
    }
    x_TBH = num_directions == 1 ? sides[0] : at::cat(sides, 2);
  }
  std::vector<at::Tensor> out = {x_TBH.transpose(0, 1)};
  for (const variable_list& states : last) out.push_back(at::stack(states));
  return out;
}

}  // namespace fdl::nn
