#include "lib/exec/fused.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>
#include <torch/csrc/autograd/functions/utils.h>

#include "lib/nn/direct_node.h"
#include "lib/nn/image_layout.h"

namespace fdl::exec {

using torch::autograd::variable_list;

namespace {

// The same memory, as a tensor of its own and not a view.
at::Tensor shaped(const at::Tensor& t, at::IntArrayRef sizes, at::MemoryFormat format) {
  at::Tensor out = t.variable_data();
  out.unsafeGetTensorImpl()->set_allow_tensor_metadata_change(true);
  out.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  if (format == at::MemoryFormat::ChannelsLast)
    out.unsafeGetTensorImpl()->empty_tensor_restride(format);
  return out;
}

// Whether it takes each number by itself, wherever that lies. Dropout's draws go by place.
bool is_pointwise(const plan::Chain& chain) {
  using plan::Kernel;
  return std::none_of(chain.parts.begin(), chain.parts.end(), [](const plan::Chain::Part& part) {
    return part.kernel == Kernel::Product || part.kernel == Kernel::Bias ||
           part.kernel == Kernel::LayerNorm || part.kernel == Kernel::Dropout;
  });
}

at::Tensor floats(at::IntArrayRef sizes) { return at::empty(sizes, at::kFloat); }

// What a forward pass leaves: its outputs, and what its backward pass needs.
struct Forward {
  std::int64_t num_rows;
  bool trains;
  plan::ChainLayout layout;
  at::Tensor memory;              // of a forward pass that a backward pass follows
  std::vector<at::Tensor> makes;  // [rows, width], while a pass needs them

  bool fits(std::int64_t rows, bool is_training) const {
    return num_rows == rows && trains == is_training;
  }
  void begin(const plan::Chain& chain) {
    if (trains && !memory.defined()) memory = floats({layout.num_forward});
    makes.clear();
    for (const int maker : chain.makers)
      makes.push_back(floats({num_rows, chain.parts[static_cast<std::size_t>(maker)].width}));
  }
  // Large memory goes as the backward pass goes, which needs its place for gradients; to take it
  // anew costs next to nothing beside what is computed in it.
  void end() {
    makes.clear();
    if (layout.num_forward > plan::kMostKeptFloats) memory.reset();
  }
};

// The gradients of the tensors, in one block.
struct Backward {
  tensor::FlatBuffer of_tensors;

  bool is_free() const {
    // One reference of all(), and one of each view.
    const auto own = of_tensors.all().defined() ? 1 + of_tensors.views().size() : 0;
    return own == 0 || of_tensors.all().storage().use_count() == own;
  }
  void end() {
    if (of_tensors.all().numel() > plan::kMostKeptFloats) of_tensors = {};
  }
};

// Memory of former passes. One of other sizes goes when there are more than a few.
template <typename T>
class Pool {
 public:
  template <typename Fits, typename Make>
  std::shared_ptr<T> take(Fits fits, Make make) {
    const std::lock_guard lock(mutex_);
    for (const auto& one : all_) {
      if (one.use_count() == 1 && fits(*one)) return one;
    }
    constexpr std::size_t kMost = 4;
    if (const auto unused = std::find_if(all_.begin(), all_.end(),
                                         [](const auto& one) { return one.use_count() == 1; });
        all_.size() >= kMost && unused != all_.end())
      all_.erase(unused);
    all_.push_back(std::make_shared<T>(make()));
    return all_.back();
  }

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<T>> all_;
};

float* data_of(const at::Tensor& t) { return t.defined() ? t.mutable_data_ptr<float>() : nullptr; }

}  // namespace

class ScratchPool {
 public:
  // At least so many floats, for as long as somebody holds them.
  std::shared_ptr<const at::Tensor> take(std::int64_t size) {
    if (size > plan::kMostKeptFloats) return std::make_shared<const at::Tensor>(floats({size}));
    const std::lock_guard lock(mutex_);
    std::erase_if(all_,
                  [&](const auto& one) { return one.use_count() == 1 && one->numel() < size; });
    for (const auto& one : all_) {
      if (one.use_count() == 1) return one;
    }
    all_.push_back(std::make_shared<const at::Tensor>(floats({size})));
    return all_.back();
  }

