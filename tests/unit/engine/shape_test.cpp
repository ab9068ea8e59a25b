#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>

#include "lib/base/check.h"
#include "lib/tensor/dtype.h"
#include "lib/tensor/random.h"
#include "tests/unit/engine/support.h"

// A shape rule is a promise about libtorch. This holds every module to it, those that nobody has
// written yet included.
namespace fdl::testing {
namespace {

using tensor::RandomStream;

constexpr std::uint64_t kSeeds = 150;  // of each module
constexpr int kLeastAccepted = 10;     // or the law would hold of a rule that refuses everything

std::int64_t pick(RandomStream& stream, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(high - low + 1)));
}

// A value for a parameter, from what the catalogue says of its type; most of them legal.
std::string value_for(const config::FieldSpec& field, RandomStream& stream) {
  const auto integer = [&] { return std::to_string(pick(stream, -1, 4)); };
  if (!field.choices.empty()) return field.choices[stream.below(field.choices.size())];
  if (field.type == "true or false") return stream.below(2) == 0 ? "true" : "false";
  if (field.type.starts_with("a number")) return std::to_string(stream.below(10)) + "e-1";
  REQUIRE_MESSAGE(field.type.starts_with("an integer"), field.type, ": teach this test that type");
  if (field.type.find("'same'") != std::string::npos && stream.below(2) == 0) return "same";
  const bool takes_list = field.type.find("list of 2") != std::string::npos;
  if (takes_list && stream.below(2) == 0) return "[" + integer() + ", " + integer() + "]";
  return integer();
}

config::Node random_params(const catalog::ModuleSpec& spec, RandomStream& stream) {
  std::string text;
  for (const auto& field : spec.record.fields) {
    // Sizes that are inferred would mostly contradict the input.
    const bool given = field.is_required || stream.below(field.is_inferred ? 10 : 2) == 0;
    if (given) text += field.name + ": " + value_for(field, stream) + "\n";
  }
  return text.empty() ? config::Node() : yaml(text);
}

at::Tensor random_input(const catalog::ModuleSpec& spec, RandomStream& stream) {
  std::vector<std::int64_t> shape;
  const std::int64_t rank = pick(stream, 1, 4);
  for (std::int64_t i = 0; i < rank; ++i) shape.push_back(pick(stream, 1, 9));
  const bool is_integer = spec.inputs.front().dtype == catalog::DTypeClass::Integer;
  return at::zeros(shape, is_integer ? at::kLong : at::kFloat);
}

// Runs the forward on zeros; empty when libtorch refuses.
std::optional<catalog::TensorType> measure(const BoundModule& module, const at::Tensor& input) {
  std::vector<std::string> names;
  std::vector<at::Tensor> values;
  for (const auto& spec : module.spec->tensors) {
    if (!spec.is_present(module.params.get())) continue;
    names.push_back(spec.name);
    values.push_back(at::zeros(module.owned().at(spec.name), tensor::scalar_type(spec.dtype)));
  }
  nn::StepContext context;
  try {
    return type_of(nn::find_forward(module.spec->name())(module.params.get(), {names, values},
                                                         {input}, context));
  } catch (const std::exception& thrown) {
    MESSAGE(thrown.what());
    return std::nullopt;
  }
}

}  // namespace

TEST_CASE("what a shape rule accepts, libtorch computes in that shape") {
  const at::NoGradGuard no_grad;
  for (const std::string& name : catalog::module_names()) {
    const catalog::ModuleSpec& spec = *catalog::find_module(name);
    int num_accepted = 0;
    for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
      CAPTURE(name);
      CAPTURE(seed);
      RandomStream stream(tensor::StreamKey(seed, tensor::Purpose::Synthetic).with(name));
      const config::Node params = random_params(spec, stream);
      const at::Tensor input = random_input(spec, stream);
      CAPTURE(catalog::to_string(type_of(input)));
      const auto module = bind_module(name, params, {type_of(input)});
      if (!module || !module->outputs) continue;
      ++num_accepted;
      const auto measured = measure(*module, input);
      REQUIRE(measured.has_value());
      CHECK(catalog::to_string(*measured) == catalog::to_string(module->outputs->front()));
    }
    CAPTURE(name);
    CHECK(num_accepted >= kLeastAccepted);
  }
}

}  // namespace fdl::testing
