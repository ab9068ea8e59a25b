#pragma once

#include "lib/catalog/gated_feed_forward.h"

namespace fdl::catalog {

struct GegluFeedForwardParams : GatedFeedForwardParams {};

inline ModuleSpec geglu_feed_forward_spec() {
  return declare_gated_feed_forward<GegluFeedForwardParams>("geglu_feed_forward",
                                                            "down(gelu(gate(x)) * up(x)).");
}

}  // namespace fdl::catalog
