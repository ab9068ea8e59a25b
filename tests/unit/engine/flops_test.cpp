#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <ATen/core/ivalue.h>
#include <ATen/record_function.h>
#include <doctest/doctest.h>

#include "lib/catalog/recurrent.h"
#include "tests/unit/engine/support.h"

// What `fdl explain` says of operations is a promise about what libtorch runs: matrix products and
// convolutions are counted as they are called, from the shapes that they get.
namespace fdl::testing {
namespace {

thread_local std::int64_t counted = 0;
thread_local int depth = 0;  // inside an operator that was counted: what it calls is not

std::int64_t size(const at::RecordFunction& call, std::size_t input, std::int64_t dim) {
  return call.inputs()[input].toTensor().size(dim);
}

// Multiplications and additions of [M, K] by [K, N], the first of which is that input; with
// `batched`, of as many pairs as axis 0 says.
std::int64_t product(const at::RecordFunction& call, std::size_t input, bool batched) {
  const std::int64_t first = batched ? 1 : 0;
  const std::int64_t pairs = batched ? size(call, input, 0) : 1;
  return 2 * pairs * size(call, input, first) * size(call, input, first + 1) *
         size(call, input + 1, first + 1);
}

// Of aten::convolution(input, weight, bias, stride, padding, dilation, transposed, ...): each
// element of the weight takes part at each place of the output, or of the input when transposed.
std::int64_t convolution(const at::RecordFunction& call) {
  const at::Tensor x = call.inputs()[0].toTensor(), weight = call.inputs()[1].toTensor();
  const auto stride = call.inputs()[3].toIntVector(), padding = call.inputs()[4].toIntVector(),
             dilation = call.inputs()[5].toIntVector();
  std::int64_t out = 2 * x.size(0) * weight.numel();
  for (std::int64_t i = 2; i < x.dim(); ++i) {
    // One number stands for all axes.
    const auto along = [i](const std::vector<std::int64_t>& list) {
      return list.size() == 1 ? list[0] : list[static_cast<std::size_t>(i - 2)];
    };
    const std::int64_t reach = along(dilation) * (weight.size(i) - 1);
    const bool is_transposed = call.inputs()[6].toBool();
    out *= is_transposed ? x.size(i)
                         : (x.size(i) + 2 * along(padding) - reach - 1) / along(stride) + 1;
  }
  return out;
}

// Of aten::convolution_backward(grad_output, input, weight, bias_sizes, stride, padding, dilation,
// transposed, output_padding, groups, output_mask): as the forward, for each gradient asked for.
std::int64_t convolution_gradients(const at::RecordFunction& call) {
  const bool is_transposed = call.inputs()[7].toBool();
  const at::Tensor places = call.inputs()[is_transposed ? 1 : 0].toTensor(),
                   weight = call.inputs()[2].toTensor();
  const auto asked = call.inputs()[10].toBoolList();
  std::int64_t out = 2 * places.size(0) * weight.numel() * (asked[0] + asked[1]);
  for (std::int64_t i = 2; i < places.dim(); ++i) out *= places.size(i);
  return out;
}

std::int64_t operations(const at::RecordFunction& call) {
  const std::string_view name = call.name();
  if (name == "aten::mm") return product(call, 0, false);
  if (name == "aten::addmm") return product(call, 1, false);
  if (name == "aten::bmm") return product(call, 0, true);
  if (name == "aten::baddbmm") return product(call, 1, true);
  if (name == "aten::mv") return 2 * call.inputs()[0].toTensor().numel();
  if (name == "aten::convolution") return convolution(call);
  if (name == "aten::_scaled_dot_product_flash_attention_for_cpu") {
    const at::Tensor q = call.inputs()[0].toTensor();
    return 2 * q.numel() * size(call, 1, 2) +
           2 * q.numel() / q.size(3) * size(call, 1, 2) * size(call, 2, 3);
  }
  if (name == "aten::convolution_backward") return convolution_gradients(call);
  if (name == "aten::_scaled_dot_product_flash_attention_for_cpu_backward") {
    const at::Tensor q = call.inputs()[1].toTensor();
    return 4 * q.numel() * size(call, 2, 2) +
           4 * q.numel() / q.size(3) * size(call, 2, 2) * size(call, 3, 3);
  }
  return 0;
}

struct Counted : at::ObserverContext {};

std::unique_ptr<at::ObserverContext> start(const at::RecordFunction& call) {
  const std::int64_t found = depth == 0 ? operations(call) : 0;
  if (found == 0 && depth == 0) return nullptr;
  counted += found;
  ++depth;
  return std::make_unique<Counted>();
}

void finish(const at::RecordFunction&, at::ObserverContext* context) {
  if (context != nullptr) --depth;
}

template <typename Work>
std::int64_t counted_in(const Work& work) {
  counted = 0;
  const at::CallbackHandle handle =
      at::addThreadLocalCallback(at::RecordFunctionCallback(start, finish)
                                     .needsInputs(true)
                                     .scopes({at::RecordScope::FUNCTION}));
  work();
  at::removeCallback(handle);
  return counted;
}

// Of what a pass gives: outputs, or in a backward pass gradients of the inputs that can have them,
// of the owned tensors, or of both.
enum class Gives { Outputs, InputGradients, TensorGradients, AllGradients };

// For a gradient, where it can have one.
at::Tensor asking(const at::Tensor& tensor) {
  const bool can = tensor.defined() && tensor.is_floating_point();
  return can ? tensor.detach().requires_grad_() : tensor;
}

std::int64_t counted_operations(const Example& example, Gives what) {
  std::vector<std::string> names;
  std::vector<at::Tensor> values;
  const void* params = example.module.params.get();
  const bool of_tensors = what == Gives::TensorGradients || what == Gives::AllGradients;
  for (const catalog::TensorSpec& tensor : example.module.spec->owned(params)) {
    names.push_back(tensor.name);
    const auto shape = example.module.spec->tensor_shape(tensor, params);
    values.push_back(random_tensor(shape, 1, at::kDouble).abs().add(0.5));
    if (tensor.dtype == catalog::DType::I64) values.back() = values.back().to(at::kLong);
    if (of_tensors && !tensor.is_buffer) values.back() = asking(values.back());
  }
  nn::StepContext context;
  context.node_path = "x";
  context.training = true;
  const nn::Forward forward = nn::find_forward(example.module.spec->name());
  std::vector<at::Tensor> inputs = example.inputs;
  if (what == Gives::Outputs)
    return counted_in([&] { forward(params, nn::Tensors(names, values), inputs, context); });
  if (what == Gives::InputGradients || what == Gives::AllGradients)
    std::transform(inputs.begin(), inputs.end(), inputs.begin(), asking);
  const auto outputs = forward(params, nn::Tensors(names, values), inputs, context);
  const at::Tensor sum = outputs.front().sum();
  if (!sum.requires_grad()) return 0;
  return counted_in([&] { sum.backward(); });
}

// Whether products are all that its formula has.
bool is_product(std::string_view name) {
  static const std::set<std::string_view> kNames = {
      "linear", "matmul", "einsum", "rnn", "lstm", "gru", "rnn_cell", "lstm_cell", "gru_cell"};
  return name.starts_with("conv") || kNames.count(name) != 0;
}

}  // namespace

TEST_CASE("each module declares the products and convolutions that it runs, and little else") {
  int num_compared = 0;
  for (const std::string& name : catalog::module_names()) {
    CAPTURE(name);
    Example example = example_of(name);
    const catalog::ModuleSpec& spec = *example.module.spec;
    // What lies beyond a sequence's end is not computed, but declared.
    for (std::size_t i = 0; i < example.inputs.size(); ++i) {
      if (spec.inputs[i].name == "lengths") example.inputs[i].reset();
    }
    const std::int64_t runs = counted_operations(example, Gives::Outputs);
    if (runs == 0) continue;
    ++num_compared;
    const std::vector<catalog::TensorType> inputs = types_of(example.inputs);
    const std::int64_t declared =
        spec.flops(example.module.params.get(), inputs, *example.module.outputs).number();
    INFO("declares " << declared << " and runs " << runs);
    if (is_product(name)) CHECK(declared == runs);
    // Functions of single elements come on top; some kernels do more than the formula.
    CHECK(declared >= 3 * runs / 4);
    CHECK(declared <= 2 * runs);
  }
  CHECK(num_compared > 15);
}

TEST_CASE("each module declares the products that its backward pass runs, and little else") {
  const std::map<std::string, std::int64_t> num_gates = {{"rnn", 1}, {"lstm", 4}, {"gru", 3}};
  int num_compared = 0;
  for (const std::string& name : catalog::module_names()) {
    CAPTURE(name);
    Example example = example_of(name);
    const catalog::ModuleSpec& spec = *example.module.spec;
    const void* params = example.module.params.get();
    // Not computed beyond a sequence's end, nor going to what is before its first step.
    const bool is_recurrent = num_gates.count(name) != 0;
    for (std::size_t i = 1; is_recurrent && i < example.inputs.size(); ++i)
      example.inputs[i].reset();
    std::int64_t of_first_states = 0;
    if (is_recurrent) {
      const auto& p = *static_cast<const catalog::RecurrentParams*>(params);
      of_first_states = 2 * example.inputs[0].size(0) * num_gates.at(name) * p.hidden_size *
                        p.hidden_size * p.num_layers * p.num_directions();
    }
    for (const Gives what : {Gives::InputGradients, Gives::TensorGradients, Gives::AllGradients}) {
      const std::int64_t runs = counted_operations(example, what);
      if (runs == 0) continue;
      ++num_compared;
      const std::int64_t declared =
          spec.backward_flops(params, types_of(example.inputs), *example.module.outputs,
                              what != Gives::TensorGradients, what != Gives::InputGradients)
              .number() -
          of_first_states;
      const std::int64_t kind = static_cast<std::int64_t>(what);
      INFO("declares " << declared << " and runs " << runs << " of kind " << kind);
      if (is_product(name)) CHECK(declared == runs);
      CHECK(declared >= 3 * runs / 4);
      CHECK(declared <= 2 * runs);
    }
  }
  CHECK(num_compared > 30);
}

}  // namespace fdl::testing
