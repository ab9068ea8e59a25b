#include "lib/nn/loss.h"

#include <string_view>

#include "lib/base/check.h"
#include "lib/nn/declarations.h"
#include "lib/nn/softmax_loss.h"

namespace fdl::nn {
namespace {

struct Row {
  std::string_view name;
  Loss (*bind)(const catalog::Choice& choice, const catalog::TensorTypes& types);
};

constexpr Row kLosses[] = {
#define FDL_LOSS(name) {#name, loss_##name},
#include "lib/catalog/losses.inc"
#undef FDL_LOSS
};

}  // namespace

Loss bind_loss(const catalog::Choice& choice, const catalog::TensorTypes& types, bool fuses) {
  if (fuses && choice.name() == "cross_entropy") return fused_cross_entropy(choice, types);
  for (const Row& row : kLosses) {
    if (row.name == choice.name()) return row.bind(choice, types);
  }
  FDL_CHECK(!"a loss that the catalogue does not have");
  return {};
}

}  // namespace fdl::nn
