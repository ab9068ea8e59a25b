#include <algorithm>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/zeros.h>
#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include "lib/base/check.h"
#include "lib/tensor/dtype.h"
#include "lib/tensor/random.h"
#include "tests/unit/engine/support.h"

// A shape rule is a promise about libtorch. This holds every module to it, those that nobody has
// written yet included.
namespace fdl::testing {
namespace {

using tensor::RandomStream;

constexpr std::uint64_t kSeeds = 300;  // of each module
constexpr int kLeastAccepted = 10;     // or the law would hold of a rule that refuses everything

std::string text_of(const std::vector<catalog::TensorType>& types) {
  std::string out;
  for (const auto& type : types) out += (type.is_absent ? "-" : catalog::to_string(type)) + " ";
  return out;
}

std::int64_t pick(RandomStream& stream, std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(high - low + 1)));
}

// A whole number near the parameter's range: most of them legal.
std::string integer_for(const config::FieldSpec& field, RandomStream& stream) {
  if (field.range == "at least 1" && stream.below(8) != 0)
    return std::to_string(pick(stream, 1, 4));
  return std::to_string(pick(stream, -1, 4));
}

// How many numbers a list of that type has; 0 when it takes none.
std::int64_t list_length(const std::string& type, RandomStream& stream) {
  const std::size_t at = type.find("list");
  if (at == std::string::npos) return 0;
  const std::string_view after = std::string_view(type).substr(at + 4);
  return after.starts_with(" of ") ? after[4] - '0' : pick(stream, 1, 3);
}

// A value for a parameter, from what the catalogue says of its type.
std::string value_for(const config::FieldSpec& field, RandomStream& stream) {
  const std::string& type = field.type;
  if (!field.choices.empty()) return field.choices[stream.below(field.choices.size())];
  if (type == "true or false") return stream.below(2) == 0 ? "true" : "false";
  if (type.find("null") != std::string::npos && stream.below(5) == 0) return "null";
  if (type.find("'same'") != std::string::npos && stream.below(2) == 0) return "same";
  const bool is_number = type.starts_with("a number");
  const bool is_list = type.starts_with("a list, each item an integer");
  REQUIRE_MESSAGE((is_number || is_list || type.starts_with("an integer")), type,
                  ": teach this test that type");
  const auto one = [&] {
    return is_number ? std::to_string(stream.below(10)) + "e-1" : integer_for(field, stream);
  };
  const std::int64_t length = is_list || stream.below(2) == 0 ? list_length(type, stream) : 0;
  if (length == 0) return one();
  std::string out;
  for (std::int64_t i = 0; i < length; ++i) out += (i == 0 ? "[" : ", ") + one();
  return out + "]";
}

config::Node random_params(const catalog::ModuleSpec& spec, RandomStream& stream) {
  std::string text;
  const BoundModule example = example_of(spec.name()).module;
  // Of a list or a text, most random values make no sense: half are the example's, or all.
  const auto from_example = [&](const config::FieldSpec& field) {
    if (field.type == "a text" && field.choices.empty()) return true;
    return field.type.find("list") != std::string::npos && stream.below(2) == 0;
  };
  for (const auto& field : spec.record.fields) {
    // Sizes that are inferred would mostly contradict the input.
    const bool given = field.is_required || stream.below(field.is_inferred ? 10 : 2) == 0;
    if (!given) continue;
    const std::string value =
        from_example(field) ? field.show(example.params.get()) : value_for(field, stream);
    text += fmt::format("{}: {}\n", field.name, value);
  }
  return text.empty() ? config::Node() : yaml(text);
}

// Half of the time the inputs of the module's example with some axes of another size, else any.
std::vector<at::Tensor> random_inputs(const catalog::ModuleSpec& spec, RandomStream& stream) {
  std::vector<at::Tensor> out;
  const bool near_example = spec.inputs.size() > 1 || stream.below(2) == 0;
  const std::vector<at::Tensor> example = example_of(spec.name()).inputs;
  const std::int64_t from = pick(stream, 1, 9), to = pick(stream, 1, 9);
  for (std::size_t i = 0; i < spec.inputs.size(); ++i) {
    if (!example[i].defined() || (spec.inputs[i].is_optional && stream.below(2) == 0)) {
      out.emplace_back();
      continue;
    }
    std::vector<std::int64_t> shape = example[i].sizes().vec();
    if (!near_example) shape.resize(static_cast<std::size_t>(pick(stream, 1, 5)), 1);
    for (std::int64_t& size : shape) {
      if (!near_example) size = pick(stream, 1, 9);
      if (size == from) size = to;  // everywhere alike, so that axes which must agree still do
      if (stream.below(20) == 0) size = pick(stream, 1, 9);
    }
    if (!shape.empty()) shape[0] = std::max<std::int64_t>(shape[0], 2);  // batch_norm needs two
    const bool is_whole = !example[i].is_floating_point();
    at::ScalarType dtype = is_whole ? example[i].scalar_type() : at::kFloat;
    // The stream of a module that takes anything.
    constexpr at::ScalarType kOthers[] = {at::kBool, at::kByte, at::kInt, at::kLong, at::kDouble};
    if (i == 0 && spec.inputs[0].dtype == catalog::DTypeClass::Any && stream.below(3) == 0)
      dtype = kOthers[stream.below(std::size(kOthers))];
    out.push_back(at::zeros(shape, dtype));
  }
  return out;
}

// Runs the forward on zeros; empty when libtorch refuses.
std::optional<std::string> measure(const BoundModule& module,
                                   const std::vector<at::Tensor>& inputs) {
  std::vector<std::string> names;
  std::vector<at::Tensor> values;
  for (const auto& spec : module.spec->owned(module.params.get())) {
    names.push_back(spec.name);
    values.push_back(at::zeros(module.owned().at(spec.name), tensor::scalar_type(spec.dtype)));
  }
  nn::StepContext context;
  try {
    return text_of(types_of(nn::find_forward(module.spec->name())(
        module.params.get(), {names, values}, inputs, context)));
  } catch (const std::exception& thrown) {
    MESSAGE(std::string(thrown.what()));
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
      const std::vector<at::Tensor> inputs = random_inputs(spec, stream);
      CAPTURE(text_of(types_of(inputs)));
      const auto module = bind_module(name, params, types_of(inputs));
      if (!module || !module->outputs) continue;
      ++num_accepted;
      const auto measured = measure(*module, inputs);
      CHECK(measured.value_or("libtorch refuses") == text_of(*module->outputs));
    }
    CAPTURE(name);
    CHECK(num_accepted >= kLeastAccepted);
  }
}

}  // namespace fdl::testing
