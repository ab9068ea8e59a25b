#include "lib/data/transforms/stage.h"

#include "lib/base/check.h"

namespace fdl::data {

std::unique_ptr<Stage> make_stage(const catalog::Choice& choice, const Pictures& in) {
  for (const auto make : {make_moving, make_sampling, make_colouring}) {
    if (auto stage = make(choice, in)) return stage;
  }
  FDL_CHECK(!"a transform that nothing computes");
  return nullptr;
}

}  // namespace fdl::data
