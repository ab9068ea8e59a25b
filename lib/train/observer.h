#pragma once

#include <map>
#include <string>
#include <vector>

#include "lib/exec/executor.h"
#include "lib/job/observe.h"
#include "lib/tensor/tensor_file.h"

namespace fdl::train {

// Computes what `output.observe` asks for, of one update.
class Observer {
 public:
  // `parameters` must outlive it.
  Observer(const job::Observe& what, const std::vector<tensor::NamedTensor>& parameters);

  // Looks at values as they are computed. Of a loop's turns, and of batches that an update adds up,
  // each statistic is the mean over all of them.
  exec::NodeWatch watch();

  // At the end of the update's backward pass; `gradients` in the order of the parameters.
  void look_at(const std::vector<at::Tensor>& gradients);

  // By name, under "observe/"; starts anew.
  std::map<std::string, double> take();

 private:
  struct Sum {
    double sum = 0;
    std::int64_t count = 0;
  };
  std::vector<at::Tensor> pick(const std::vector<std::string>& paths,
                               const std::vector<at::Tensor>& from) const;

  const job::Observe& what_;
  const std::vector<tensor::NamedTensor>& parameters_;
  std::map<std::string, std::size_t> places_;  // of parameters
  std::map<std::string, Sum> sums_;
};

// A statistic over the elements of all tensors together, in double; undefined ones have none. NaN
// of no elements.
double statistic_of(job::Statistic statistic, const std::vector<at::Tensor>& tensors);

}  // namespace fdl::train
