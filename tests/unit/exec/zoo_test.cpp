#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>
#include <set>
#include <string_view>

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include "lib/config/layers.h"
#include "lib/job/job.h"
#include "lib/tensor/dtype.h"
#include "tests/temporary_folder.h"
#include "tests/unit/exec/trained.h"

#undef CHECK  // libtorch's logging has one, too
#define CHECK DOCTEST_CHECK

// Every manifest of the zoo and of the benchmark: run as usual it is as exact as op by op, both
// held against op by op in f64.
namespace fdl::testing {
namespace {

constexpr std::int64_t kBatch = 2, kLength = 16;  // of named axes

// Too large for a test, and of nothing that smaller ones have not.
const std::set<std::string> kLeftOut = {"gpt2", "bert_base", "vgg16", "resnet50"};

graph::Graph model_at(const std::filesystem::path& path) {
  Diagnostics problems;
  const auto manifest = config::load_manifest(path.string(), {}, job::merge_rules(),
                                              path.parent_path().string(), problems);
  REQUIRE(manifest.has_value());
  job::Checked checked = job::check(*manifest, {}, true, problems);
  REQUIRE(checked.graph.has_value());
  return *std::move(checked.graph);
}

std::vector<at::Tensor> inputs_of(const graph::Graph& graph) {
  std::vector<at::Tensor> out;
  for (const graph::NamedValue& input : graph.inputs) {
    const catalog::TensorType& type = graph.values[static_cast<std::size_t>(input.value)].type;
    std::vector<std::int64_t> shape = {kBatch};
    for (std::size_t i = 1; i < type.shape.size(); ++i)
      shape.push_back(type.shape[i].is_number() ? type.shape[i].number() : kLength);
    out.push_back(catalog::is_floating(type.dtype)
                      ? random_tensor(shape, 1)
                      : at::zeros(shape, tensor::scalar_type(type.dtype)));
  }
  return out;
}

struct Passed {
  at::Tensor output;
  std::vector<at::Tensor> gradients;
};

Passed pass_through(const graph::Graph& graph, const std::vector<at::Tensor>& inputs,
                    catalog::Passes passes, at::ScalarType dtype) {
  const auto in_dtype = [&](const at::Tensor& t) {
    return t.is_floating_point() ? t.detach().to(dtype) : t;
  };
  const tensor::TensorStore own(graph, 42);  // with running statistics of its own
  for (const tensor::NamedTensor& one : own.tensors()) one.value.set_data(in_dtype(one.value));
  std::vector<at::Tensor> values;
  std::transform(inputs.begin(), inputs.end(), std::back_inserter(values), in_dtype);
  const exec::Executor executor(graph, own, {graph.outputs.front().value}, passes);
  nn::StepContext context;
  context.training = true;
  context.seed = 42;
  const auto made = executor.run(values, context);
  REQUIRE(made.has_value());
  const at::Tensor weights = random_tensor(made->front().sizes().vec(), 3);
  auto found = exec::gradients(made->front().mul(weights.to(dtype)).sum(), own.parameters());
  REQUIRE(found.has_value());
  return {made->front().detach(), *std::move(found)};
}

double norm_of(const at::Tensor& t) { return t.to(at::kDouble).norm().item<double>(); }

// How far a pass is from another in f64, all relative.
struct Errors {
  double output = 0;
  double all = 0;      // of all gradients as one
  double largest = 0;  // of one gradient

