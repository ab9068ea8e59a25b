#include <set>

#include <ATen/ops/linalg_matrix_norm.h>
#include <ATen/ops/tensor.h>
#include <doctest/doctest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/unit/engine/model.h"

// Tensors that are computed from others before each forward.
namespace fdl::testing {
namespace {

// One module over a sample like the file's, called m.
std::string model_text(const ParityFile& file) {
  catalog::TensorType type = type_of(file["input"]);
  type.shape.erase(type.shape.begin());
  const auto& told = file.metadata;
  std::string how = fmt::format("{{ {}: {} }}", told.at("parametrization"), told.at("params"));
  if (told.count("then") != 0) how = fmt::format("[{}, {}", how, told.at("then").substr(1));
  return fmt::format(
      "inputs: {{ x: \"{}\" }}\nflow:\n  - {{ name: m, {}: {}, parametrize: {{ {}: {} }} }}\n",
      to_string(type), told.at("of"), told.at("of_params"), told.at("tensor"), how);
}

// Gives the model the file's tensors; the keys are those of PyTorch's state_dict.
void load_state(const Model& model, const ParityFile& file) {
  std::set<std::string> ours, theirs;
  for (const auto& [name, value] : file.tensors) {
    if (name.starts_with("state.")) theirs.insert(name.substr(6));
  }
  for (const auto& t : model.store.tensors()) {
    ours.insert(t.name.substr(2));
    if (theirs.count(t.name.substr(2)) != 0)
      t.value.detach().copy_(file["state." + t.name.substr(2)]);
  }
  CHECK(ours == theirs);
}

void check_parametrization(const ParityFile& file) {
  const Model model(model_text(file));
  load_state(model, file);
  at::Tensor x = file["input"].clone();
  if (x.is_floating_point()) x.requires_grad_();
  std::vector<std::string> keys;
  std::vector<at::Tensor> leaves;
  for (const auto& t : model.store.parameters()) {
    keys.push_back("grad." + t.name.substr(2));
    leaves.push_back(t.value);
  }
  if (x.requires_grad()) {
    keys.emplace_back("grad_input");
    leaves.push_back(x);
  }
  const at::Tensor out = model.run({x}, true);
  CHECK(is_close(out, file["output"], kParity));
  const auto found = torch::autograd::grad({out}, leaves, {file["grad_output"]});
  for (std::size_t i = 0; i < keys.size(); ++i) {
    CAPTURE(keys[i]);
    CHECK(is_close(found[i], file[keys[i]], kParity));
  }
  for (const auto& t : model.store.tensors()) {
    CAPTURE(t.name);
    CHECK(is_close(t.value, file["after." + t.name.substr(2)], kParity));
  }
  CHECK(is_close(model.run({x.detach()}), file["output_eval"], kParity));
}

std::string with(const std::string& how, const std::string& more = "") {
  return "inputs: { x: \"f32[5]\" }\nflow:\n  - { name: m, linear: 4, parametrize: { weight: " +
         how + " }" + more + " }\n";
}

}  // namespace

TEST_CASE("each parametrization computes what PyTorch computes") {
  std::set<std::string> seen;
  for (const ParityFile& file : parity_files("parametrization")) {
    CAPTURE(file.name);
    seen.insert(file.metadata.at("parametrization"));
    check_parametrization(file);
  }
  const auto names = catalog::entry_names(catalog::EntryKind::Parametrization);
  CHECK(seen == std::set<std::string>(names.begin(), names.end()));
}

TEST_CASE("weight_norm starts with the lengths that the tensor has, init included") {
  for (const char* more : {"", ", init: { weight: { constant: 2 } }"}) {
    const Model model(with("weight_norm", more));
    const at::Tensor weight = model["m.parametrizations.weight.original1"];
    const at::Tensor x = random_tensor({3, 5}, 1);
    CHECK(
        is_close(model["m.parametrizations.weight.original0"], weight.norm(2, {1}, true), kParity));
    CHECK(is_close(model.run({x}), x.mm(weight.t()).add(model["m.bias"]), 1e-5));
  }
}

TEST_CASE("spectral_norm starts near the largest singular value, and stays there when frozen") {
  const Model model(with("spectral_norm", ", freeze: true"));
  const at::Tensor original = model["m.parametrizations.weight.original"].to(at::kDouble);
  const at::Tensor left = model["m.parametrizations.weight.0._u"].to(at::kDouble),
                   right = model["m.parametrizations.weight.0._v"].to(at::kDouble);
  const double found = left.dot(original.mv(right)).item<double>();
  CHECK(found ==
        doctest::Approx(at::linalg_matrix_norm(original, 2.0).item<double>()).epsilon(0.02));
  const at::Tensor before = right.clone();
  (void)model.run({random_tensor({3, 5}, 1)}, true);
  CHECK(is_same(model["m.parametrizations.weight.0._v"].to(at::kDouble), before));
}

TEST_CASE("a list of parametrizations begins with what the tensor would have been") {
  const Model model(with("[spectral_norm, { spectral_norm: 3 }]"));
  const at::Tensor original = model["m.parametrizations.weight.original"];
  const at::Tensor left = model["m.parametrizations.weight.1._u"],
                   right = model["m.parametrizations.weight.1._v"];
  const double largest = at::linalg_matrix_norm(original, 2.0).item<double>();
  CHECK(left.dot(original.mv(right)).item<double>() == doctest::Approx(largest).epsilon(0.02));
  // The second divides by what is nearly 1.
  const at::Tensor x = random_tensor({3, 5}, 1);
  const at::Tensor expected = x.mm(original.div(largest).t()).add(model["m.bias"]);
  CHECK(model.run({x}).sub(expected).abs().max().item<double>() < 0.05);
}

TEST_CASE("weights that a loop shares are computed in each turn") {
  const Model model(R"(inputs: { x: "f32[5]" }
flow:
  - loop: { times: 3, body: [{ name: m, linear: 5, parametrize: { weight: spectral_norm } }, tanh] }
)");
  const at::Tensor x = random_tensor({3, 5}, 1), out = model.run({x}, true);
  const auto found = exec::gradients(out.sum(), model.store.parameters());
  REQUIRE(found.has_value());
  for (const at::Tensor& gradient : *found) CHECK(gradient.abs().sum().item<double>() > 0);
}

}  // namespace fdl::testing
