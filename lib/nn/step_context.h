#pragma once

#include <cstdint>
#include <string_view>

#include "lib/tensor/random.h"

namespace fdl::nn {

// What a forward may know beside its parameters, tensors and inputs. All random draws of a step are
// keyed by it.
struct StepContext {
  bool training = false;
  std::uint64_t seed = 0;
  std::int64_t step = 0;         // the update that this batch is for, from 0
  std::int64_t micro_batch = 0;  // within the step
  std::int64_t first_row = 0;  // place of this batch's first sample within the whole step's samples

  // What may run otherwise than by libtorch's operators one by one; see catalog::Passes.
  bool fuses_recurrent = true, fuses_attention = true;
  bool puts_channels_last = false;  // images, for convolutions; see catalog/channels_last.h
  bool filters_by_winograd = false;

  // Where a step that is replayed on a GPU finds its number; else null.
  const std::int64_t* step_on_device = nullptr;

  // Set by the executor for each node.
  std::string_view node_path;
  std::int64_t loop_turn = 0;  // of the loops around the node, as one number
  // Instead of first_row, where the samples at hand are not neighbours in the batch.
  std::shared_ptr<const std::vector<std::int64_t>> rows;

  tensor::Lanes lanes() const { return {first_row, rows}; }
  void set_lanes(const tensor::Lanes& lanes) {
    first_row = lanes.first;
    rows = lanes.rows;
  }

  // The stream of this node at this step, to be read in lanes().
  tensor::StreamKey stream(tensor::Purpose purpose) const { return step_key(purpose).whole(); }
  // The same in parts, which draws that a GPU makes need: it may learn the step when it runs.
  tensor::StepKey step_key(tensor::Purpose purpose) const;
};

}  // namespace fdl::nn