 private:
  std::mutex mutex_;
  std::vector<std::shared_ptr<const at::Tensor>> all_;
};

std::shared_ptr<ScratchPool> make_scratch() { return std::make_shared<ScratchPool>(); }

class ChainTurns {
 public:
  int num_run = 0;                     // forward
  std::shared_ptr<Backward> gathered;  // between the backward passes of the last and the first turn

  // The weights of a chain's products in the order that they are multiplied in, which serves all
  // turns; small ones are not worth it.
  void order(const plan::Chain& chain, Direction direction, ChainMemory& memory) {
    constexpr std::int64_t kWorthIt = 1 << 14;
    if (direction != direction_ || ordered_.empty()) {
      direction_ = direction;
      ordered_.clear();
      ordered_.resize(chain.parts.size());
    }
    for (std::size_t i = 0; i < ordered_.size(); ++i) {
      const plan::Chain::Part& part = chain.parts[i];
      PartTensors& own = memory.tensors[i];
      if (part.kernel != plan::Kernel::Product || own.num_weights < kWorthIt) continue;
      if (!ordered_[i])
        ordered_[i].emplace(
            right_factor(chain, static_cast<int>(i), own.weight, direction, memory.num_rows));
      own.ordered = &*ordered_[i];
    }
  }
  void forget_order() { ordered_.clear(); }

 private:
  Direction direction_ = Direction::Forward;
  std::vector<std::optional<kernels::RightFactor>> ordered_;  // of each part
};

std::shared_ptr<ChainTurns> make_turns() { return std::make_shared<ChainTurns>(); }

struct FusedChain::State {
  std::shared_ptr<ScratchPool> scratch;
  plan::Chain chain;
  std::vector<std::pair<int, int>> groups;
  bool is_pointwise = false;
  std::vector<at::Tensor> tensors;  // each once, in the order of the parts
  struct Own {
    int weight = -1, bias = -1;  // places in `tensors`
    bool weight_adds = false, bias_adds = false;
  };
  std::vector<Own> own;  // of each part
  Pool<Forward> forwards;
  Pool<Backward> backwards;
  std::vector<float> sums;

