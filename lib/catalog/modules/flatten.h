#pragma once

#include "lib/catalog/axes.h"

namespace fdl::catalog {

struct FlattenParams {
  std::int64_t start_dim = 1;
  std::int64_t end_dim = -1;
};

inline ModuleSpec flatten_spec() {
  using P = FlattenParams;
  return declare<P>("flatten", "Join neighbouring axes into one.")
      .param("start_dim", &P::start_dim, "First axis to join; axis 0 is the batch.",
             config::main_field)
      .param("end_dim", &P::end_dim, "Last axis to join; negative ones count from the end.")
      .shape("[N, axes] -> [N, their product]",
             [](P& p, const TensorType& x) -> tl::expected<Shape, std::string> {
               const auto start = axis_index(p.start_dim, x.shape),
                          end = axis_index(p.end_dim, x.shape);
               if (!start || !end)
                 return tl::unexpected(no_such_axis(start ? p.end_dim : p.start_dim, x.shape));
               if (*start > *end)
                 return tl::unexpected(std::string("'start_dim' comes after 'end_dim'"));
               Shape out(x.shape.begin(), x.shape.begin() + *start);
               out.push_back(
                   num_elements(Shape(x.shape.begin() + *start, x.shape.begin() + *end + 1)));
               out.insert(out.end(), x.shape.begin() + *end + 1, x.shape.end());
               return out;
             })
      .input("input", DTypeClass::Any)
      .flops([](const P&, const TensorType&, const TensorType&) { return Dim(0); })
      .view()
      .source("torch.nn.Flatten")
      .example("flatten");
}

}  // namespace fdl::catalog
