#include "lib/exec/chain_pass.h"

#include <algorithm>

#include <ATen/Parallel.h>

#include "lib/catalog/drop.h"
#include "lib/catalog/modules/layer_norm.h"
#include "lib/kernels/gemm.h"
#include "lib/kernels/rows.h"

namespace fdl::exec {

using kernels::RowFunctions, kernels::row_functions;
using plan::Kernel;

DropDraw draw_of(const plan::Chain::Part& part, const nn::StepContext& context) {
  const bool drops = part.kernel == Kernel::Dropout && context.training;
  if (!drops) return {};
  return {static_cast<const catalog::DropParams*>(part.node->params.get())->p,
          context.stream(tensor::Purpose::Dropout), context.lanes()};
}

const float* ChainPass::value(int place) const {
  return place < 0 ? at_.reads[index(-1 - place)] : output(place);
}

float* ChainPass::output(int part) const {
  const std::int64_t place = at_.layout->value_at[index(part)];
  return place < 0 ? at_.makes[static_cast<std::size_t>(-1 - place)] : at_.forward + place;
}

const float* ChainPass::gradient(int part) const {
  const std::int64_t place = at_.layout->gradient_at[index(part)];
  return place < 0 ? at_.make_gradients[static_cast<std::size_t>(-1 - place)]
                   : at_.backward + place;
}

float* ChainPass::input_gradient(int at, std::size_t input) const {
  const int place = part(at).inputs[input];
  if (place < 0) return at_.read_gradients[index(-1 - place)];
  // That of a make which is passed on as it is has one writer: nobody.
  return const_cast<float*>(gradient(place));
}

namespace {

std::int64_t width_of(const plan::Chain& chain, int place) {
  return place < 0 ? chain.read_widths[static_cast<std::size_t>(-1 - place)]
                   : chain.parts[static_cast<std::size_t>(place)].width;
}

}  // namespace

std::int64_t ChainPass::input_width(int place) const { return width_of(chain_, place); }

kernels::RightFactor right_factor(const plan::Chain& chain, int part, const float* weight,
                                  Direction direction, std::int64_t num_rows) {
  const plan::Chain::Part& of = chain.parts[static_cast<std::size_t>(part)];
  const std::int64_t in = width_of(chain, of.inputs[0]);
  if (direction == Direction::Forward) return {{weight, in, true}, of.width, in, num_rows};
  return {{weight, in}, in, of.width, num_rows};
}

void ChainPass::product_forward(int at) const {
  const auto& [node, kernel, inputs, width] = part(at);
  const PartTensors& own = at_.tensors[index(at)];
  const std::int64_t in = input_width(inputs[0]);
  const kernels::Factor given = {value(inputs[0]), in};
  if (own.ordered != nullptr)
    own.ordered->multiply(given, at_.num_rows, output(at), width, false);
  else
    kernels::multiply(given, {own.weight, in, true}, output(at), width, {at_.num_rows, width, in},
                      false);
}

void ChainPass::product_backward(int at) const {
  const auto& [node, kernel, inputs, width] = part(at);
  const PartTensors& own = at_.tensors[index(at)];
  const std::int64_t in = input_width(inputs[0]);
  const kernels::Factor given = {gradient(at), width};
  if (own.weight_gradient != nullptr)
    kernels::multiply({given.data, width, true}, {value(inputs[0]), in}, own.weight_gradient, in,
                      {width, in, at_.num_rows}, own.weight_adds);
  float* const out = input_gradient(at, 0);
  if (out == nullptr) return;
  const bool adds = at_.layout->adds[index(at)][0];
  if (own.ordered != nullptr)
    own.ordered->multiply(given, at_.num_rows, out, in, adds);
  else
    kernels::multiply(given, {own.weight, in}, out, in, {at_.num_rows, in, width}, adds);
}

namespace {

RowFunctions::Map map_of(Kernel kernel) {
  const RowFunctions& rows = row_functions();
  switch (kernel) {
    case Kernel::Relu:
      return rows.relu;
    case Kernel::Gelu:
      return rows.gelu;
    case Kernel::Tanh:
      return rows.tanh;
    case Kernel::Sigmoid:
      return rows.sigmoid;
    case Kernel::Silu:
      return rows.silu;
    default:
      return nullptr;
  }
}

struct GradientOf {
  RowFunctions::Gradient function;
  bool by_output;
};

GradientOf gradient_of(Kernel kernel) {
  const RowFunctions& rows = row_functions();
  switch (kernel) {
    case Kernel::Relu:
      return {rows.relu_gradient, true};
    case Kernel::Gelu:
      return {rows.gelu_gradient, false};
    case Kernel::Tanh:
      return {rows.tanh_gradient, true};
    case Kernel::Sigmoid:
      return {rows.sigmoid_gradient, true};
    case Kernel::Silu:
      return {rows.silu_gradient, false};
    default:
      return {nullptr, false};
  }
}

// The mean of each row stands before the inverse deviations.
float norm_eps(const plan::Chain::Part& part) {
  return static_cast<float>(
      static_cast<const catalog::LayerNormParams*>(part.node->params.get())->eps);
}

// Floats that a thread adds up for the gradients of a part's tensors.
std::size_t num_sums(const plan::Chain::Part& part) {
  const auto width = static_cast<std::size_t>(part.width);
  if (part.kernel == Kernel::Bias) return width;
  return part.kernel == Kernel::LayerNorm ? 2 * width : 0;
}

}  // namespace

void ChainPass::part_forward(int at, Rows rows, const std::vector<DropDraw>& draws) const {
  const RowFunctions& f = row_functions();
  const auto& [node, kernel, inputs, width] = part(at);
  const PartTensors& own = at_.tensors[index(at)];
  const std::int64_t from = rows.begin * width, count = rows.count * width;
  const float* x = value(inputs[0]) + from;
  float* y = output(at) + from;
  switch (kernel) {
    case Kernel::Product:
      break;
    case Kernel::Bias:
      f.add_bias(y, own.bias, rows.count, width);
      break;
    case Kernel::Add:
      f.add(x, value(inputs[1]) + from, y, count);
      break;
    case Kernel::Dropout:
      if (draws[index(at)].p > 0)
        f.mul(x, kept(at) + from, y, count, false);
      else
        f.copy(x, y, count, false);
      break;
    case Kernel::LayerNorm: {
      float* mean = kept(at) + rows.begin;
      f.layer_norm(x, own.weight, own.bias, norm_eps(part(at)), y, mean, mean + at_.num_rows,
                   rows.count, width);
      break;
    }
    default:
      map_of(kernel)(x, y, count);
  }
}

void ChainPass::part_backward(int at, Rows rows, const std::vector<DropDraw>& draws,
                              float* sums) const {
  const RowFunctions& f = row_functions();
  const auto& [node, kernel, inputs, width] = part(at);
  const PartTensors& own = at_.tensors[index(at)];
  const std::int64_t from = rows.begin * width, count = rows.count * width;
  const float* given = gradient(at) + from;
  if (kernel == Kernel::Bias && own.bias_gradient != nullptr)
    f.column_sums(given, sums, rows.count, width);
  if (kernel == Kernel::LayerNorm) {
    const float* mean = kept(at) + rows.begin;
    f.layer_norm_sums(given, value(inputs[0]) + from, mean, mean + at_.num_rows,
                      own.weight_gradient != nullptr ? sums : nullptr,
                      own.bias_gradient != nullptr ? sums + width : nullptr, rows.count, width);
  }
  for (std::size_t i = inputs.size(); i-- > 0;) {  // the first may take the output's place
    float* out = input_gradient(at, i);
    if (out == nullptr) continue;
    out += from;
    const bool adds = at_.layout->adds[index(at)][i];
    if (kernel == Kernel::Bias || kernel == Kernel::Add ||
        (kernel == Kernel::Dropout && draws[index(at)].p == 0)) {
      f.copy(given, out, count, adds);
    } else if (kernel == Kernel::Dropout) {
      f.mul(given, kept(at) + from, out, count, adds);
    } else if (kernel == Kernel::LayerNorm) {
      const float* mean = kept(at) + rows.begin;
      f.layer_norm_gradient(given, value(inputs[0]) + from, own.weight, mean, mean + at_.num_rows,
                            out, rows.count, width, adds);
    } else {
      const GradientOf map = gradient_of(kernel);
      const float* kept_value = map.by_output ? output(at) : value(inputs[0]);
      map.function(given, kept_value + from, out, count, adds);
    }
  }
}

std::size_t ChainPass::num_shares(std::pair<int, int> group) const {
  constexpr std::int64_t kLeast = 1 << 14;  // numbers that are worth a thread
  std::int64_t work = 0;
  for (int i = group.first; i < group.second; ++i) work += at_.num_rows * part(i).width;
  const std::int64_t most = std::min<std::int64_t>(at::get_num_threads(), at_.num_rows);
  return static_cast<std::size_t>(
      std::clamp<std::int64_t>(work / kLeast, 1, std::max<std::int64_t>(most, 1)));
}

template <typename Body>
void ChainPass::over_rows(std::pair<int, int> group, std::size_t num_shares, Body body) const {
  constexpr std::int64_t kTile = 1 << 12;  // numbers of one value: several stay in a near cache
  const std::int64_t tile = std::max<std::int64_t>(kTile / part(group.first).width, 1);
  const auto shares = static_cast<std::int64_t>(num_shares);
  const auto share = [&](std::int64_t s) {
    const std::int64_t end = at_.num_rows * (s + 1) / shares;
    for (std::int64_t row = at_.num_rows * s / shares; row < end; row += tile)
      body(static_cast<std::size_t>(s), Rows{row, std::min(tile, end - row)});
  };
  if (shares == 1) return share(0);
  at::parallel_for(0, shares, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t s = begin; s < end; ++s) share(s);
  });
}