  std::shared_ptr<Forward> take_forward(std::int64_t rows, bool trains);
  std::shared_ptr<Backward> take_backward();
  ChainMemory memory_of(const Forward& forward, const std::vector<at::Tensor>& reads) const;
};

namespace {

// Where the tensors of a part are in its node.
std::size_t place_in(const graph::Node& node, std::string_view name) {
  const auto found = std::find(node.tensor_names.begin(), node.tensor_names.end(), name);
  return static_cast<std::size_t>(found - node.tensor_names.begin());
}

}  // namespace

FusedChain::FusedChain(plan::Chain chain, const tensor::TensorStore& store,
                       std::shared_ptr<ScratchPool> scratch)
    : state_(std::make_shared<State>()) {
  State& s = *state_;
  s.scratch = std::move(scratch);
  s.chain = std::move(chain);
  s.groups = plan::groups_of(s.chain);
  s.is_pointwise = is_pointwise(s.chain);
  std::map<int, int> places;
  const auto own_of = [&](const graph::Node& node, std::string_view name) {
    const std::size_t place = place_in(node, name);
    if (place == node.tensors.size()) return -1;
    const int index = node.tensors[place];
    const auto [found, is_new] = places.emplace(index, static_cast<int>(s.tensors.size()));
    if (is_new) s.tensors.push_back(store.tensors()[static_cast<std::size_t>(index)].value);
    return found->second;
  };
  for (const plan::Chain::Part& part : s.chain.parts) {
    State::Own own;
    if (part.kernel == plan::Kernel::Product || part.kernel == plan::Kernel::LayerNorm)
      own.weight = own_of(*part.node, "weight");
    if (part.kernel == plan::Kernel::Bias || part.kernel == plan::Kernel::LayerNorm)
      own.bias = own_of(*part.node, "bias");
    s.own.push_back(own);
  }
  std::vector<bool> is_written(s.tensors.size(), false);  // as the backward pass goes
  const auto adds = [&](int place) {
    if (place < 0) return false;
    const bool before = is_written[static_cast<std::size_t>(place)];
    is_written[static_cast<std::size_t>(place)] = true;
    return before;
  };
  for (auto own = s.own.rbegin(); own != s.own.rend(); ++own) {
    own->weight_adds = adds(own->weight);
    own->bias_adds = adds(own->bias);
  }
}

FusedChain::~FusedChain() = default;

const plan::Chain& FusedChain::chain() const { return state_->chain; }

bool FusedChain::takes(const std::vector<at::Tensor>& reads) const {
  return std::all_of(reads.begin(), reads.end(), [](const at::Tensor& t) {
    return t.defined() && t.device().is_cpu() && t.scalar_type() == at::kFloat && t.numel() > 0;
  });
}

std::shared_ptr<Forward> FusedChain::State::take_forward(std::int64_t rows, bool trains) {
  return forwards.take([&](const Forward& one) { return one.fits(rows, trains); },
                       [&] {
                         return Forward{rows, trains, plan::lay_out(chain, rows, trains), {}, {}};
                       });
}

std::shared_ptr<Backward> FusedChain::State::take_backward() {
  const std::shared_ptr<Backward> out =
      backwards.take([](const Backward& one) { return one.is_free(); }, [] { return Backward(); });
  if (out->of_tensors.all().defined()) return out;
  std::vector<tensor::Sizes> shapes;
  for (const at::Tensor& t : tensors) shapes.push_back(t.sizes().vec());
  out->of_tensors = tensor::FlatBuffer::uninitialised(shapes);
  return out;
}

ChainMemory FusedChain::State::memory_of(const Forward& forward,
                                         const std::vector<at::Tensor>& reads) const {
  ChainMemory out;
  out.layout = &forward.layout;
  out.num_rows = forward.num_rows;
  for (const at::Tensor& read : reads) out.reads.push_back(read.const_data_ptr<float>());
  for (const at::Tensor& make : forward.makes) out.makes.push_back(data_of(make));
  out.forward = data_of(forward.memory);
  const auto data = [&](int place) {
    return place < 0 ? nullptr : tensors[static_cast<std::size_t>(place)].const_data_ptr<float>();
  };
  for (const Own& one : own) {
    PartTensors part;
    part.weight = data(one.weight);
    if (part.weight != nullptr)
      part.num_weights = tensors[static_cast<std::size_t>(one.weight)].numel();
    part.bias = data(one.bias);
    part.weight_adds = one.weight_adds;
    part.bias_adds = one.bias_adds;
    out.tensors.push_back(part);
  }
  return out;
}

// What stands in the record: its inputs are what the chain reads, then its tensors.
class ChainNode : public nn::DirectNode {
 public:
  ChainNode(std::shared_ptr<FusedChain::State> state, std::shared_ptr<Forward> forward,
            std::vector<at::Tensor> reads, at::MemoryFormat format, std::vector<DropDraw> draws,
            std::shared_ptr<ChainTurns> turns)
      : turns_(std::move(turns)),
        turn_(turns_ ? turns_->num_run++ : 0),
        state_(std::move(state)),
        forward_(std::move(forward)),
        reads_(std::move(reads)),
        format_(format),
        draws_(std::move(draws)) {}

