#pragma once

namespace fdl::cuda {

// From now on libtorch's products of f32 matrices on GPUs run on their matrix units where that is
// faster: each number as three of bf16, whose nine products but the three least are added up in
// f32. Data-centre GPUs alone have units that are so much faster.
void take_products();

}  // namespace fdl::cuda