// Its memory was another value's until this group.
void ChainPass::draw_mask(int at, const DropDraw& draw, std::int64_t num_samples) const {
  if (part(at).kernel != Kernel::Dropout || draw.p == 0) return;
  const auto count = static_cast<std::size_t>(at_.num_rows * part(at).width);
  tensor::fill_dropout_mask({kept(at), count}, draw.key, draw.p, num_samples, draw.lanes);
}

void ChainPass::forward(const std::vector<DropDraw>& draws, std::int64_t num_samples) const {
  for (const std::pair<int, int>& group : groups_) {
    if (part(group.first).kernel == Kernel::Product) {
      product_forward(group.first);
      continue;
    }
    for (int i = group.first; i < group.second; ++i) draw_mask(i, draws[index(i)], num_samples);
    over_rows(group, num_shares(group), [&](std::size_t, Rows rows) {
      for (int i = group.first; i < group.second; ++i) part_forward(i, rows, draws);
    });
  }
}

void ChainPass::backward(const std::vector<DropDraw>& draws) const {
  for (std::size_t k = 0; k < chain_.makers.size(); ++k) {
    const int maker = chain_.makers[k];
    if (!at_.layout->begins_with_make[index(maker)]) continue;
    std::copy_n(at_.make_gradients[k], at_.num_rows * part(maker).width,
                const_cast<float*>(gradient(maker)));
  }
  for (auto group = groups_.rbegin(); group != groups_.rend(); ++group) {
    if (part(group->first).kernel == Kernel::Product)
      product_backward(group->first);
    else
      group_backward(*group, draws);
  }
}

