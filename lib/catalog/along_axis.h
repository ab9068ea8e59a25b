#pragma once

#include "lib/catalog/axis_list.h"

// Modules that work along one axis, named by their parameter `dim`.
namespace fdl::catalog {

// Softmax and its kin: any axis, the same shape.
template <typename P>
ModuleBuilder<P> softmax_like(std::string name, std::string summary, std::string doc_of_dim) {
  ModuleBuilder<P> out = declare<P>(std::move(name), std::move(summary));
  out.param("dim", &P::dim, std::move(doc_of_dim), config::main_field)
      .shape("[*] -> [*]",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               if (!axis_index(p.dim, x.shape)) return tl::unexpected(no_such_axis(p.dim, x.shape));
               return x.shape;
             })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(5);
      });
  return out;
}

// Gates: one half of an axis, through a function, times the other half.
template <typename P>
ModuleBuilder<P> gated_halves(std::string name, std::string summary) {
  ModuleBuilder<P> out = declare<P>(std::move(name), std::move(summary));
  out.param("dim", &P::dim, "The axis that is cut in two.", config::main_field)
      .shape(
          "[N, axes] -> the same, with half of axis 'dim'",
          [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
            const auto axis = inner_axis(p.dim, x.shape);
            if (!axis) return tl::unexpected(axis.error());
            Shape halved = x.shape;
            Dim& dim = halved[static_cast<std::size_t>(*axis)];
            const Dim half = floor_div(dim, 2);
            if (!(half * Dim(2) == dim))
              return tl::unexpected("an axis of size " + dim.text() + " has no two equal halves");
            dim = half;
            return halved;
          })
      .flops([](const P&, const TensorType& x, const TensorType&) {
        return num_elements(x.shape) * Dim(3);
      });
  return out;
}

// Sums and products up to each place: the same shape.
template <typename P>
ModuleBuilder<P> cumulative(std::string name, std::string summary) {
  ModuleBuilder<P> out = declare<P>(std::move(name), std::move(summary));
  out.param("dim", &P::dim, "The axis along which it runs.", config::required, config::main_field)
      .input("input", DTypeClass::Any)
      .types(
          "[N, axes] -> the same", [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
            const TensorType& x = inputs.front();
            const auto axis = inner_axis(p.dim, x.shape);
            if (!axis) return tl::unexpected(axis.error());
            return std::vector<TensorType>{{is_floating(x.dtype) ? x.dtype : DType::I64, x.shape}};
          });
  return out;
}

// The place of one element of an axis.
template <typename P>
ModuleBuilder<P> place_along(std::string name, std::string summary) {
  ModuleBuilder<P> out = declare<P>(std::move(name), std::move(summary));
  out.param("dim", &P::dim, "The axis.", config::main_field)
      .param("keepdim", &P::keepdim, "Keep the axis, with size 1.")
      .input("input", DTypeClass::Any)
      .types("[N, axes] -> [N, axes without 'dim'] in i64",
             [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
               const TensorType& x = inputs.front();
               if (x.dtype == DType::Bool)
                 return tl::unexpected(std::string("bool has no order: cast it first"));
               const auto shape = without_axes({{p.dim}}, p.keepdim, x.shape);
               if (!shape) return tl::unexpected(shape.error());
               return std::vector<TensorType>{{DType::I64, *shape}};
             })
      .flops(
          [](const P&, const TensorType& x, const TensorType&) { return num_elements(x.shape); });
  return out;
}

}  // namespace fdl::catalog
