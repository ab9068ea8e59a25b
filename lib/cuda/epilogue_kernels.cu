#include "lib/cuda/epilogue_kernels.h"

#include "lib/cuda/image_walk.cuh"

namespace fdl::cuda {
namespace {

// A channel's line: relu and what comes after it see (x - mean) scale + shift.
struct Line {
  Four mean, scale, shift;

  __device__ Line(const Epilogue& task, std::int64_t channel) {
    load_or(shift, task.has_norm ? task.norm_bias : task.bias, channel, 0);
    if (!task.has_norm) {
      for (int i = 0; i < 4; ++i) mean[i] = 0, scale[i] = 1;
      return;
    }
    load(mean, task.mean + channel);
    load(scale, task.inverse + channel);
    Four weight;
    load_or(weight, task.norm_weight, channel, 1);
    for (int i = 0; i < 4; ++i) scale[i] *= weight[i];
  }
  // The same bits wherever it is computed: forward and backward agree on what relu cuts off.
  __device__ float at(float x, int i) const { return fmaf(x - mean[i], scale[i], shift[i]); }
};

// Of each channel the sums of x and its squares, both less the first pixel: large means take no
// digits from them.
template <typename T>
__global__ void moments_kernel(const T* x, Walk walk, double* sums) {
  const Share own(walk);
  Sums found;
  Four origin = {};
  if (own.first < own.end) load(origin, x + own.channel);
  for (std::int64_t p = own.first; p < own.end; p += std::int64_t{Sums::kStretch} * walk.rows) {
    Four sum = {}, squares = {};
    for (int k = 0; k < Sums::kStretch; k += kAtOnce) {
      Four values[kAtOnce];
#pragma unroll
      for (int b = 0; b < kAtOnce; ++b) {
        const std::int64_t at = p + std::int64_t{k + b} * walk.rows;
        for (int i = 0; i < 4; ++i) values[b][i] = origin[i];
        if (at < own.end) load(values[b], x + at * walk.C + own.channel);
      }
      for (const Four& value : values) {
        for (int i = 0; i < 4; ++i) {
          const float less = value[i] - origin[i];
          sum[i] += less;
          squares[i] = fmaf(less, less, squares[i]);
        }
      }
    }
    found.add(sum, squares);
  }
  found.write(walk, sums);
}

__device__ void follow(float* running, double value, double newest) {
  *running = static_cast<float>((1 - newest) * *running + newest * value);
}

template <typename T>
__global__ void statistics_kernel(Epilogue task, std::int64_t chunks) {
  const std::int64_t c = blockIdx.x * std::int64_t{kColumns} + threadIdx.x;
  const Pair sums = totals(task.sums, chunks, task.C, c);
  if (threadIdx.y != 0 || c >= task.C) return;
  if (c == 0 && task.num_batches != nullptr) ++*task.num_batches;
  const auto n = static_cast<double>(task.N * task.H * task.W);
  const double less = sums.first / n, variance = sums.second / n - less * less;
  const double least = variance < 0 ? 0 : variance;  // NaN stays
  const double mean = less + static_cast<float>(images<T>(task.x)[c]);
  task.mean[c] = static_cast<float>(mean);
  task.inverse[c] = static_cast<float>(1 / sqrt(least + task.eps));
  // The convolution's bias only moves the mean.
  if (task.running_mean != nullptr)
    follow(task.running_mean + c, mean + (task.bias != nullptr ? task.bias[c] : 0), task.newest);
  if (task.running_var != nullptr) follow(task.running_var + c, least * n / (n - 1), task.newest);
}

// As libtorch's: NaN stays.
__device__ bool is_cut(float x) { return x <= 0; }

template <typename T>
__global__ void apply_kernel(Epilogue task, Walk walk) {
  const Share own(walk);
  if (own.first >= own.end) return;
  const Line line(task, own.channel);
  for (std::int64_t p = own.first; p < own.end; p += std::int64_t{kAtOnce} * walk.rows) {
    Four values[kAtOnce], others[kAtOnce] = {};
#pragma unroll
    for (int b = 0; b < kAtOnce; ++b) {
      const std::int64_t pixel = p + std::int64_t{b} * walk.rows, at = pixel * walk.C + own.channel;
      if (pixel < own.end) load(values[b], images<T>(task.x) + at);
      if (pixel < own.end && task.has_sum) load(others[b], images<T>(task.added) + at);
    }
#pragma unroll
    for (int b = 0; b < kAtOnce; ++b) {
      const std::int64_t pixel = p + std::int64_t{b} * walk.rows;
      Four& value = values[b];
      for (int i = 0; i < 4; ++i) {
        value[i] = line.at(value[i], i) + others[b][i];
        if (task.has_relu && is_cut(value[i])) value[i] = 0;
      }
      if (pixel < own.end) store(static_cast<T*>(task.y) + pixel * walk.C + own.channel, value);
    }
  }
}

// Pixels of images and windows over them.
struct Windows {
  Epilogue::Axis rows, columns;
  std::int32_t H, W;
  Divider by_H, by_W, by_row_stride, by_column_stride, by_out_rows, by_out_columns;

