// Convolutions, poolings and their kin over the last axes of [N, C, ...].
#include <cmath>
#include <numeric>

#include "lib/catalog/convolution.h"
#include "lib/catalog/modules/grid_sample.h"
#include "lib/catalog/modules/upsample.h"
#include "lib/catalog/pooling.h"
#include "lib/onnx/rows.h"

namespace fdl::onnx {
namespace {

using Ints = std::vector<std::int64_t>;

std::string pad_spatially(const Call& call, const Ints& sides, const std::string& mode) {
  const std::size_t axes = sides.size() / 2;
  Ints all = {0, 0};
  all.insert(all.end(), sides.begin(), sides.begin() + static_cast<std::ptrdiff_t>(axes));
  all.insert(all.end(), {0, 0});
  all.insert(all.end(), sides.begin() + static_cast<std::ptrdiff_t>(axes), sides.end());
  return call.add("Pad", {call.input(), call.out().integers(all)}, {{"mode", mode}});
}

Lowered convolve(const Call& call, const std::string& op, const std::string& x,
                 Attributes attributes) {
  std::vector<std::string> inputs = {x, call.own("weight")};
  if (const std::string bias = call.own("bias"); !bias.empty()) inputs.push_back(bias);
  return std::vector{call.add(op, inputs, std::move(attributes))};
}

template <std::size_t N>
Lowered convolution(const Call& call) {
  const auto& p = call.params<catalog::ConvolutionParams<N>>();
  if (p.padding_mode == "circular")
    return tl::unexpected(std::string("opset 17 has no circular padding"));
  Ints sides(2 * N);
  for (std::size_t i = 0; i < N; ++i) {
    const catalog::AddedSides added = catalog::sides_of(p, i);
    sides[i] = added.before;
    sides[N + i] = added.after;
  }
  std::string x = call.input();
  if (p.padding_mode != "zeros") {
    x = pad_spatially(call, sides, p.padding_mode == "replicate" ? "edge" : p.padding_mode);
    sides.assign(2 * N, 0);
  }
  return convolve(call, "Conv", x,
                  {{"kernel_shape", ints(p.kernel_size)},
                   {"strides", ints(p.stride)},
                   {"dilations", ints(p.dilation)},
                   {"pads", sides},
                   {"group", p.groups}});
}

// The same at both ends.
template <std::size_t N>
Ints both_sides(const catalog::Tuple<N>& padding) {
  Ints out = ints(padding);
  out.insert(out.end(), padding.begin(), padding.end());
  return out;
}

template <std::size_t N>
Lowered transposed_convolution(const Call& call) {
  const auto& p = call.params<catalog::TransposedConvolutionParams<N>>();
  return convolve(call, "ConvTranspose", call.input(),
                  {{"kernel_shape", ints(p.kernel_size)},
                   {"strides", ints(p.stride)},
                   {"dilations", ints(p.dilation)},
                   {"pads", both_sides<N>(p.padding)},
                   {"output_padding", ints(p.output_padding)},
                   {"group", p.groups}});
}

// Whether a last window that only partly fits is there. Programs differ in what belongs to it.
template <typename P>
bool has_partial_window(const Call& call, P p) {
  if (!p.ceil_mode) return false;
  p.ceil_mode = false;
  const auto whole = catalog::pooled(p, call.type());
  return !whole || !(*whole == call.made().shape);
}
const char* const kPartial = "`ceil_mode` has a last window that only partly fits";

template <typename P>
Attributes window(const P& p) {
  return {{"kernel_shape", ints(p.kernel_size)},
          {"strides", ints(p.stride.value_or(p.kernel_size))}};
}

template <std::size_t N>
Lowered max_pool(const Call& call) {
  const auto& p = call.params<catalog::MaxPoolParams<N>>();
  if (has_partial_window(call, p)) return tl::unexpected(std::string(kPartial));
  Attributes attributes = window(p);
  attributes.push_back({"pads", both_sides<N>(p.padding)});
  attributes.push_back({"dilations", ints(p.dilation)});
  return std::vector{call.add("MaxPool", {call.input()}, attributes)};
}

template <std::size_t N>
Lowered avg_pool(const Call& call) {
  const auto& p = call.params<catalog::AvgPoolParams<N>>();
  if (has_partial_window(call, p)) return tl::unexpected(std::string(kPartial));
  Attributes attributes = window(p);
  attributes.push_back({"pads", both_sides<N>(p.padding)});
  const bool counts = p.count_include_pad || p.divisor_override;
  attributes.push_back({"count_include_pad", std::int64_t{counts}});
  std::string out = call.add("AveragePool", {call.input()}, attributes);
  if (p.divisor_override) {
    const auto values = static_cast<double>(catalog::product(p.kernel_size));
    const double factor = values / static_cast<double>(*p.divisor_override);
    out = call.add("Mul", {out, call.number(factor)});
  }
  return std::vector{out};
}

template <std::size_t N>
Lowered lp_pool(const Call& call) {
  const auto& p = call.params<catalog::LpPoolParams<N>>();
  if (has_partial_window(call, p)) return tl::unexpected(std::string(kPartial));
  if (std::fmod(p.norm_type, 2) != 0)
    return tl::unexpected(std::string("its 'norm_type' is not even"));
  Attributes attributes = window(p);
  attributes.push_back({"p", static_cast<std::int64_t>(p.norm_type)});
  return std::vector{call.add("LpPool", {call.input()}, attributes)};
}

// One place from all, or windows that divide the axes.
template <std::size_t N>
Lowered adaptive_pool(const Call& call, const std::string& pool, const std::string& reduction) {
  const auto& p = call.params<catalog::AdaptivePoolParams<N>>();
  Ints kernel, axes(N);
  std::iota(axes.begin(), axes.end(), 2);
  bool is_global = true;
  for (std::size_t i = 0; i < N; ++i) {
    is_global = is_global && p.output_size[i] == 1;
    const catalog::Dim &in = call.type().shape[i + 2], &out = call.made().shape[i + 2];
    const bool divides = in.is_number() && out.is_number() && in.number() % out.number() == 0;
    kernel.push_back(in == out ? 1 : divides ? in.number() / out.number() : 0);
  }
  if (is_global)
    return std::vector{
        call.add(reduction, {call.input()}, {{"axes", axes}, {"keepdims", std::int64_t{1}}})};
  for (const std::int64_t size : kernel) {
    if (size == 0) return tl::unexpected(std::string("its windows are of unequal sizes"));
  }
  return std::vector{
      call.add(pool, {call.input()}, {{"kernel_shape", kernel}, {"strides", kernel}})};
}
template <std::size_t N>
Lowered adaptive_avg_pool(const Call& call) {
  return adaptive_pool<N>(call, "AveragePool", "ReduceMean");
}
template <std::size_t N>
Lowered adaptive_max_pool(const Call& call) {
  return adaptive_pool<N>(call, "MaxPool", "ReduceMax");
}

Attributes resize_mode(const catalog::UpsampleParams& p) {
  const auto text = [](const char* word) { return std::string(word); };
  if (p.mode == "nearest")
    return {{"mode", text("nearest")},
            {"coordinate_transformation_mode", text("asymmetric")},
            {"nearest_mode", text("floor")}};
  if (p.mode == "nearest-exact")
    return {{"mode", text("nearest")},
            {"coordinate_transformation_mode", text("half_pixel")},
            {"nearest_mode", text("round_prefer_ceil")}};
  return {
      {"mode", text(p.mode == "bicubic" ? "cubic" : "linear")},
      {"coordinate_transformation_mode", text(p.align_corners ? "align_corners" : "half_pixel")},
      {"cubic_coeff_a", -0.75}};
}

Lowered upsample(const Call& call) {
  const auto& p = call.params<catalog::UpsampleParams>();
  if (p.mode == "area") return tl::unexpected(std::string("opset 17 has no mode 'area'"));
  std::vector<std::string> inputs = {call.input(), ""};
  if (p.scale_factor) {
    std::vector<double> scales(call.rank(), 1);
    for (std::size_t i = 2; i < scales.size(); ++i)
      scales[i] = (*p.scale_factor)[p.scale_factor->size() == 1 ? 0 : i - 2];
    inputs.push_back(call.out().numbers(scales, {count_of(call.rank())}, catalog::DType::F32));
  } else {
    const auto sizes = call.sizes(call.made().shape);
    if (!sizes) return tl::unexpected(std::string("its size cannot be told from its input"));
    inputs.insert(inputs.end(), {"", *sizes});
  }
  return std::vector{call.add("Resize", inputs, resize_mode(p))};
}

Lowered grid_sample(const Call& call) {
  const auto& p = call.params<catalog::GridSampleParams>();
  if (call.rank() != 4) return tl::unexpected(std::string("opset 17 has it for images only"));
  return std::vector{call.add("GridSample", {call.input(), call.input(1)},
                              {{"mode", p.mode},
                               {"padding_mode", p.padding_mode},
                               {"align_corners", std::int64_t{p.align_corners}}})};
}

constexpr Row kRows[] = {
    {"adaptive_avg_pool1d", adaptive_avg_pool<1>},
    {"adaptive_avg_pool2d", adaptive_avg_pool<2>},
    {"adaptive_avg_pool3d", adaptive_avg_pool<3>},
    {"adaptive_max_pool1d", adaptive_max_pool<1>},
    {"adaptive_max_pool2d", adaptive_max_pool<2>},
    {"adaptive_max_pool3d", adaptive_max_pool<3>},
    {"avg_pool1d", avg_pool<1>},
    {"avg_pool2d", avg_pool<2>},
    {"avg_pool3d", avg_pool<3>},
    {"conv1d", convolution<1>},
    {"conv2d", convolution<2>},
    {"conv3d", convolution<3>},
    {"conv_transpose1d", transposed_convolution<1>},
    {"conv_transpose2d", transposed_convolution<2>},
    {"conv_transpose3d", transposed_convolution<3>},
    {"grid_sample", grid_sample},
    {"lp_pool1d", lp_pool<1>},
    {"lp_pool2d", lp_pool<2>},
    {"lp_pool3d", lp_pool<3>},
    {"max_pool1d", max_pool<1>},
    {"max_pool2d", max_pool<2>},
    {"max_pool3d", max_pool<3>},
    {"upsample", upsample},
};

}  // namespace

std::span<const Row> spatial_rows() { return kRows; }

}  // namespace fdl::onnx
