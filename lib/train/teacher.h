#pragma once

#include <memory>
#include <vector>

#include "lib/exec/executor.h"
#include "lib/job/job.h"
#include "lib/tensor/store.h"
#include "lib/train/event_log.h"

namespace fdl::train {

// A job's teacher with its weights.
class TeacherModel {
 public:
  // Null where the job has none. `job` must outlive it; it computes on `device`. What was loaded is
  // recorded where `events` is given. Errors: those of load_initial_weights.
  static Result<std::unique_ptr<const TeacherModel>> open(const job::Job& job, at::Device device,
                                                          const EventLog* events = nullptr);

  const graph::Graph& graph() const { return graph_; }
  std::size_t num_outputs() const { return graph_.outputs.size(); }
  // Its outputs, as in evaluation; `inputs` are those of its graph. Errors: FDL5404.
  Result<std::vector<at::Tensor>> outputs(const std::vector<at::Tensor>& inputs) const;

 private:
  TeacherModel(const job::Job& job, at::Device device);

  const graph::Graph& graph_;
  const std::uint64_t seed_;
  const tensor::TensorStore store_;
  const exec::Executor executor_;
};

}  // namespace fdl::train
