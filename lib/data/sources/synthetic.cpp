#include "lib/data/sources/synthetic.h"

#include <algorithm>
#include <cmath>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/stack.h>

#include "lib/data/sources/open.h"
#include "lib/data/sources/ordered_product.h"
#include "lib/tensor/dtype.h"

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

// Uniform below `limit`, one lane a sample.
at::Tensor drawn_integers(StreamKey key, std::int64_t num_samples, std::int64_t num_each,
                          std::int64_t limit) {
  at::Tensor out = at::empty({num_samples, num_each}, at::kLong);
  auto* to = out.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < num_samples; ++i) {
    tensor::RandomStream stream(key, static_cast<std::uint64_t>(i));
    for (std::int64_t k = 0; k < num_each; ++k)
      *to++ = static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(limit)));
  }
  return out;
}

}  // namespace

std::vector<std::int64_t> Drawer::sizes(const job::Field& field) const {
  std::vector<std::int64_t> out;
  for (const catalog::Dim& dim : field.type.shape)
    out.push_back(dim.is_number() ? dim.number() : params.lengths[1]);
  return out;
}

at::Tensor Drawer::empty(const job::Field& field) const {
  std::vector<std::int64_t> all = sizes(field);
  all.insert(all.begin(), params.samples);
  return at::empty(all, tensor::scalar_type(field.type.dtype));
}

at::Tensor Drawer::labels() const {
  return drawn_integers(key.with("labels"), params.samples, 1, params.classes).view({-1});
}

std::vector<std::int64_t> Drawer::lengths(const job::Field& field) const {
  std::vector<std::int64_t> out;
  if (!field.is_ragged()) return out;
  const std::int64_t shortest = params.lengths[0], longest = params.lengths[1];
  const StreamKey own = key.with("lengths").with(field.type.shape.front().text());
  const at::Tensor drawn = drawn_integers(own, params.samples, 1, longest - shortest + 1);
  const auto* from = drawn.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < params.samples; ++i) out.push_back(shortest + from[i]);
  return out;
}

FieldValues Drawer::values(const job::Field& field, at::Tensor drawn) const {
  return {field, std::move(drawn), lengths(field)};
}

at::Tensor Drawer::any(const job::Field& field) const {
  const at::Tensor out = empty(field);
  if (field.type.dtype == catalog::DType::Bool) return at::ones_like(out);
  const StreamKey own = key.with(field.name).with("samples");
  const std::int64_t width = out.numel() / params.samples;
  if (field.num_classes > 0)
    return drawn_integers(own, params.samples, width, field.num_classes)
        .view(out.sizes())
        .to(out.scalar_type());
  return drawn_normal(own, params.samples, width, 1).view(out.sizes()).to(out.scalar_type());
}

