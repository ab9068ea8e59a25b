#include "lib/data/synthetic.h"

#include <cmath>

#include <ATen/ops/empty.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/stack.h>

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

// `flat`, a row for each sample, as the field's type says.
at::Tensor shaped(const at::Tensor& flat, const job::Field& field) {
  std::vector<std::int64_t> sizes = {flat.size(0)};
  for (const catalog::Dim& dim : field.type.shape) sizes.push_back(dim.number());
  return flat.reshape(sizes).to(tensor::scalar_type(field.type.dtype)).contiguous();
}

// What the positions of sequences become: each has an echo of those before it, which halves from
// one to the next. `parts`: [samples, positions, elements].
at::Tensor with_echo(const at::Tensor& parts) {
  std::vector<at::Tensor> out;
  for (std::int64_t t = 0; t < parts.size(1); ++t) {
    const at::Tensor own = parts.select(1, t);
    out.push_back(t == 0 ? own : out.back().mul(0.5).add(own));
  }
  return at::stack(out, 1);
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
  const bool sequences = params.kind == "sequences";
  const job::Field& target = fields.back();
  // Of sequences each position is projected by itself.
  const std::int64_t num_positions = sequences ? target.type.shape.front().number() : 1;
  at::Tensor labels, projected;
  if (classes) labels = drawn_labels(key.with("labels"), params);
  std::int64_t num_inputs = 0;
  for (std::size_t i = 0; i + 1 < fields.size(); ++i)
    num_inputs += elements_of(fields[i]) / num_positions;

  std::vector<FieldValues> out;
  for (std::size_t i = 0; i + 1 < fields.size(); ++i) {
    const std::int64_t width = elements_of(fields[i]);
    const StreamKey own = key.with(fields[i].name);
    at::Tensor x = drawn_normal(own.with("samples"), params.samples, width, 1);
    if (classes) {
      x += drawn_normal(own.with("centres"), params.classes, width, 1).index_select(0, labels);
    } else {
      const double stddev = 1 / std::sqrt(static_cast<double>(num_inputs));
      const at::Tensor projection = drawn_normal(own.with("projection"), width / num_positions,
                                                 elements_of(target) / num_positions, stddev);
      const at::Tensor part = at::mm(x.view({-1, width / num_positions}), projection);
      projected = projected.defined() ? projected.add(part) : part;
    }
    out.push_back({fields[i].name, fields[i].type, shaped(x, fields[i])});
  }
  if (sequences) projected = with_echo(projected.unflatten(0, {params.samples, num_positions}));
  out.push_back({target.name, target.type, classes ? labels : shaped(projected.tanh(), target)});
  return out;
}

}  // namespace fdl::data