  explicit Windows(const Epilogue& task)
      : rows(task.rows), columns(task.columns), H(static_cast<std::int32_t>(task.H)),
        W(static_cast<std::int32_t>(task.W)), by_H(task.H), by_W(task.W),
        by_row_stride(task.rows.stride), by_column_stride(task.columns.stride),
        by_out_rows(task.rows.out), by_out_columns(task.columns.out) {}
};

template <typename T>
__global__ void apply_pool_kernel(Epilogue task, Walk walk, Windows windows) {
  const Share own(walk);
  if (own.first >= own.end) return;
  const Line line(task, own.channel);
  const auto [rows, columns, H, W, by_H, by_W, s, t, by_out_rows, by_out_columns] = windows;
  for (std::int64_t p = own.first; p < own.end; p += walk.rows) {
    const auto window = static_cast<std::int32_t>(p);
    const std::int32_t row_of_all = by_out_columns(window), image = by_out_rows(row_of_all);
    const std::int32_t h0 = (row_of_all - image * rows.out) * rows.stride - rows.padding,
                       w0 = (window - row_of_all * columns.out) * columns.stride - columns.padding;
    Four best = {-INFINITY, -INFINITY, -INFINITY, -INFINITY};
    std::uint8_t places[4] = {};
    for (std::int32_t i = 0; i < rows.kernel; ++i) {
      if (h0 + i < 0 || h0 + i >= H) continue;
      for (std::int32_t j = 0; j < columns.kernel; ++j) {
        if (w0 + j < 0 || w0 + j >= W) continue;
        const std::int64_t pixel = (std::int64_t{image} * H + h0 + i) * W + w0 + j;
        const std::int64_t at = pixel * walk.C + own.channel;
        Four value, other = {};
        load(value, images<T>(task.x) + at);
        if (task.has_sum) load(other, images<T>(task.added) + at);
        for (int k = 0; k < 4; ++k) {
          const float made = line.at(value[k], k) + other[k];
          if (made > best[k] || isnan(made)) {
            best[k] = made;
            places[k] = static_cast<std::uint8_t>(i * columns.kernel + j);
          }
        }
      }
    }
    for (int k = 0; k < 4; ++k) {
      if (!task.has_relu || !is_cut(best[k])) continue;
      best[k] = 0;
      places[k] = kCutOff;
    }
    store(static_cast<T*>(task.y) + p * walk.C + own.channel, best);
    *reinterpret_cast<uchar4*>(task.places + p * walk.C + own.channel) = {places[0], places[1], places[2],
                                                                          places[3]};
  }
}

// How a gradient of y becomes one of what relu saw: relu cuts off by what it made (of a sum, say),
// by what it is computed from again, or a window's maximum has it.
enum class Way { AsIs, ByOutput, ByInput, Windows };

// Adds up the windows that have the pixel as their maximum.
template <typename T>
__device__ void gather(Four& out, const Epilogue& task, const T* given, const Windows& windows,
                       std::int64_t pixel, std::int64_t channel) {
  const auto [rows, columns, H, W, by_H, by_W, by_row_stride, by_column_stride, r, s] = windows;
  const std::int32_t row_of_all = by_W(static_cast<std::int32_t>(pixel)), image = by_H(row_of_all);
  const std::int32_t h = row_of_all - image * H + rows.padding,
                     w = static_cast<std::int32_t>(pixel) - row_of_all * W + columns.padding;
  const std::int32_t first_row = h < rows.kernel ? 0 : by_row_stride(h - rows.kernel) + 1;
  const std::int32_t first_column = w < columns.kernel ? 0 : by_column_stride(w - columns.kernel) + 1;
  for (std::int32_t i = first_row; i < rows.out && i * rows.stride <= h; ++i) {
    for (std::int32_t j = first_column; j < columns.out && j * columns.stride <= w; ++j) {
      const std::int64_t window = (std::int64_t{image} * rows.out + i) * columns.out + j;
      const std::int64_t at = window * task.C + channel;
      const int own = (h - i * rows.stride) * columns.kernel + w - j * columns.stride;
      Four of_window;
      std::uint8_t places[4];
      load(of_window, given + at);
      load_bytes(places, task.places + at);
      for (int k = 0; k < 4; ++k) {
        if (places[k] == own) out[k] += of_window[k];
      }
    }
  }
}

// The gradient of what relu saw at a pixel; but ByInput before cut_off().
template <Way kWay, typename T>
__device__ void load_gradient(Four& out, const Epilogue& task, const T* given, const Windows& windows,
                              std::int64_t pixel, std::int64_t channel) {
  const std::int64_t at = pixel * task.C + channel;
  if constexpr (kWay == Way::Windows) {
    gather(out, task, given, windows, pixel, channel);
    return;
  }
  load(out, given + at);
  if constexpr (kWay == Way::ByOutput) {
    Four made;
    load(made, images<T>(task.y) + at);
    for (int i = 0; i < 4; ++i) out[i] = is_cut(made[i]) ? 0 : out[i];
  }
}

__device__ void cut_off(Four& gradient, const Line& line, const Four& x) {
  for (int i = 0; i < 4; ++i) gradient[i] = is_cut(line.at(x[i], i)) ? 0 : gradient[i];
}

// Of each channel the sum of that gradient, and with a norm that of its products with x less the
// mean. `out`: the gradient itself, if it is wanted.
template <Way kWay, bool kNorm, typename T>
__global__ void gradient_sums_kernel(Epilogue task, const T* given, Walk walk, Windows windows, T* out) {
  const Share own(walk);
  Sums found;
  if (own.first < own.end) {
    const Line line(task, own.channel);
    for (std::int64_t p = own.first; p < own.end; p += std::int64_t{Sums::kStretch} * walk.rows) {
      Four sum = {}, products = {};
      for (int k = 0; k < Sums::kStretch; k += kAtOnce) {
        Four xs[kAtOnce] = {}, slopes[kAtOnce] = {};
#pragma unroll
        for (int b = 0; b < kAtOnce; ++b) {
          const std::int64_t pixel = p + std::int64_t{k + b} * walk.rows;
          if (pixel >= own.end) continue;
          if constexpr (kNorm) load(xs[b], images<T>(task.x) + pixel * task.C + own.channel);
          load_gradient<kWay>(slopes[b], task, given, windows, pixel, own.channel);
        }
#pragma unroll
        for (int b = 0; b < kAtOnce; ++b) {
          const std::int64_t pixel = p + std::int64_t{k + b} * walk.rows;
          Four& slope = slopes[b];
          if constexpr (kWay == Way::ByInput) cut_off(slope, line, xs[b]);
          if (out != nullptr && pixel < own.end) store(out + pixel * task.C + own.channel, slope);
          for (int i = 0; i < 4; ++i) {
            sum[i] += slope[i];
            if constexpr (kNorm) products[i] = fmaf(slope[i], xs[b][i] - line.mean[i], products[i]);
          }
        }
      }
      found.add(sum, products);
    }
  }
  found.write(walk, task.sums);
}

// With a norm `lines`, f32 [2, C], are what its gradient subtracts: Ioffe and Szegedy 2015,
// arXiv:1502.03167. Its sum is 0, so the gradient of a bias before it is too.
__global__ void finish_gradients_kernel(Epilogue task, EpilogueGradients gradients, std::int64_t chunks,
                                        float* lines) {
  const std::int64_t c = blockIdx.x * std::int64_t{kColumns} + threadIdx.x;
  const Pair sums = totals(task.sums, chunks, task.C, c);
  if (threadIdx.y != 0 || c >= task.C) return;
  if (gradients.bias != nullptr) gradients.bias[c] = task.has_norm ? 0 : static_cast<float>(sums.first);
  if (!task.has_norm) return;
  const double inverse = task.inverse[c], n = static_cast<double>(task.N * task.H * task.W);
  if (gradients.norm_weight != nullptr)
    gradients.norm_weight[c] = static_cast<float>(sums.second * inverse);
  if (gradients.norm_bias != nullptr) gradients.norm_bias[c] = static_cast<float>(sums.first);
  lines[c] = static_cast<float>(sums.first / n);
  lines[task.C + c] = static_cast<float>(inverse * inverse * sums.second / n);
}

template <Way kWay, typename T>
__global__ void norm_gradient_kernel(Epilogue task, const T* given, Walk walk, Windows windows,
                                     const float* lines, T* out) {
  const Share own(walk);
  if (own.first >= own.end) return;
  const Line line(task, own.channel);
  Four mean, slope;
  load(mean, lines + own.channel);
  load(slope, lines + task.C + own.channel);
  for (std::int64_t p = own.first; p < own.end; p += std::int64_t{kAtOnce} * walk.rows) {
    Four xs[kAtOnce] = {}, gradients[kAtOnce] = {};
#pragma unroll
    for (int b = 0; b < kAtOnce; ++b) {
      const std::int64_t pixel = p + std::int64_t{b} * walk.rows;
      if (pixel >= own.end) continue;
      load(xs[b], images<T>(task.x) + pixel * task.C + own.channel);
      load_gradient<kWay>(gradients[b], task, given, windows, pixel, own.channel);
    }
#pragma unroll
    for (int b = 0; b < kAtOnce; ++b) {
      const std::int64_t pixel = p + std::int64_t{b} * walk.rows;
      Four& gradient = gradients[b];
      if constexpr (kWay == Way::ByInput) cut_off(gradient, line, xs[b]);
      for (int i = 0; i < 4; ++i)
        gradient[i] = line.scale[i] * (gradient[i] - mean[i] - (xs[b][i] - line.mean[i]) * slope[i]);
      if (pixel < own.end) store(out + pixel * task.C + own.channel, gradient);
    }
  }
}

struct Shape {
  dim3 blocks, threads;
};

Shape shape_of(const Walk& walk, const EpilogueShares& shares) {
  return {dim3(static_cast<unsigned>(shares.chunks), static_cast<unsigned>(shares.groups)),
          dim3(static_cast<unsigned>(walk.lanes * walk.rows))};
}

dim3 blocks_of_channels(std::int64_t C) {
  return dim3(static_cast<unsigned>((C + kColumns - 1) / kColumns));
}

Way way_of(const Epilogue& task) {
  if (task.has_pool) return Way::Windows;
  if (!task.has_relu) return Way::AsIs;
  return task.has_norm && !task.has_sum ? Way::ByInput : Way::ByOutput;
}

// call.operator()<way>().
template <typename Call>
void with_way(Way way, Call call) {
  switch (way) {
    case Way::AsIs:
      return call.template operator()<Way::AsIs>();
    case Way::ByOutput:
      return call.template operator()<Way::ByOutput>();
    case Way::ByInput:
      return call.template operator()<Way::ByInput>();
    case Way::Windows:
      return call.template operator()<Way::Windows>();
  }
}

template <typename T>
cudaError_t launch_of(const Epilogue& task, cudaStream_t stream) {
  if (task.has_norm) {
    const EpilogueShares shares(task.num_pixels(), task.C);
    const Walk walk(task.num_pixels(), task.C, shares);
    const Shape shape = shape_of(walk, shares);
    moments_kernel<<<shape.blocks, shape.threads, 0, stream>>>(static_cast<const T*>(task.x), walk, task.sums);
    statistics_kernel<T><<<blocks_of_channels(task.C), dim3(kColumns, kSharers), 0, stream>>>(
        task, shares.chunks);
  }
  const std::int64_t made =
      task.has_pool ? task.N * task.rows.out * task.columns.out : task.num_pixels();
  const EpilogueShares shares(made, task.C);
  const Walk walk(made, task.C, shares);
  const Shape shape = shape_of(walk, shares);
  if (task.has_pool)
    apply_pool_kernel<T><<<shape.blocks, shape.threads, 0, stream>>>(task, walk, Windows(task));
  else
    apply_kernel<T><<<shape.blocks, shape.threads, 0, stream>>>(task, walk);
  return cudaGetLastError();
}

template <typename T>
cudaError_t launch_gradients_of(const Epilogue& task, const EpilogueGradients& gradients,
                                cudaStream_t stream) {
  const EpilogueShares shares(task.num_pixels(), task.C);
  const Walk walk(task.num_pixels(), task.C, shares);
  const Shape shape = shape_of(walk, shares);
  const Windows windows(task);
  auto* const lines = reinterpret_cast<float*>(task.sums + shares.chunks * 2 * task.C);
  // Without a norm that is the gradient of x as well as of what is added.
  T* const passed = static_cast<T*>(gradients.added != nullptr ? gradients.added
                                    : task.has_norm            ? nullptr
                                                               : gradients.x);
  const T* const given = static_cast<const T*>(gradients.given);
  with_way(way_of(task), [&]<Way kWay>() {
    if (task.has_norm)
      gradient_sums_kernel<kWay, true><<<shape.blocks, shape.threads, 0, stream>>>(
          task, given, walk, windows, passed);
    else
      gradient_sums_kernel<kWay, false><<<shape.blocks, shape.threads, 0, stream>>>(
          task, given, walk, windows, passed);
  });
  finish_gradients_kernel<<<blocks_of_channels(task.C), dim3(kColumns, kSharers), 0, stream>>>(
      task, gradients, shares.chunks, lines);
  if (!task.has_norm || gradients.x == nullptr) return cudaGetLastError();
  const bool is_there = passed != nullptr;
  with_way(is_there ? Way::AsIs : way_of(task), [&]<Way kWay>() {
    norm_gradient_kernel<kWay><<<shape.blocks, shape.threads, 0, stream>>>(
        task, is_there ? passed : given, walk, windows, lines, static_cast<T*>(gradients.x));
  });
  return cudaGetLastError();
}

// call.operator()<T>().
template <typename Call>
cudaError_t with_type(ImageType type, Call call) {
  switch (type) {
    case ImageType::F32:
      break;
    case ImageType::BF16:
      return call.template operator()<__nv_bfloat16>();
    case ImageType::F16:
      return call.template operator()<__half>();
  }
  return call.template operator()<float>();
}

}  // namespace

cudaError_t launch_epilogue(const Epilogue& task, cudaStream_t stream) {
  return with_type(task.type, [&]<typename T>() { return launch_of<T>(task, stream); });
}

cudaError_t launch_epilogue_gradients(const Epilogue& task, const EpilogueGradients& gradients,
                                      cudaStream_t stream) {
  return with_type(task.type,
                   [&]<typename T>() { return launch_gradients_of<T>(task, gradients, stream); });
}

}  // namespace fdl::cuda