void ChainPass::group_backward(std::pair<int, int> group,
                               const std::vector<DropDraw>& draws) const {
  std::size_t size = 0;
  std::vector<std::size_t> offsets;
  for (int i = group.first; i < group.second; ++i) {
    offsets.push_back(size);
    size += num_sums(part(i));
  }
  const std::size_t shares = num_shares(group);
  sums_.assign(size * shares, 0);
  over_rows(group, shares, [&](std::size_t share, Rows rows) {
    for (int i = group.second; i-- > group.first;)
      part_backward(i, rows, draws, sums_.data() + share * size + offsets[index(i - group.first)]);
  });
  for (int i = group.first; i < group.second; ++i) {
    const std::size_t offset = offsets[index(i - group.first)];
    const auto width = static_cast<std::size_t>(part(i).width);
    const PartTensors& own = at_.tensors[index(i)];
    if (part(i).kernel == Kernel::Bias)
      finish_sums(own.bias_gradient, own.bias_adds, {offset, size, shares, width});
    if (part(i).kernel != Kernel::LayerNorm) continue;
    finish_sums(own.weight_gradient, own.weight_adds, {offset, size, shares, width});
    finish_sums(own.bias_gradient, own.bias_adds, {offset + width, size, shares, width});
  }
}

// In the order of the shares, so that one number of threads gives one sum.
void ChainPass::finish_sums(float* out, bool adds, const SumPlaces& places) const {
  if (out == nullptr) return;
  const auto width = static_cast<std::int64_t>(places.width);
  for (std::size_t s = 0; s < places.num_shares; ++s)
    row_functions().copy(sums_.data() + s * places.stride + places.offset, out, width,
                         adds || s > 0);
}

}  // namespace fdl::exec
