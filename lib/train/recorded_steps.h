#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/cuda/backend.h"
#include "lib/exec/executor.h"
#include "lib/optim/clip.h"
#include "lib/optim/optimizer.h"
#include "lib/tensor/store.h"
#include "lib/train/split.h"

namespace fdl::train {

// Steps on a GPU as recordings (CUDA graphs): forward, losses, backward, clipping and update of a
// batch are taken down once for each shape that batches have, and replayed. The numbers are those
// of the same kernels op by op. A step whose loss or gradients are not finite updates nothing; who
// called takes it again op by op, which finds out more.
class RecordedSteps {
 public:
  // What steps are made of; all must outlive it.
  struct Parts {
    const graph::Graph& graph;
    const job::Job& job;
    const Split& train;
    const exec::Executor& executor;
    const tensor::TensorStore& store;
    optim::Optimizer& optimizer;
    const optim::Clip& clip;
  };

  // Of a store on a GPU.
  explicit RecordedSteps(const Parts& parts);

  // A step that was done.
  struct Done {
    double loss = 0;
    std::optional<double> grad_norm;
    std::vector<double> losses, weights;  // of each loss of the job
    std::vector<at::Tensor> outputs;      // those that metrics read, on the CPU; others undefined
  };
  // Takes step `step` on `batch`, the last one of `loader`, whose next one it brings to the GPU
  // meanwhile. `loss_scale`: of `precision: f16`, else 1. Empty, with all as it was before, where
  // the step is to be taken op by op: the first ones of each shape, those of shapes that come
  // beside too many others, all once why_not() says why, and one that is not finite. Waits for the
  // GPU.
  std::optional<Done> take(const data::Batch& batch, data::Loader& loader, std::int64_t step,
                           const optim::Rates& rates, double loss_scale);

  // Why no step is taken any more, in words; "" while they are.
  const std::string& why_not() const { return why_not_; }

 private:
  using Sizes = std::vector<std::vector<std::int64_t>>;  // of each field
  // All that is kept for one shape of batches.
  struct Shape {
    std::int64_t num_seen = 0;
    at::Tensor memory;               // bytes on the GPU
    std::vector<at::Tensor> fields;  // of the batch, in it
    at::Tensor coming;               // the same for the batch after it
    std::vector<at::Tensor> coming_fields;
    std::optional<data::Position> comes;  // which batch is there
    std::unique_ptr<cuda::Recording> recording;
    std::vector<at::Tensor> outputs;             // on the CPU, pinned
    std::vector<std::optional<double>> weights;  // of each loss; empty where it is counted
    bool has_norm = false;
  };

  void make_memory(Shape& shape, const data::Batch& batch) const;
  void record(Shape& shape, const data::Batch& batch, std::int64_t step);
  void give_step(Shape& shape);
  bool scales_loss() const;
  void scale_back(std::vector<at::Tensor>& gradients) const;
  // Has the update skipped where loss or gradients are not finite.
  void look_for_skips(const at::Tensor& loss, std::vector<at::Tensor>& gradients) const;
  void bring(Shape& shape, const data::Batch& batch);
  void bring_ahead(const data::Batch& batch);
  std::optional<Done> finish(const Shape& shape);

  Parts parts_;
  cuda::Backend& gpu_;
  std::string why_not_;
  std::map<Sizes, Shape> shapes_;
  std::int64_t num_recordings_ = 0;
  nn::StepContext context_;  // of the step that is recorded
  cuda::Backend::StepScalars scalars_;
  at::Tensor numbers_;  // f64, pinned: what a step tells
  std::vector<at::Tensor> buffers_, former_buffers_;
};

}  // namespace fdl::train