namespace {

// Element by element, as the C library has it.
at::Tensor tanh_of(const at::Tensor& x) {
  at::Tensor out = x.contiguous().clone();
  auto* numbers = out.mutable_data_ptr<float>();
  at::parallel_for(0, out.numel(), 1 << 12, [&](std::int64_t begin, std::int64_t end) {
    std::transform(numbers + begin, numbers + end, numbers + begin,
                   [](float value) { return std::tanh(value); });
  });
  return out;
}

// A fixed random projection of the floating-point inputs to [num_rows, width]; a row is a sample,
// or a position of one.
at::Tensor projection_of(const Drawer& d, const std::vector<FieldValues>& inputs,
                         std::int64_t num_rows, std::int64_t width) {
  std::int64_t num_inputs = 0;
  for (const FieldValues& input : inputs) {
    if (is_floating(input.field.type.dtype)) num_inputs += input.values.numel() / num_rows;
  }
  at::Tensor out;
  for (const FieldValues& input : inputs) {
    if (!is_floating(input.field.type.dtype)) continue;
    const at::Tensor x = input.values.view({num_rows, -1}).to(at::kFloat);
    const StreamKey own = d.key.with(input.field.name).with("projection");
    const double stddev = 1 / std::sqrt(static_cast<double>(num_inputs));
    const at::Tensor part = ordered_product(x, drawn_normal(own, x.size(1), width, stddev));
    out = out.defined() ? out.add(part) : part;
  }
  return out;
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

std::vector<FieldValues> any_inputs(const Drawer& d) {
  std::vector<FieldValues> out;
  for (std::size_t i = 0; i + 1 < d.fields.size(); ++i)
    out.push_back(d.values(d.fields[i], d.any(d.fields[i])));
  return out;
}

// The target is tanh of what was projected.
FieldValues squashed(const Drawer& d, const at::Tensor& projected, const at::Tensor& like) {
  return d.values(d.target(), tanh_of(projected).view(like.sizes()).to(like.scalar_type()));
}

}  // namespace

// Inputs are N(0, 1); the target is tanh of a fixed random projection of the floating-point ones.
std::vector<FieldValues> draw_regression(const Drawer& d) {
  std::vector<FieldValues> out = any_inputs(d);
  if (d.is_copy) return out;
  const at::Tensor like = d.empty(d.target());
  const std::int64_t num_rows = d.params.samples;
  out.push_back(squashed(d, projection_of(d, out, num_rows, like.numel() / num_rows), like));
  return out;
}

// Regressions at each position, with an echo of the positions before.
std::vector<FieldValues> draw_sequences(const Drawer& d) {
  std::vector<FieldValues> out = any_inputs(d);
  if (d.is_copy) return out;
  const at::Tensor like = d.empty(d.target());
  const std::int64_t num_positions = like.size(1), num_rows = d.params.samples * num_positions;
  const at::Tensor projected = projection_of(d, out, num_rows, like.numel() / num_rows);
  out.push_back(
      squashed(d, with_echo(projected.unflatten(0, {d.params.samples, num_positions})), like));
  return out;
}

// Floating-point inputs lie around the random centre of their class.
std::vector<FieldValues> draw_classification(const Drawer& d) {
  const at::Tensor labels = d.labels();
  std::vector<FieldValues> out;
  for (std::size_t i = 0; i + 1 < d.fields.size(); ++i) {
    const job::Field& field = d.fields[i];
    at::Tensor x = d.any(field);
    if (is_floating(field.type.dtype)) {
      const at::Tensor centres =
          drawn_normal(d.key.with(field.name).with("centres"), d.params.classes, x[0].numel(), 1);
      x = x.add(centres.index_select(0, labels).view(x.sizes()).to(x.scalar_type()));
    }
    out.push_back(d.values(field, std::move(x)));
  }
  out.push_back(d.values(d.target(), labels));
  return out;
}

std::vector<FieldValues> draw_samples(const catalog::SyntheticParams& params,
                                      const std::vector<job::Field>& fields) {
  const StreamKey key(static_cast<std::uint64_t>(params.seed), tensor::Purpose::Synthetic);
  const auto original =
      std::find_if(fields.begin(), fields.end() - 1,
                   [&](const job::Field& field) { return field.name == params.target; });
  const bool is_copy = original != fields.end() - 1;
  const Drawer drawer{params, fields, key, is_copy};
  std::vector<FieldValues> out;
  if (params.kind == "classification") out = draw_classification(drawer);
  if (params.kind == "regression") out = draw_regression(drawer);
  if (params.kind == "sequences") out = draw_sequences(drawer);
  if (params.kind == "images") out = draw_images(drawer);
  if (params.kind == "segmentation") out = draw_segmentation(drawer);
  if (params.kind == "tokens") out = draw_tokens(drawer);
  if (!is_copy) return out;
  out.resize(fields.size());
  const FieldValues& from = out[static_cast<std::size_t>(original - fields.begin())];
  out.back() = {fields.back(), from.values, from.lengths};
  return out;
}

OpenedSource open_synthetic(const OpenContext& context) {
  std::vector<job::Field> fields = context.info.fields;
  std::erase_if(fields, [](const job::Field& field) { return !field.mask_of.empty(); });
  return std::make_shared<MemorySource>(
      draw_samples(context.params<catalog::SyntheticParams>(), fields));
}

}  // namespace fdl::data
