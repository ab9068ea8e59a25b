#include <doctest/doctest.h>

#include "tests/unit/engine/support.h"

// Shapes whose sizes are names, such as the length T of a signal.
namespace fdl::testing {
namespace {

using catalog::Dim;

// The output's shape as text for an input f32[B, axes], or why there is none.
std::string shape_of(const std::string& name, const std::string& params,
                     const std::vector<Dim>& axes) {
  catalog::Shape shape = {Dim::named("B")};
  shape.insert(shape.end(), axes.begin(), axes.end());
  const catalog::ModuleSpec& spec = *catalog::find_module(name);
  const auto module = bind_module(name, yaml(params), {{catalog::DType::F32, shape}});
  REQUIRE(module.has_value());
  if (module->outputs) return to_string(module->outputs->front().shape);
  const auto again = spec.infer(module->params.get(), {{catalog::DType::F32, shape}});
  return again ? "accepted the second time" : again.error();
}

}  // namespace

TEST_CASE("named axes pass through what slides over them") {
  const Dim t = Dim::named("T");
  CHECK(shape_of("conv1d", "{out: 5, kernel: 3, padding: same}", {4, t}) == "[B, 5, T]");
  CHECK(shape_of("conv1d", "{out: 5, kernel: 3}", {4, t}) == "[B, 5, T - 2]");
  CHECK(shape_of("conv_transpose1d", "{out: 5, kernel: 2, stride: 2}", {4, t}) == "[B, 5, 2*T]");
  CHECK(shape_of("max_pool1d", "2", {4, t * Dim(2)}) == "[B, 4, T]");
  CHECK(shape_of("adaptive_max_pool2d", "{output_size: [null, 3]}", {4, t, t}) == "[B, 4, T, 3]");
  CHECK(shape_of("upsample", "3", {4, t}) == "[B, 4, 3*T]");
  CHECK(shape_of("upsample", "0.5", {4, t * Dim(4)}) == "[B, 4, 2*T]");
  CHECK(shape_of("pixel_shuffle", "2", {8, t, t}) == "[B, 2, 2*T, 2*T]");
  CHECK(shape_of("pixel_unshuffle", "2", {1, t * Dim(2), 6}) == "[B, 4, T, 3]");
  CHECK(shape_of("layer_norm", "{}", {t, 6}) == "[B, T, 6]");
}

TEST_CASE("what needs a number says so of a name") {
  const Dim t = Dim::named("T");
  CHECK(shape_of("upsample", "1.7", {4, t}) == "the axis T has no fixed size to scale by 1.7");
  CHECK(shape_of("pixel_unshuffle", "2", {1, t, 6}) == "its axis of size T is no multiple of 2");
  CHECK(shape_of("conv1d", "{out: 5, kernel: 3}", {t, 4}) ==
        "'in_channels' cannot follow from the axis T");
  CHECK(shape_of("layer_norm", "{}", {4, t}) == "'normalized_shape' cannot follow from the axis T");
  CHECK(shape_of("fractional_max_pool2d", "{kernel: 2, output_ratio: 0.5}", {4, t, 6}) ==
        "its windows need a fixed size, not the axis T");
}

TEST_CASE("several normalised axes own tensors of their shape") {
  const at::Tensor x = random_tensor({2, 3, 4, 5}, 1);
  const auto module = bind_module("layer_norm", yaml("[4, 5]"), {type_of(x)});
  REQUIRE(module.has_value());
  REQUIRE(module->outputs.has_value());
  CHECK(module->owned().at("weight") == std::vector<std::int64_t>{4, 5});
  CHECK(module->owned().at("bias") == std::vector<std::int64_t>{4, 5});
}

}  // namespace fdl::testing
