#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <ATen/core/Tensor.h>

#include "lib/base/result.h"
#include "lib/catalog/catalog.h"
#include "lib/config/tree.h"
#include "lib/graph/graph.h"
#include "lib/job/job.h"
#include "lib/nn/forward.h"
#include "lib/tensor/tensor_file.h"

// What the engine's tests share.
namespace fdl::testing {

// The one relative tolerance of comparisons with PyTorch: f32 rounds to 6e-8, and kernels of
// another CPU or thread count may add in another order.
inline constexpr double kParity = 1e-6;

// Whether shapes and dtypes agree and |a - b| <= tolerance * the largest |b|, everywhere.
bool is_close(const at::Tensor& a, const at::Tensor& b, double tolerance);

// The same bits.
bool is_same(const at::Tensor& a, const at::Tensor& b);

// Test text that cannot be read, bound or built fails the test.
config::Node yaml(const std::string& text);
catalog::Choice choose(catalog::EntryKind kind, const std::string& text);
// The groups of an optimizer among parameters of those paths.
std::vector<job::ParameterGroup> groups_of(const std::string& optimizer,
                                           const std::vector<std::string>& paths);
// `model`: the value of the key `model`, as a block of YAML without indentation.
graph::Graph build(const std::string& model);

catalog::TensorType type_of(const at::Tensor& tensor);  // absent when undefined

// Normally distributed, from a stream of its own for each seed.
at::Tensor random_tensor(const std::vector<std::int64_t>& shape, std::uint64_t seed,
                         at::ScalarType dtype = at::kFloat);

// One module by itself, with parameters from a manifest's text.
struct BoundModule {
  const catalog::ModuleSpec* spec = nullptr;
  std::shared_ptr<void> params;
  std::optional<std::vector<catalog::TensorType>> outputs;  // empty: the rule refuses the input

  // Shapes, by name, of the tensors that it owns; only when the rule accepts the input.
  std::map<std::string, std::vector<std::int64_t>> owned() const;
};
// Empty when the parameters are refused.
std::optional<BoundModule> bind_module(const std::string& name, const config::Node& params,
                                       const std::vector<catalog::TensorType>& inputs);

std::vector<catalog::TensorType> types_of(const std::vector<at::Tensor>& tensors);

// A module's own example with random inputs, floating-point ones in double.
struct Example {
  BoundModule module;
  std::vector<at::Tensor> inputs;  // one for each of the spec's; undefined where absent
};
Example example_of(const std::string& name);

// Normal numbers made into what a loss takes: into probabilities by a sigmoid, and so on.
at::Tensor of_kind(catalog::Values values, const at::Tensor& raw);

// A batch of 3 samples of what a loss compares, by its own examples; floating-point ones in double,
// optional ones undefined.
std::vector<at::Tensor> loss_sample(const std::string& name);

// A file of tests/parity, by tensor name.
struct ParityFile {
  std::string name;  // "conv2d_plain"
  std::map<std::string, std::string> metadata;
  std::map<std::string, at::Tensor> tensors;

  bool has(const std::string& tensor) const { return tensors.count(tensor) != 0; }
  const at::Tensor& operator[](const std::string& tensor) const;
};
// Those whose metadata has that key: "module", "loss", "optimizer" or "schedule".
std::vector<ParityFile> parity_files(const std::string& kind);

}  // namespace fdl::testing
