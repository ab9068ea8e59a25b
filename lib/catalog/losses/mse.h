#pragma once

#include <array>
#include <optional>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct MseParams {};

inline EntrySpec mse_spec() {
  using P = MseParams;
  return declare_entry<P>("mse", "Mean of the squared differences.")
      .fits([](const P&, const TensorType& output,
               const TensorType& target) -> std::optional<std::string> {
        if (is_floating(output.dtype) && output == target) return std::nullopt;
        return "output and target must have one floating-point type: output " + to_string(output) +
               ", target " + to_string(target);
      })
      .source("torch.nn.MSELoss");
}

}  // namespace fdl::catalog
