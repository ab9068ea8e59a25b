#pragma once

#include "lib/cuda/update_task.h"
#include "lib/cuda/updates/adadelta.h"
#include "lib/cuda/updates/adagrad.h"
#include "lib/cuda/updates/adamax.h"
#include "lib/cuda/updates/asgd.h"
#include "lib/cuda/updates/lion.h"
#include "lib/cuda/updates/nadam.h"
#include "lib/cuda/updates/radam.h"
#include "lib/cuda/updates/rmsprop.h"
#include "lib/cuda/updates/rprop.h"

namespace fdl::cuda {

// Which a rule is.
template <typename Rule>
inline constexpr auto kKindOf = nullptr;
#define FDL_UPDATE(header, Rule) \
  template <>                    \
  inline constexpr auto kKindOf<updates::Rule> = UpdateKind::Rule;
#include "lib/cuda/updates.inc"
#undef FDL_UPDATE

}  // namespace fdl::cuda
