#include "lib/data/synthetic.h"

#include <cmath>

#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>

#include "lib/tensor/dtype.h"
#include "lib/tensor/random.h"

namespace fdl::data {
namespace {

using tensor::StreamKey;

std::span<float> elements(const at::Tensor& values) {
  return {values.mutable_data_ptr<float>(), static_cast<std::size_t>(values.numel())};
}

at::Tensor drawn_normal(StreamKey key, std::int64_t num_rows, std::int64_t num_columns,
                        double stddev) {
  at::Tensor out = at::empty({num_rows, num_columns}, at::kFloat);
  tensor::fill_normal(elements(out), key, 0, stddev);
  return out;
}

std::int64_t elements_of(const job::Field& field) {
  return catalog::num_elements(field.type.shape).number();
}

// `flat` [samples, elements] as the field's type says.
at::Tensor shaped(const at::Tensor& flat, const job::Field& field) {
  std::vector<std::int64_t> sizes = {flat.size(0)};
  for (const catalog::Dim& dim : field.type.shape) sizes.push_back(dim.number());
  return flat.view(sizes).to(tensor::scalar_type(field.type.dtype)).contiguous();
}

at::Tensor drawn_labels(StreamKey key, const catalog::SyntheticParams& params) {
  at::Tensor out = at::empty({params.samples}, at::kLong);
  tensor::RandomStream stream(key);
  auto* labels = out.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < params.samples; ++i)
    labels[i] = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(params.classes)));
  return out;
}

}  // namespace

std::vector<FieldValues> draw_samples(const catalog::SyntheticParams& params,
                                      const std::vector<job::Field>& fields) {
  const StreamKey key(static_cast<std::uint64_t>(params.seed), tensor::Purpose::Synthetic);
  const bool classes = params.kind == "classification";
  const job::Field& target = fields.back();
  at::Tensor labels, projected;
  if (classes) labels = drawn_labels(key.with("labels"), params);
  std::int64_t num_inputs = 0;
  for (std::size_t i = 0; i + 1 < fields.size(); ++i) num_inputs += elements_of(fields[i]);

  std::vector<FieldValues> out;
  for (std::size_t i = 0; i + 1 < fields.size(); ++i) {
    const std::int64_t width = elements_of(fields[i]);
    const StreamKey own = key.with(fields[i].name);
    at::Tensor x = drawn_normal(own.with("samples"), params.samples, width, 1);
    if (classes) {
      x += drawn_normal(own.with("centres"), params.classes, width, 1).index_select(0, labels);
    } else {
      const double stddev = 1 / std::sqrt(static_cast<double>(num_inputs));
      const at::Tensor part =
          at::mm(x, drawn_normal(own.with("projection"), width, elements_of(target), stddev));
      projected = projected.defined() ? projected.add(part) : part;
    }
    out.push_back({fields[i].name, fields[i].type, shaped(x, fields[i])});
  }
  out.push_back({target.name, target.type, classes ? labels : shaped(projected.tanh(), target)});
  return out;
}

}  // namespace fdl::data
