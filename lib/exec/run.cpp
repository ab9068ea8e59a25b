#include "lib/exec/run.h"

#include <algorithm>
#include <utility>

#include <ATen/ops/argsort.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/zeros.h>

#include "lib/base/check.h"
#include "lib/exec/control.h"
#include "lib/exec/merge.h"
#include "lib/nn/conv_epilogue.h"
#include "lib/tensor/dtype.h"

namespace fdl::exec {

using graph::Node;
using graph::ValueId;

Result<void> Run::steps(const std::vector<Step>& list) {
  for (const Step& step : list) {
    FDL_TRY(one(step));
    if (hooks_.watch != nullptr && step.node != nullptr) show(*step.node);
    for (const ValueId id : step.dead) (*this)[id].reset();
  }
  return {};
}

void Run::show(const Node& node) { (*hooks_.watch)(node, gather(node.outputs)); }

Result<void> Run::one(const Step& step) {
  if (step.chain) return fused(step);
  if (step.conv_block) return conv_block(step);
  if (step.node == nullptr) return region(step);
  if (step.node->kind == Node::Kind::Loop) return loop(step);
  if (step.node->kind == Node::Kind::Switch) return choose(step);
  // Experts that run one by one are measured one by one.
  if (step.node->kind == Node::Kind::Gate && !step.is_batched) return gate(step);
  const NodeTimer::Forward measured(hooks_.timer, *step.node);
  if (step.node->kind == Node::Kind::Gate) return gate(step);
  return at_node(*step.node, [&] { scatter(step.node->outputs, compute(step)); });
}

// Node by node where somebody looks at each, or it is nothing that a chain takes.
Result<void> Run::fused(const Step& step) {
  const std::vector<at::Tensor> reads = gather(step.outer.front());
  if (hooks_.timer != nullptr || hooks_.watch != nullptr || !step.chain->takes(reads))
    return steps(step.blocks.front());
  const std::vector<plan::Chain::Part>& parts = step.chain->chain().parts;
  const bool trains = context_.training;
  std::vector<DropDraw> draws;
  for (const plan::Chain::Part& part : parts) {
    context_.node_path = part.node->path;
    context_.training = trains && !is_frozen(*part.node);
    draws.push_back(draw_of(part, context_));
  }
  context_.training = trains;
  return at_node(*parts.front().node,
                 [&] { scatter(step.makes, step.chain->run(reads, std::move(draws), turns_)); });
}

namespace {

// The tensors in the precision that the node computes in.
nn::Tensors rounded(nn::Tensors own, const Node& node) {
  if (!node.precision) return own;
  const at::ScalarType dtype = tensor::scalar_type(*node.precision);
  return own.map([&](const at::Tensor& t) { return t.defined() ? t.to(dtype) : t; });
}

}  // namespace

// In training; evaluation has other passes over memory, and fewer.
Result<void> Run::conv_block(const Step& step) {
  const plan::ConvBlock& block = *step.conv_block;
  const std::vector<Step>& plain = step.blocks.front();
  const std::vector<at::Tensor> reads = gather(step.outer.front());
  const auto own = [&](const graph::Node& node) -> const nn::Tensors& {
    return own_of(*std::find_if(plain.begin(), plain.end(),
                                [&](const Step& one) { return one.node == &node; }));
  };
  nn::ConvEpilogue after;
  if (block.conv != nullptr) after.bias = own(*block.conv)["bias"];
  if (block.norm != nullptr) {
    after.norm = static_cast<const catalog::BatchNormParams*>(block.norm->params.get());
    after.norm_tensors = &own(*block.norm);
  }
  if (block.sum != nullptr) after.added = reads.back();
  after.has_relu = block.relu != nullptr;
  if (block.pool != nullptr)
    after.pool = static_cast<const catalog::MaxPool2dParams*>(block.pool->params.get());
  const bool is_seen = hooks_.timer != nullptr || hooks_.watch != nullptr;
  const bool trains = context_.training && (block.norm == nullptr || !is_frozen(*block.norm));
  if (is_seen || !trains || !context_.puts_channels_last ||
      !nn::takes_conv_epilogue(reads.front(), after))
    return steps(plain);
  return at_node(block.first(), [&] {
    at::Tensor images = reads.front();
    if (block.conv != nullptr) {
      const nn::Tensors others = rounded(own(*block.conv).with("bias", {}), *block.conv);
      images = forward(plain.front(), others, {images}).front();
    }
    scatter(step.makes, {nn::conv_epilogue(images, after)});
  });
}

std::vector<at::Tensor> Run::compute(const Step& step) {
  const Node& node = *step.node;
  const std::vector<at::Tensor> inputs = gather(node.inputs);
  switch (node.kind) {
    case Node::Kind::Merge:
      return {merge(node.merge, node.dim, inputs)};
    case Node::Kind::Fold:
      lanes_.push_back(context_.lanes());
      context_.set_lanes(lanes_.back().split(
          inputs[0].size(0), node.times > 0 ? node.times : inputs[0].size(node.dim)));
      return {fold_axis(inputs[0], node.dim, node.times)};
    case Node::Kind::Unfold:
      context_.set_lanes(lanes_.back());
      lanes_.pop_back();
      return {unfold_axis(inputs[0], inputs[1], node.dim, node.times)};
    case Node::Kind::Arange:
      return {positions(inputs.empty() ? node.times : inputs[0].size(node.dim), device_)};
    default:
      return forward(step, inputs);
  }
}

namespace {

// The tensors, and the one that a parametrization computes from some of them.
nn::Tensors with_computed(const Computed& one, nn::Tensors own, bool trains) {
  const graph::Parametrization& how = *one.how;
  std::vector<at::Tensor> originals;
  for (const std::size_t place : how.originals) originals.push_back(own.values()[place]);
  if (how.is_chained) originals.front() = own[how.tensor];
  at::Tensor made = one.compute(how.params.get(), nn::Tensors(how.names, std::move(originals)),
                                trains && !how.is_frozen);
  return own.with(how.tensor, std::move(made));
}

}  // namespace

nn::Outputs Run::forward(const Step& step, const std::vector<at::Tensor>& inputs) {
  const Node& node = *step.node;
  if (!node.precision && step.computed.empty()) return forward(step, own_of(step), inputs);
  nn::Tensors own = own_of(step);
  const bool updates = context_.training && !(hooks_.frozen != nullptr && is_frozen(node));
  for (const Computed& one : step.computed) own = with_computed(one, std::move(own), updates);
  return forward(step, rounded(std::move(own), node), inputs);
}

nn::Outputs Run::forward(const Step& step, const nn::Tensors& own,
                         const std::vector<at::Tensor>& inputs) {
  const Node& node = *step.node;
  const bool trains = context_.training;
  context_.node_path = node.path;
  context_.training = trains && !is_frozen(node);
  nn::Outputs out = step.forward(node.params.get(), own, inputs, context_);
  context_.training = trains;
  return out;
}

const nn::Tensors& Run::own_of(const Step& step) const {
  if (buffered_.empty()) return step.own;
  const auto copy = buffered_.find(&step);
  return copy == buffered_.end() ? step.own : copy->second;
}

Result<at::Tensor> Run::block(const Step& step, std::size_t index, at::Tensor stream) {
  const graph::Block& block = step.node->blocks[index];
  (*this)[block.inputs.front()] = std::move(stream);
  FDL_TRY(steps(step.blocks[index]));
  return (*this)[block.outputs.front()];
}

// Values from outside that have a row for each sample show those rows only, and the samples keep
// their random numbers.
Result<at::Tensor> Run::block_of_rows(const Step& step, std::size_t index, const at::Tensor& stream,
                                      const at::Tensor& rows) {
  const std::vector<ValueId>& ids = step.outer[index];
  std::vector<at::Tensor> before = gather(ids);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (before[i].defined() && before[i].dim() > 0 && before[i].size(0) == stream.size(0))
      (*this)[ids[i]] = before[i].index_select(0, rows);
  }
  const tensor::Lanes lanes = context_.lanes();
  const at::Tensor places = rows.cpu().contiguous();
  context_.set_lanes(
      lanes.at({places.const_data_ptr<std::int64_t>(), static_cast<std::size_t>(places.numel())}));
  Result<at::Tensor> made = block(step, index, stream.index_select(0, rows));
  context_.set_lanes(lanes);
  scatter(ids, std::move(before));
  return made;
}

