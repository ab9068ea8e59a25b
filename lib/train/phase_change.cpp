// The phases of a session: what each one freezes, and with which rates it goes on.
#include <algorithm>
#include <set>

#include <ATen/core/grad_mode.h>

#include "lib/train/session.h"

namespace fdl::train {
namespace {

// Nodes, those in blocks too, whose paths are among `paths`.
void find_nodes(const graph::Block& block, const std::vector<std::string>& paths,
                std::set<const graph::Node*>& out) {
  for (const graph::Node& node : block.nodes) {
    if (std::find(paths.begin(), paths.end(), node.path) != paths.end()) out.insert(&node);
    for (const graph::Block& inner : node.blocks) find_nodes(inner, paths, out);
  }
}

// Copies state of the same name and shape: a parameter that stays keeps its history.
void carry_over(const std::vector<tensor::NamedTensor>& from,
                const std::vector<tensor::NamedTensor>& to) {
  const at::NoGradGuard no_grad;
  std::map<std::string, at::Tensor> former;
  for (const tensor::NamedTensor& one : from) former[one.name] = one.value;
  for (const tensor::NamedTensor& one : to) {
    const auto found = former.find(one.name);
    if (found != former.end() && found->second.sizes() == one.value.sizes())
      one.value.copy_(found->second);
  }
}

}  // namespace

const job::Phase* Session::phase() const {
  const auto& phases = job_.training.phases;
  return phases.empty() ? nullptr : &phases[static_cast<std::size_t>(state_.phase.index)];
}

// What the phase at hand freezes, and its optimizer; when it begins, or a run goes on in it.
void Session::enter_phase() {
  const job::Phase* const now = phase();
  recorded_.reset();
  if (now == nullptr) return;
  for (const tensor::NamedTensor& parameter : store_.parameters()) {
    at::Tensor value = parameter.value;
    const auto& frozen = now->frozen;
    value.requires_grad_(std::find(frozen.begin(), frozen.end(), parameter.name) == frozen.end());
  }
  std::set<const graph::Node*> nodes;
  find_nodes(graph_.root, now->frozen_nodes, nodes);
  executor_.set_frozen(std::move(nodes));
  // The groups of the last phase up to this one that has its own; else those of the job.
  const std::vector<job::ParameterGroup>* groups = &job_.training.groups;
  for (std::int64_t i = 0; i <= state_.phase.index; ++i) {
    const auto& own = job_.training.phases[static_cast<std::size_t>(i)].groups;
    if (!own.empty()) groups = &own;
  }
  if (groups == groups_) return;
  auto next = optim::make_optimizer(*groups, store_.parameters(), job_.training.passes.update);
  std::vector<std::string> names;
  for (const tensor::NamedTensor& one : optimizer_->state()) names.push_back(one.name);
  next->expect(names);
  carry_over(optimizer_->state(), next->state());
  optimizer_ = std::move(next);
  groups_ = groups;
  make_schedule();
}

void Session::make_schedule() {
  schedule_ = optim::make_schedule(job_.training.schedules, optimizer_->base_lr(),
                                   horizon_.total_steps, horizon_.steps_per_epoch);
}

// That of the last phase up to this one that has its own; else `train`.
const Split& Session::data_of(std::int64_t phase) const {
  const Split* out = trains_.front().get();
  const auto& phases = job_.training.phases;
  for (std::int64_t i = 0; i <= phase && i < static_cast<std::int64_t>(phases.size()); ++i) {
    const std::string& own = phases[static_cast<std::size_t>(i)].data;
    const auto found = std::find_if(trains_.begin(), trains_.end(),
                                    [&](const auto& split) { return split->name() == own; });
    if (found != trains_.end()) out = found->get();
  }
  return *out;
}

Result<void> Session::take_data() {
  const Split& data = data_of(state_.phase.index);
  const Result<Horizon> horizon =
      plan_horizon(job_, graph_, data, {state_.phase.data_step, state_.phase.data_epoch});
  if (!horizon) return fail(horizon.error());
  train_ = &data;
  recorded_.reset();
  horizon_ = *horizon;
  make_schedule();
  return {};
}

// When an epoch begins: the phase at hand may train on other data than the one before.
Result<void> Session::change_data() {
  if (&data_of(state_.phase.index) == train_) return {};
  state_.phase.data_step = state_.step;
  state_.phase.data_epoch = state_.epoch;
  return take_data();
}

// After a step: on to the next phase where this one is over. The last one's end is the run's.
Result<void> Session::observe_phase(const std::map<std::string, double>& means) {
  const job::Phase* const now = phase();
  if (now == nullptr || is_done()) return {};
  const Done done{state_.step, state_.epoch + (is_epoch_over() ? 1 : 0)};
  const std::string why = observe(now->until, state_.phase, done, whole_means(means));
  if (why.empty()) return {};
  const auto num_phases = static_cast<std::int64_t>(job_.training.phases.size());
  if (state_.phase.index + 1 == num_phases) {
    state_.early_stop.reason = fmt::format("the last phase, '{}', is over: {}", now->name, why);
    return {};
  }
  ++state_.phase.index;
  state_.phase.seen.clear();
  cuts_epoch_ = !is_epoch_over() && &data_of(state_.phase.index) != train_;
  state_.phase.first_step = done.steps;
  state_.phase.first_epoch = done.epochs + (cuts_epoch_ ? 1 : 0);
  enter_phase();
  return report_notice(fmt::format("phase '{}' follows '{}': {}", phase()->name, now->name, why));
}

}  // namespace fdl::train
