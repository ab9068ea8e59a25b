#pragma once

#include "lib/catalog/gated_feed_forward.h"

namespace fdl::catalog {

struct SwigluFeedForwardParams : GatedFeedForwardParams {};

inline ModuleSpec swiglu_feed_forward_spec() {
  return declare_gated_feed_forward<SwigluFeedForwardParams>("swiglu_feed_forward",
                                                             "down(silu(gate(x)) * up(x)).");
}

}  // namespace fdl::catalog