Result<bool> Run::goes_on(const Step& step, const at::Tensor& stream, TurnCount& turns) {
  const Result<at::Tensor> number = block(step, 1, stream);
  if (!number) return fail(number.error());
  return turns.goes_on(*number);
}

namespace {

// A loop without a condition, of which one chain is the whole body: each turn's gradient comes by
// the next one's.
bool is_one_chain(const Step& loop) {
  const std::vector<Step>& body = loop.blocks.front();
  const graph::Block& block = loop.node->blocks.front();
  if (body.size() != 1 || !body.front().chain) return false;
  const plan::Chain& chain = body.front().chain->chain();
  const auto has = [](const std::vector<ValueId>& all, ValueId one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  return loop.node->condition == Node::Condition::None && has(chain.reads, block.inputs.front()) &&
         has(chain.makes, block.outputs.front());
}

}  // namespace

Result<void> Run::loop(const Step& step) {
  const Node& node = *step.node;
  const std::int64_t outer_turn = context_.loop_turn;
  at::Tensor stream = (*this)[node.inputs.front()];
  const std::vector<ValueId>& made_by_turn = node.blocks.front().outputs;
  std::vector<std::vector<at::Tensor>> traces(made_by_turn.size() - 1);
  TurnCount turns(node, stream);
  const auto outer_turns = std::exchange(turns_, is_one_chain(step) ? make_turns() : nullptr);
  while (turns.left() > 0) {
    context_.loop_turn = outer_turn * node.times + turns.done();
    if (node.condition == Node::Condition::While) {
      const Result<bool> more = goes_on(step, stream, turns);
      if (!more) return fail(more.error());
      if (!*more) break;
    }
    const Result<at::Tensor> made = block(step, 0, stream);
    if (!made) return fail(made.error());
    for (std::size_t i = 0; i < traces.size(); ++i)
      traces[i].push_back(turns.traced((*this)[made_by_turn[i + 1]]));
    stream = turns.merge(stream, *made);
    if (node.condition == Node::Condition::Until) {
      const Result<bool> more = goes_on(step, stream, turns);
      if (!more) return fail(more.error());
      if (!*more) break;
    }
  }
  turns_ = outer_turns;
  context_.loop_turn = outer_turn;
  for (std::size_t i = 0; i < traces.size(); ++i)
    (*this)[node.outputs[i + 1]] = stack_turns(
        std::move(traces[i]), node.times, [&] { return zeros_of(made_by_turn[i + 1], stream); });
  if (node.counts_turns) (*this)[node.outputs.back()] = turns.num_turns(stream);
  (*this)[node.outputs.front()] = std::move(stream);
  return {};
}

at::Tensor Run::zeros_of(ValueId id, const at::Tensor& stream) const {
  const catalog::TensorType& type = graph_->values[static_cast<std::size_t>(id)].type;
  std::vector<std::int64_t> shape;
  for (const catalog::Dim& dim : type.shape)
    shape.push_back(dim.is_number() ? dim.number() : dim.evaluate(axis_sizes_).value_or(0));
  if (!type.shape.front().is_number()) shape.front() = stream.size(0);  // rows may have been dealt
  return at::zeros(shape, stream.options().dtype(tensor::scalar_type(type.dtype)));
}

// Each sample goes through its own block: rows are dealt out, and put back in their order.
Result<void> Run::choose(const Step& step) {
  const Node& node = *step.node;
  const at::Tensor stream = (*this)[node.inputs[1]];
  const auto rows = deal_rows((*this)[node.inputs[0]], node.blocks.size());
  if (!rows) {
    return fail(error(Code::NodeFailed, node.span,
                      "a selector chose a branch that is not there: there are {}",
                      node.blocks.size())
                    .at_node(node.path));
  }
  std::vector<at::Tensor> made, order;
  for (std::size_t i = 0; i < node.blocks.size(); ++i) {
    if ((*rows)[i].numel() == 0) continue;
    Result<at::Tensor> out = block_of_rows(step, i, stream, (*rows)[i]);
    if (!out) return fail(out.error());
    made.push_back(*std::move(out));
    order.push_back((*rows)[i]);
  }
  (*this)[node.outputs.front()] = at::cat(made, 0).index_select(0, at::argsort(at::cat(order, 0)));
  return {};
}

std::vector<at::Tensor> Run::gather(const std::vector<ValueId>& ids) {
  std::vector<at::Tensor> out;
  out.reserve(ids.size());
  for (const ValueId id : ids) out.push_back(id == graph::kAbsent ? at::Tensor() : (*this)[id]);
  return out;
}

void Run::scatter(const std::vector<ValueId>& ids, std::vector<at::Tensor> tensors) {
  FDL_CHECK(ids.size() == tensors.size());
  for (std::size_t i = 0; i < ids.size(); ++i) (*this)[ids[i]] = std::move(tensors[i]);
}

}  // namespace fdl::exec
