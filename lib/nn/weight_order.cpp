#include "lib/nn/weight_order.h"

#include <algorithm>
#include <vector>

#include <ATen/Parallel.h>
#include <ATen/ops/as_strided.h>
#include <ATen/ops/from_blob.h>

#include "lib/kernels/aligned.h"

namespace fdl::nn {
namespace {

// [rows, columns] to [columns, rows].
void turn(const float* from, float* to, std::int64_t rows, std::int64_t columns) {
  for (std::int64_t column = 0; column < columns; ++column) {
    for (std::int64_t row = 0; row < rows; ++row)
      to[column * rows + row] = from[row * columns + column];
  }
}

// function(filter) for each of `count` filters of `size` numbers, shared out among threads.
template <typename Function>
void for_filters(std::int64_t count, std::int64_t size, Function function) {
  constexpr std::int64_t kNumbers = 1 << 15;  // of one thread at least
  at::parallel_for(0, count, at::divup(kNumbers, std::max<std::int64_t>(size, 1)),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t i = begin; i < end; ++i) function(i * size);
                   });
}

}  // namespace

at::Tensor with_channels_last(const at::Tensor& weight) {
  const at::Tensor usual = weight.contiguous();
  const std::int64_t F = usual.size(0), C = usual.size(1), I = usual.size(2), J = usual.size(3);
  auto memory = kernels::aligned_array<float>(usual.numel());
  const auto* const from = usual.const_data_ptr<float>();
  for_filters(F, C * I * J, [&](std::int64_t at) { turn(from + at, memory.get() + at, C, I * J); });
  float* const data = memory.release();
  return at::from_blob(
      data, usual.sizes(), {C * I * J, 1, J * C, C}, [](void* held) { std::free(held); },
      usual.options());
}

at::Tensor in_usual_order(const at::Tensor& weight) {
  if (weight.is_contiguous()) return weight;
  if (!weight.is_contiguous(at::MemoryFormat::ChannelsLast)) return weight.contiguous();
  const std::int64_t F = weight.size(0), C = weight.size(1), I = weight.size(2), J = weight.size(3);
  auto* const data = weight.mutable_data_ptr<float>();
  for_filters(F, C * I * J, [&](std::int64_t at) {
    thread_local std::vector<float> filter;
    filter.assign(data + at, data + at + C * I * J);
    turn(filter.data(), data + at, I * J, C);
  });
  return weight.as_strided(weight.sizes(), {C * I * J, I * J, J, 1});
}

}  // namespace fdl::nn
