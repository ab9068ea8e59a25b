#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <ATen/record_function.h>
#include <c10/core/Device.h>

#include "lib/graph/graph.h"

// Measures how long each node of a graph takes, in the forward pass and in the backward pass.
namespace fdl::exec {

class NodeTimer {
 public:
  // Steps before `warmup` are run and not counted. Of the last `traced` steps all spans are kept.
  // On a GPU every measurement waits for what it was given: its time is that of one node by itself,
  // and its launches count.
  NodeTimer(const graph::Graph& graph, std::int64_t warmup, std::int64_t traced,
            at::Device device = at::kCPU);

  struct Total {
    const graph::Node* node = nullptr;
    std::int64_t calls = 0;
    double forward_us = 0, backward_us = 0;
  };
  enum class Kind { Forward, Backward, Step };
  struct Span {
    Kind kind = Kind::Step;
    const graph::Node* node = nullptr;  // null: the loss, or the step itself
    std::int64_t step = 0;
    double start_us = 0, duration_us = 0;  // since the timer was made
  };

  // One training step; all spans lie within one.
  class Step {
   public:
    explicit Step(NodeTimer* timer);
    ~Step();
    Step(const Step&) = delete;

   private:
    NodeTimer* timer_;
    double start_us_ = 0;
  };

  // The forward of one node, from construction to destruction; does nothing without a timer.
  class Forward {
   public:
    Forward(NodeTimer* timer, const graph::Node& node);
    ~Forward();
    Forward(const Forward&) = delete;

   private:
    NodeTimer* timer_;
    const graph::Node* node_;
    double start_us_ = 0;
    std::uint64_t first_operator_ = 0;
  };

  // The backward pass that this thread begins, one at a time: each of its operators belongs to the
  // node in whose forward the operator that it undoes was recorded. Those on a GPU run in a thread
  // of libtorch's, which calls back as this one does.
  class Backward {
   public:
    explicit Backward(NodeTimer* timer);
    ~Backward();
    Backward(const Backward&) = delete;

   private:
    NodeTimer* timer_;
    at::CallbackHandle handle_ = 0;
  };

  const std::vector<Total>& totals() const { return totals_; }  // in the order of the graph
  std::vector<Span> last_spans() const;                         // of the last `traced` steps
  std::int64_t num_steps() const { return num_steps_; }         // counted
  std::int64_t warmup_steps() const { return step_ - num_steps_; }
  double step_us() const { return step_us_; }  // all counted steps together

 private:
  struct Range {  // of autograd's sequence numbers
    std::uint64_t first = 0, end = 0;
    const graph::Node* node = nullptr;
  };

  double now_us() const;
  bool counts() const { return step_ >= warmup_; }
  void add(Kind kind, const graph::Node* node, double start_us);
  const graph::Node* owner_of(std::int64_t sequence_number) const;

  std::int64_t warmup_, traced_;
  bool waits_ = false;
  std::chrono::steady_clock::time_point origin_ = std::chrono::steady_clock::now();
  std::int64_t step_ = 0, num_steps_ = 0;
  double step_us_ = 0;
  std::vector<Total> totals_;
  std::unordered_map<const graph::Node*, std::size_t> places_;
  std::vector<Range> ranges_;  // of this step, rising
  std::vector<Span> spans_;
};

}  // namespace fdl::exec
