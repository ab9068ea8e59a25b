#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/tensor.h>

#include "lib/cuda/tasks.h"
#include "lib/tensor/random.h"

// How draws are told to a GPU. Inside lib/tensor.
namespace fdl::tensor {

// A draw for the rows of a tensor there; the tensor with their lanes, if one is needed, must live
// until the kernel is in the stream.
template <typename D>
struct GpuDraw {
  D draw;
  at::Tensor lanes;

  GpuDraw(const at::Tensor& out, const StepKey& key, const Lanes& of_rows) {
    draw.node_key = key.node.value();
    draw.step = key.step;
    draw.micro_batch = key.micro_batch;
    draw.loop_turn = key.loop_turn;
    draw.has_place = key.place.has_value();
    draw.place = key.place.value_or(0);
    draw.step_on_device = key.step_on_device;
    draw.num_rows = out.size(0);
    draw.first_lane = of_rows.first;
    if (!of_rows.rows) return;
    lanes = at::tensor(*of_rows.rows, at::kLong).to(out.device());
    draw.lanes = lanes.template const_data_ptr<std::int64_t>();
  }
};

}  // namespace fdl::tensor
