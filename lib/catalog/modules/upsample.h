#pragma once

#include <cmath>

#include <fmt/format.h>

#include "lib/catalog/one_or_more.h"
#include "lib/catalog/spatial.h"

namespace fdl::catalog {

struct UpsampleParams {
  std::optional<OneOrMore<std::int64_t>> size;
  std::optional<OneOrMore<double>> scale_factor;
  std::string mode = "nearest";
  bool align_corners = false;
};

// A way to find a value between points. `num_axes`: 0 for one, two or three.
struct UpsampleMode {
  std::string_view name;
  std::size_t num_axes;
  bool aligns;             // knows `align_corners`
  std::int64_t num_flops;  // of each value that goes out
};
inline constexpr UpsampleMode kUpsampleModes[] = {
    {"nearest", 0, false, 0}, {"nearest-exact", 0, false, 0}, {"linear", 1, true, 4},
    {"bilinear", 2, true, 8}, {"bicubic", 2, true, 32},       {"trilinear", 3, true, 16},
    {"area", 0, false, 1}};

// Of a name that binding has let through.
inline const UpsampleMode& upsample_mode(const std::string& name) {
  std::size_t i = 0;
  while (kUpsampleModes[i].name != name) ++i;
  return kUpsampleModes[i];
}

inline std::vector<std::string> upsample_mode_names() {
  std::vector<std::string> out;
  for (const UpsampleMode& mode : kUpsampleModes) out.emplace_back(mode.name);
  return out;
}

// in * factor, rounded down; of a named axis only where that can be written.
inline std::optional<Dim> scaled_size(const Dim& in, double factor) {
  if (in.is_number())
    return Dim(static_cast<std::int64_t>(static_cast<double>(in.number()) * factor));
  if (factor == std::floor(factor)) return in * Dim(static_cast<std::int64_t>(factor));
  int exponent = 0;  // a power of two has an exact inverse
  if (std::frexp(factor, &exponent) != 0.5 || exponent < -30) return std::nullopt;
  return floor_div(in, static_cast<std::int64_t>(1 / factor));
}

inline tl::expected<Shape, std::string> upsampled(const UpsampleParams& p, const TensorType& x) {
  if (x.shape.size() < 3 || x.shape.size() > 5)
    return tl::unexpected(std::string("it takes 3, 4 or 5 axes: [N, C, places]"));
  const std::size_t axes = x.shape.size() - 2, wanted = upsample_mode(p.mode).num_axes;
  if (wanted != 0 && wanted != axes)
    return tl::unexpected(
        fmt::format("'mode: {}' takes {} axes: {}", p.mode, wanted + 2, image_text(wanted, "C")));
  const std::size_t given = p.size ? p.size->size() : p.scale_factor->size();
  if (given != 1 && given != axes)
    return tl::unexpected(fmt::format("'{}' must have one number or {}, not {}",
                                      p.size ? "size" : "scale_factor", axes, given));
  Shape out = x.shape;
  for (std::size_t i = 0; i < axes; ++i) {
    const std::size_t at = given == 1 ? 0 : i;
    const std::optional<Dim> to =
        p.size ? Dim((*p.size)[at]) : scaled_size(x.shape[i + 2], (*p.scale_factor)[at]);
    if (!to)
      return tl::unexpected(fmt::format("the axis {} has no fixed size to scale by {}",
                                        x.shape[i + 2].text(), (*p.scale_factor)[at]));
    if (to->is_number() && to->number() < 1)
      return tl::unexpected(std::string("its output would have an axis of size 0"));
    out[i + 2] = *to;
  }
  return out;
}

inline ModuleSpec upsample_spec() {
  using P = UpsampleParams;
  return declare<P>("upsample", "Resample a signal, image or volume to another size.")
      .param("size", &P::size, "The size of each axis, or one for all.", config::at_least(1))
      .param("scale_factor", &P::scale_factor, "How many times as large, of each axis or of all.",
             config::main_field, config::above(0))
      .param("mode", &P::mode, "How values between points are found.",
             config::choices(upsample_mode_names()))
      .param("align_corners", &P::align_corners,
             "Let the first and last points fall on each other, not their cells' sides.")
      .require([](const P& p) { return p.size.has_value() != p.scale_factor.has_value(); },
               "give either 'size' or 'scale_factor'")
      .require([](const P& p) { return !p.align_corners || upsample_mode(p.mode).aligns; },
               "'align_corners' is for the modes linear, bilinear, bicubic and trilinear")
      .shape("[N, C, places in one to three axes] -> [N, C, size, or places * scale_factor]",
             upsampled)
      .flops([](const P& p, const TensorType& x, const TensorType& out) {
        if (p.mode == "area") return num_elements(x.shape);
        return num_elements(out.shape) * Dim(upsample_mode(p.mode).num_flops);
      })
      .keeps({})
      .source("torch.nn.Upsample; torch.nn.functional.interpolate")
      .example("upsample: 2");
}

}  // namespace fdl::catalog
