#include "lib/catalog/held_memory.h"

#include "lib/catalog/channels_last.h"
#include "lib/catalog/plain_attention.h"
#include "lib/catalog/recurrent.h"

namespace fdl::catalog {

const HeldMemory* held_otherwise(std::string_view module, const Passes& passes) {
  if (const HeldMemory* out = passes.recurrent ? nullptr : plain_memory(module)) return out;
  if (const HeldMemory* out = passes.attention ? nullptr : plain_attention_memory(module))
    return out;
  return puts_channels_last(passes) ? channels_last_memory(module, passes.winograd) : nullptr;
}

}  // namespace fdl::catalog
