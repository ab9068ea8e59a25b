#include <algorithm>
#include <set>

#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/unit/engine/support.h"

#undef CHECK  // libtorch's logging has one, too
#define CHECK DOCTEST_CHECK

// Each module against what PyTorch computed: output, gradients, and buffers afterwards.
namespace fdl::testing {
namespace {

constexpr double kOfGradients = 2 * kParity;  // what the way there rounded is summed once more

struct Given {
  nn::Tensors own;
  std::vector<std::string> trained;  // names, and the leaves under them
  std::vector<at::Tensor> leaves;
  std::map<std::string, at::Tensor> buffers;
};

// The stored tensors in the places where the catalogue says the module has them.
Given give(const BoundModule& module, const ParityFile& file) {
  Given out;
  std::vector<std::string> names;
  std::vector<at::Tensor> values;
  for (const auto& spec : module.spec->owned(module.params.get())) {
    const std::string key = (spec.is_buffer ? "buffer." : "param.") + spec.name;
    const at::Tensor value = file[key].clone();
    CHECK(value.sizes().vec() == module.spec->tensor_shape(spec, module.params.get()));
    names.push_back(spec.name);
    values.push_back(value);
    if (spec.is_buffer) {
      out.buffers[spec.name] = value;
    } else {
      out.trained.push_back(spec.name);
      out.leaves.push_back(value.requires_grad_());
    }
  }
  out.own = nn::Tensors(names, values);
  return out;
}

// "input" or "output" for the first, "input.mask" or "output.h_n" for the others.
std::string key_of(const std::string& what, const std::string& name, std::size_t index) {
  return index == 0 ? what : what + "." + name;
}

void check_gradients(const ParityFile& file, const BoundModule& module, const nn::Outputs& outputs,
                     const std::vector<at::Tensor>& inputs, const Given& given) {
  std::vector<std::string> keys;
  std::vector<at::Tensor> leaves = given.leaves, ends, weights;
  const std::vector<std::string> ports = module.spec->output_names(module.params.get());
  for (const std::string& name : given.trained) keys.push_back("grad_param." + name);
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined() || !inputs[i].requires_grad()) continue;
    keys.push_back(key_of("grad_input", module.spec->inputs[i].name, i));
    leaves.push_back(inputs[i]);
  }
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].requires_grad()) continue;
    ends.push_back(outputs[i]);
    weights.push_back(file[key_of("grad_output", ports[i], i)]);
  }
  if (leaves.empty() || ends.empty()) return;
  const auto found = torch::autograd::grad(ends, leaves, weights);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CAPTURE(keys[i]);
    CHECK(is_close(found[i], file[keys[i]], kOfGradients));
  }
}

std::vector<at::Tensor> stored_inputs(const ParityFile& file, const catalog::ModuleSpec& spec) {
  std::vector<at::Tensor> out;
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    const std::string key = key_of("input", spec.inputs[i].name, i);
    out.push_back(file.has(key) ? file[key].clone() : at::Tensor());
  }
  return out;
}

void check_module(const ParityFile& file) {
  const std::string name = file.metadata.at("module");
  const catalog::ModuleSpec& spec = *catalog::find_module(name);
  std::vector<at::Tensor> inputs = stored_inputs(file, spec);
  const auto module = bind_module(name, yaml(file.metadata.at("params")), types_of(inputs));
  REQUIRE(module.has_value());
  REQUIRE(module->outputs.has_value());
  const Given given = give(*module, file);
  for (at::Tensor& input : inputs) {
    if (input.defined() && input.is_floating_point()) input.requires_grad_();
  }
  nn::StepContext context;
  context.training = file.metadata.at("train") == "true";
  const nn::Outputs outputs =
      nn::find_forward(name)(module->params.get(), given.own, inputs, context);
  const std::vector<std::string> ports = spec.output_names(module->params.get());
  REQUIRE(outputs.size() == ports.size());
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    CAPTURE(ports[i]);
    CHECK(is_close(outputs[i], file[key_of("output", ports[i], i)], kParity));
    CHECK(type_of(outputs[i]) == (*module->outputs)[i]);
  }
  check_gradients(file, *module, outputs, inputs, given);
  for (const auto& [buffer, value] : given.buffers) {
    CAPTURE(buffer);
    CHECK(is_close(value, file["buffer_after." + buffer], kParity));
  }
}

}  // namespace

TEST_CASE("each module computes what PyTorch computes") {
  std::set<std::string> seen;
  for (const ParityFile& file : parity_files("module")) {
    CAPTURE(file.name);
    seen.insert(file.metadata.at("module"));
    check_module(file);
  }
  for (const std::string& name : catalog::module_names()) {
    CAPTURE(name);
    // What draws random numbers has no fixed answer; dropout_test.cpp holds it to statistics.
    if (!catalog::find_module(name)->draws) CHECK(seen.count(name) == 1);
  }
}

}  // namespace fdl::testing
