#pragma once

#include "lib/catalog/axes.h"

// Parameters that name several axes at once, and what reductions over them share.
namespace fdl::catalog {

// One axis or several, as they are written; none means all but the batch.
struct AxisList {
  std::vector<std::int64_t> dims;
};

// The same counted from the front, in rising order, for a tensor of that many axes.
std::vector<std::int64_t> axes_from_front(const AxisList& axes, std::size_t num_axes);

// Why these axes of that shape cannot be taken: one that is not there, is named twice, or is the
// batch; or there is none but the batch. Empty when they can be.
std::optional<std::string> axes_problem(const AxisList& axes, const Shape& shape);

// The shape when these axes shrink to 1, or go away.
tl::expected<Shape, std::string> without_axes(const AxisList& axes, bool keepdim,
                                              const Shape& shape);

// The axis as an index, when it is there and is not the batch; else a sentence.
tl::expected<std::ptrdiff_t, std::string> inner_axis(std::int64_t dim, const Shape& shape);

// What a reduction makes of its input's dtype.
enum class ReducedDType { Same, Wide };  // Wide: integers and bool become i64

// Starts the declaration of a reduction over axes. P has the members `dim` and `keepdim`.
template <typename P>
ModuleBuilder<P> reduction(std::string name, std::string summary,
                           ReducedDType reduced = ReducedDType::Same) {
  ModuleBuilder<P> out = declare<P>(std::move(name), std::move(summary));
  out.param("dim", &P::dim, "One axis or several; none means all but the batch.",
            config::main_field)
      .param("keepdim", &P::keepdim, "Keep each axis, with size 1.")
      .types("[N, axes] -> [N, those not in dim]",
             [reduced](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
               const TensorType& x = inputs.front();
               const auto shape = without_axes(p.dim, p.keepdim, x.shape);
               if (!shape) return tl::unexpected(shape.error());
               const bool widens = reduced == ReducedDType::Wide && !is_floating(x.dtype);
               return std::vector<TensorType>{{widens ? DType::I64 : x.dtype, *shape}};
             })
      .flops(
          [](const P&, const TensorType& x, const TensorType&) { return num_elements(x.shape); });
  return out;
}

// The parameters of most reductions.
struct ReductionParams {
  AxisList dim;
  bool keepdim = false;
};

}  // namespace fdl::catalog

namespace fdl::config {

template <>
struct ValueTraits<catalog::AxisList> {
  using Dims = ValueTraits<std::vector<std::int64_t>>;
  static std::string type() { return "an integer or a list"; }
  static Form form() { return Form::one_or_list({Form::Kind::Integer}); }
  static bool read(const Node& node, catalog::AxisList& out) {
    std::int64_t single = 0;
    if (!ValueTraits<std::int64_t>::read(node, single)) return Dims::read(node, out.dims);
    out.dims = {single};
    return true;
  }
  static std::string show(const catalog::AxisList& value) { return Dims::show(value.dims); }
};

}  // namespace fdl::config
