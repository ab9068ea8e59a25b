#pragma once

namespace fdl::tensor {

// Keeps what is freed, instead of giving large blocks back to the system, which would fault their
// pages in again at each step: those of tensors in a PagePool, others in malloc. Call once, before
// the first tensor.
void keep_freed_memory();

}  // namespace fdl::tensor