  Errors(const Passed& made, const Passed& exact) {
    const auto difference = [](const at::Tensor& a, const at::Tensor& b) {
      return norm_of(at::sub(a.to(at::kDouble), b));
    };
    output = difference(made.output, exact.output) / norm_of(exact.output);
    double most = 0, sum = 0, sum_of_errors = 0;
    for (const at::Tensor& gradient : exact.gradients)
      most = std::max(most, gradient.defined() ? norm_of(gradient) : 0);
    // That of a bias before a norm is zero, but for roundings.
    constexpr double kSmall = 1e-3;
    for (std::size_t i = 0; i < exact.gradients.size(); ++i) {
      const at::Tensor &one = made.gradients[i], &other = exact.gradients[i];
      REQUIRE(one.defined() == other.defined());
      if (!one.defined()) continue;
      const double error = difference(one, other), norm = norm_of(other);
      REQUIRE(std::isfinite(error));  // std::max would drop NaN
      largest = std::max(largest, error / std::max(norm, kSmall * most));
      sum += norm * norm;
      sum_of_errors += error * error;
    }
    all = std::sqrt(sum_of_errors / sum);
  }
};

// A sum in another order has other roundings, of about the same size.
constexpr double kLeast = 1e-5, kTimes = 4;

struct Compared {
  Errors usual, plain;  // with all passes, and op by op
};

Compared compare(const graph::Graph& graph) {
  const std::vector<at::Tensor> inputs = inputs_of(graph);
  const auto pass = [&](catalog::Passes passes, at::ScalarType dtype) {
    return pass_through(graph, inputs, passes, dtype);
  };
  const Passed exact = pass(catalog::Passes::none(), at::kDouble);
  return {Errors(pass(catalog::Passes{}, at::kFloat), exact),
          Errors(pass(catalog::Passes::none(), at::kFloat), exact)};
}

bool is_as_exact(double usual, double plain) { return usual <= std::max(kLeast, kTimes * plain); }

// The zoo and the benchmark.
std::vector<std::filesystem::path> manifests() {
  std::vector<std::filesystem::path> out;
  for (const char* folder : {"zoo", "bench"}) {
    for (const auto& file : std::filesystem::directory_iterator(
             std::filesystem::path(FDL_SOURCE_ROOT) / "manifests" / folder)) {
      if (file.path().extension() == ".yml") out.push_back(file.path());
    }
  }
  return out;
}

// `relu` and `relu6` as silu.
std::string without_kinks(std::string text) {
  constexpr std::string_view kKinked = "relu";
  for (std::size_t at = 0; (at = text.find(kKinked, at)) != std::string::npos; ++at) {
    const bool begins = at == 0 || std::isspace(static_cast<unsigned char>(text[at - 1])) != 0;
    const std::size_t length = kKinked.size() + (text.compare(at + kKinked.size(), 1, "6") == 0);
    if (begins) text.replace(at, length, "silu");
  }
  return text;
}

bool is_compared(const std::filesystem::path& manifest) {
  return kLeftOut.count(manifest.stem().string()) == 0;
}

}  // namespace

TEST_CASE("the zoo and the benchmark are as exact as op by op") {
  int num_compared = 0;
  for (const std::filesystem::path& file : manifests()) {
    if (!is_compared(file)) continue;
    CAPTURE(file.string());
    const Compared errors = compare(model_at(file));
    CHECK(is_as_exact(errors.usual.output, errors.plain.output));
    CHECK(is_as_exact(errors.usual.all, errors.plain.all));
    ++num_compared;
  }
  CHECK(num_compared > 20);
}

// A relu makes a step of any rounding near zero: then one gradient is off by a number's share of
// it, of one pass and not of the other. Without kinks each gradient is compared.
TEST_CASE("the zoo and the benchmark without kinks: each gradient is as exact as op by op") {
  const TemporaryFolder folder;
  std::vector<std::filesystem::path> smooth;
  for (const std::filesystem::path& file : manifests()) {
    const auto copy = folder.path() / file.parent_path().filename() / file.filename();
    std::filesystem::create_directories(copy.parent_path());
    std::ofstream(copy) << without_kinks(bytes_of(file));
    if (is_compared(file)) smooth.push_back(copy);
  }
  for (const std::filesystem::path& file : smooth) {
    CAPTURE(file.string());
    const Compared errors = compare(model_at(file));
    CHECK(is_as_exact(errors.usual.largest, errors.plain.largest));
  }
  CHECK(smooth.size() > 20);
}

}  // namespace fdl::testing
