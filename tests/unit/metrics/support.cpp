#include "tests/unit/metrics/support.h"

#include <doctest/doctest.h>

#include "lib/tensor/dtype.h"
#include "tests/unit/manifest_text.h"

namespace fdl::testing {

catalog::TensorTypes batch_types(const nn::Compared& compared) {
  catalog::TensorTypes out;
  for (const at::Tensor& tensor : compared) {
    if (!tensor.defined()) {
      out.push_back(catalog::TensorType::absent());
      continue;
    }
    catalog::TensorType type{tensor::dtype_of(tensor.scalar_type()), {}};
    for (const std::int64_t size : tensor.sizes()) type.shape.emplace_back(size);
    type.shape.front() = catalog::Dim::named("B");
    out.push_back(std::move(type));
  }
  out.resize(std::max<std::size_t>(3, out.size()), catalog::TensorType::absent());
  return out;
}

catalog::Choice metric_choice(const std::string& text) {
  Diagnostics problems;
  auto choice = catalog::read_choice(catalog::EntryKind::Metric, tree_of(text), {}, problems);
  INFO(to_text(problems, false));
  REQUIRE(choice.has_value());
  REQUIRE(problems.empty());
  return *choice;
}

std::string refusal(const std::string& text, const catalog::TensorTypes& types) {
  const catalog::Choice choice = metric_choice(text);
  return choice.spec->fits(choice.params.get(), types).value_or("");
}

nn::Metric metric_of(const std::string& text, const nn::Compared& compared) {
  const catalog::TensorTypes types = batch_types(compared);
  REQUIRE(refusal(text, types) == "");
  return nn::bind_metric(metric_choice(text), types);
}

nn::Compared samples(const nn::Compared& compared, std::int64_t begin, std::int64_t end) {
  nn::Compared out;
  for (const at::Tensor& tensor : compared)
    out.push_back(tensor.defined() ? tensor.slice(0, begin, end) : tensor);
  return out;
}

void add(const nn::Metric& metric, nn::MetricState& state, const nn::Compared& compared) {
  const auto problem = metric.add(state, compared);
  INFO((problem ? problem->text : ""));
  REQUIRE(!problem);
}

std::vector<double> flat_values(const nn::Metric& metric, const nn::MetricState& state) {
  std::vector<double> out = metric.values(state);
  if (!metric.table) return out;
  for (const auto& row : metric.table(state)) out.insert(out.end(), row.begin(), row.end());
  return out;
}

std::vector<double> values_of(const std::string& text, const nn::Compared& compared) {
  const nn::Metric metric = metric_of(text, compared);
  nn::MetricState state = metric.empty;
  add(metric, state, compared);
  return flat_values(metric, state);
}

}  // namespace fdl::testing
