#pragma once

namespace fdl::tensor {

// Lets malloc keep what is freed, instead of giving large blocks back to the system, which would
// fault their pages in again at each step. Call once, before the first tensor.
void keep_freed_memory();

}  // namespace fdl::tensor