  variable_list backward(variable_list&& gradients) override {
    TORCH_CHECK(forward_, "a chain goes through one backward pass, unless the record is kept");
    FusedChain::State& s = *state_;
    const bool adds = turns_ && turns_->gathered;
    const bool gives = turn_ == 0;
    const std::shared_ptr<Backward> sums = adds ? turns_->gathered : s.take_backward();
    if (turns_) turns_->gathered = gives ? nullptr : sums;
    ChainMemory memory = s.memory_of(*forward_, reads_);
    std::vector<at::Tensor> given;
    for (std::size_t k = 0; k < gradients.size(); ++k) {
      const at::Tensor& one = gradients[k];
      given.push_back(one.defined() ? one.contiguous(format_) : at::zeros_like(forward_->makes[k]));
      memory.make_gradients.push_back(given.back().const_data_ptr<float>());
    }
    const auto scratch = s.scratch->take(forward_->layout.num_backward);
    memory.backward = data_of(*scratch);
    variable_list out(reads_.size() + s.tensors.size());
    for (std::size_t i = 0; i < reads_.size(); ++i) {
      const bool wanted = task_should_compute_output(i);
      if (wanted) out[i] = at::empty(reads_[i].sizes(), at::kFloat, format_);
      memory.read_gradients.push_back(data_of(out[i]));
    }
    const auto wanted = [&](int place) -> float* {
      if (place < 0) return nullptr;
      const auto at = static_cast<std::size_t>(place);
      if (!task_should_compute_output(reads_.size() + at)) return nullptr;
      const at::Tensor& gradient = sums->of_tensors.views()[at];
      if (gives) out[reads_.size() + at] = gradient.variable_data();
      return gradient.mutable_data_ptr<float>();
    };
    for (std::size_t i = 0; i < s.own.size(); ++i) {
      memory.tensors[i].weight_gradient = wanted(s.own[i].weight);
      memory.tensors[i].bias_gradient = wanted(s.own[i].bias);
      memory.tensors[i].weight_adds |= adds;
      memory.tensors[i].bias_adds |= adds;
    }
    if (turns_) turns_->order(s.chain, Direction::Backward, memory);
    ChainPass(s.chain, s.groups, memory, s.sums).backward(draws_);
    if (turns_ && gives) turns_->forget_order();
    if (gives) sums->end();
    return out;
  }

  void release_variables() override {
    if (forward_) forward_->end();
    forward_.reset();
    reads_.clear();
  }

 private:
  std::shared_ptr<ChainTurns> turns_;
  int turn_;
  std::shared_ptr<FusedChain::State> state_;
  std::shared_ptr<Forward> forward_;
  std::vector<at::Tensor> reads_;
  at::MemoryFormat format_;  // of what it reads and makes
  std::vector<DropDraw> draws_;
};

std::vector<at::Tensor> FusedChain::run(const std::vector<at::Tensor>& reads,
                                        std::vector<DropDraw> draws,
                                        const std::shared_ptr<ChainTurns>& turns) const {
  State& s = *state_;
  variable_list inputs = reads;
  inputs.insert(inputs.end(), s.tensors.begin(), s.tensors.end());
  const bool records = at::GradMode::is_enabled() &&
                       std::any_of(inputs.begin(), inputs.end(),
                                   [](const at::Tensor& t) { return t.requires_grad(); });
  const std::int64_t rows = reads.front().numel() / s.chain.read_widths.front();
  const std::shared_ptr<Forward> forward = s.take_forward(rows, records);
  forward->begin(s.chain);
  std::vector<at::Tensor> here;
  const bool stays =
      s.is_pointwise && std::any_of(reads.begin(), reads.end(), nn::has_channels_last);
  const auto format = stays ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  {
    const at::NoGradGuard no_grad;
    for (const at::Tensor& read : reads) here.push_back(read.contiguous(format).variable_data());
    ChainMemory memory = s.memory_of(*forward, here);
    const auto scratch = records ? nullptr : s.scratch->take(forward->layout.num_forward);
    if (scratch) memory.forward = data_of(*scratch);
    if (turns) turns->order(s.chain, Direction::Forward, memory);
    ChainPass(s.chain, s.groups, memory, s.sums).forward(draws, reads.front().size(0));
  }
  std::vector<at::Tensor> out;
  for (const at::Tensor& make : forward->makes) {
    std::vector<std::int64_t> shape = reads.front().sizes().vec();
    shape.back() = make.size(1);
    out.push_back(shaped(make, shape, format));
  }
  if (!records) {
    forward->end();
    return out;
  }
  const std::shared_ptr<ChainNode> node(
      new ChainNode(state_, forward, std::move(here), format, std::move(draws), turns),
      torch::autograd::deleteNode);
  node->set_next_edges(torch::autograd::collect_next_edges(inputs));
  for (const at::Tensor& made : out) torch::autograd::set_history(made, node);
  return out;
}

}  // namespace fdl::exec
