#pragma once

#include "lib/catalog/equation.h"

namespace fdl::catalog {

struct EinsumParams {
  std::string equation;
};

inline ModuleSpec einsum_spec() {
  using P = EinsumParams;
  return declare<P>("einsum",
                    "Sums of products over axes named by letters: the stream and up to three other "
                    "inputs.")
      .param("equation", &P::equation,
             "Letters of each input's axes, then -> and those of the output; the batch's letter "
             "stands first in all.",
             config::required, config::main_field)
      .require(
          [](const P& p) { return read_equation(p.equation).has_value(); },
          "'equation' must be like \"bij,bjk->bik\", with the batch's letter first in each part")
      .input("input", DTypeClass::Floating)
      .optional_input("other", DTypeClass::Floating)
      .optional_input("other2", DTypeClass::Floating)
      .optional_input("other3", DTypeClass::Floating)
      .types("as the equation says",
             [](P& p, const std::vector<TensorType>& inputs) -> TypeResult {
               return einsum_type(*read_equation(p.equation), inputs);
             })
      .flops([](const P& p, const std::vector<TensorType>& inputs, const std::vector<TensorType>&) {
        return einsum_flops(*read_equation(p.equation), inputs);
      })
      // Each operand's gradient is a product of as many numbers.
      .gradient_flops([](const P& p, const std::vector<TensorType>& inputs, const auto&) {
        const Equation equation = *read_equation(p.equation);
        const Dim operands = static_cast<std::int64_t>(equation.inputs.size());
        return GradientFlops{operands * einsum_flops(equation, inputs), 0, 0};
      })
      .source("torch.einsum")
      .example("einsum: \"bij,bjk->bik\"", {"f64[2, 3]", "f64[3, 4]"});
}

}  // namespace fdl::catalog
