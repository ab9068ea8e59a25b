#include <algorithm>
#include <set>

#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/unit/engine/support.h"

// Each module against what PyTorch computed: output, gradients, and buffers afterwards.
namespace fdl::testing {
namespace {

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
  for (const auto& spec : module.spec->tensors) {
    if (!spec.is_present(module.params.get())) continue;
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

void check_gradients(const ParityFile& file, const at::Tensor& output, const at::Tensor& input,
                     const Given& given) {
  std::vector<std::string> keys;
  std::vector<at::Tensor> leaves = given.leaves;
  for (const std::string& name : given.trained) keys.push_back("grad_param." + name);
  if (input.requires_grad()) {
    keys.emplace_back("grad_input");
    leaves.push_back(input);
  }
  if (leaves.empty()) return;
  const auto found = torch::autograd::grad({output}, leaves, {file["grad_output"]});
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CAPTURE(keys[i]);
    CHECK(is_close(found[i], file[keys[i]], kParity));
  }
}

void check_module(const ParityFile& file) {
  const std::string name = file.metadata.at("module");
  at::Tensor input = file["input"].clone();
  const auto module = bind_module(name, yaml(file.metadata.at("params")), {type_of(input)});
  REQUIRE(module.has_value());
  REQUIRE(module->outputs.has_value());
  const Given given = give(*module, file);
  if (input.is_floating_point()) input.requires_grad_();
  nn::StepContext context;
  context.training = file.metadata.at("train") == "true";
  const at::Tensor output =
      nn::find_forward(name)(module->params.get(), given.own, {input}, context);
  CHECK(is_close(output, file["output"], kParity));
  CHECK(type_of(output) == module->outputs->front());
  check_gradients(file, output, input, given);
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
