#include "lib/exec/node_timer.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include <ATen/SequenceNumber.h>

#include "lib/cuda/backend.h"

namespace fdl::exec {
namespace {

void collect(const graph::Block& block, std::vector<const graph::Node*>& out) {
  for (const graph::Node& node : block.nodes) {
    out.push_back(&node);
    for (const graph::Block& inner : node.blocks) collect(inner, out);
  }
}

// The timer of the backward pass at hand. libtorch calls back functions without state.
void (*on_backward)(void* timer, std::int64_t number, double start_us) = nullptr;
double (*clock_of)(void* timer) = nullptr;
std::atomic<void*> current = nullptr;

struct Started final : at::ObserverContext {
  double start_us = 0;
};

std::unique_ptr<at::ObserverContext> start(const at::RecordFunction&) {
  auto out = std::make_unique<Started>();
  out->start_us = current != nullptr ? clock_of(current) : 0;
  return out;
}

void end(const at::RecordFunction& function, at::ObserverContext* context) {
  if (current == nullptr) return;
  on_backward(current, function.seqNr(), static_cast<Started*>(context)->start_us);
}

}  // namespace

NodeTimer::NodeTimer(const graph::Graph& graph, std::int64_t warmup, std::int64_t traced,
                     at::Device device)
    : warmup_(warmup), traced_(traced), waits_(!device.is_cpu()) {
  std::vector<const graph::Node*> nodes;
  collect(graph.root, nodes);
  for (const graph::Node* node : nodes) {
    places_.emplace(node, totals_.size());
    totals_.push_back({node, 0, 0, 0});
  }
}

double NodeTimer::now_us() const {
  if (waits_) cuda::backend().wait();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - origin_)
      .count();
}

void NodeTimer::add(Kind kind, const graph::Node* node, double start_us) {
  const double duration_us = now_us() - start_us;
  spans_.push_back({kind, node, step_, start_us, duration_us});
  if (!counts() || node == nullptr) return;
  Total& total = totals_[places_.at(node)];
  (kind == Kind::Forward ? total.forward_us : total.backward_us) += duration_us;
  total.calls += kind == Kind::Forward ? 1 : 0;
}

// Ranges of nodes that run inside others do not overlap: only nodes without blocks are measured.
const graph::Node* NodeTimer::owner_of(std::int64_t sequence_number) const {
  const auto number = static_cast<std::uint64_t>(sequence_number);
  const auto after =
      std::upper_bound(ranges_.begin(), ranges_.end(), number,
                       [](std::uint64_t value, const Range& range) { return value < range.first; });
  if (after == ranges_.begin()) return nullptr;
  const Range& range = *(after - 1);
  return number < range.end ? range.node : nullptr;
}

std::vector<NodeTimer::Span> NodeTimer::last_spans() const {
  std::vector<Span> out;
  std::copy_if(spans_.begin(), spans_.end(), std::back_inserter(out),
               [&](const Span& span) { return span.step > step_ - 1 - traced_; });
  return out;
}

NodeTimer::Step::Step(NodeTimer* timer) : timer_(timer) {
  if (timer_ == nullptr) return;
  std::erase_if(timer_->spans_,
                [&](const Span& span) { return span.step <= timer_->step_ - timer_->traced_; });
  timer_->ranges_.clear();
  start_us_ = timer_->now_us();
}

NodeTimer::Step::~Step() {
  if (timer_ == nullptr) return;
  timer_->add(Kind::Step, nullptr, start_us_);
  if (timer_->counts()) {
    ++timer_->num_steps_;
    timer_->step_us_ += timer_->now_us() - start_us_;
  }
  ++timer_->step_;
}

NodeTimer::Forward::Forward(NodeTimer* timer, const graph::Node& node)
    : timer_(timer), node_(&node) {
  if (timer_ == nullptr) return;
  first_operator_ = at::sequence_number::peek();
  start_us_ = timer_->now_us();
}

NodeTimer::Forward::~Forward() {
  if (timer_ == nullptr) return;
  timer_->add(Kind::Forward, node_, start_us_);
  const std::uint64_t end = at::sequence_number::peek();
  if (end > first_operator_) timer_->ranges_.push_back({first_operator_, end, node_});
}

NodeTimer::Backward::Backward(NodeTimer* timer) : timer_(timer) {
  if (timer_ == nullptr) return;
  clock_of = [](void* t) { return static_cast<NodeTimer*>(t)->now_us(); };
  on_backward = [](void* t, std::int64_t number, double start_us) {
    auto& self = *static_cast<NodeTimer*>(t);
    self.add(Kind::Backward, self.owner_of(number), start_us);
  };
  current = timer_;
  handle_ = at::addThreadLocalCallback(
      at::RecordFunctionCallback(start, end).scopes({at::RecordScope::BACKWARD_FUNCTION}));
}

NodeTimer::Backward::~Backward() {
  if (timer_ == nullptr) return;
  at::removeCallback(handle_);
  current = nullptr;
}

}  // namespace fdl::exec
