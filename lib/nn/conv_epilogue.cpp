#include "lib/nn/conv_epilogue.h"

#include <algorithm>
#include <limits>
#include <vector>

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include "lib/base/check.h"
#include "lib/cuda/backend.h"
#include "lib/nn/channel_norm.h"
#include "lib/nn/norm_relu.h"

namespace fdl::nn {
namespace {

using torch::autograd::variable_list;

constexpr auto kLast = at::MemoryFormat::ChannelsLast;

// The inputs that have gradients, in this order.
enum Input : std::size_t { kX, kBias, kNormWeight, kNormBias, kAdded, kNumInputs };

// What both passes read and write, kept alive.
struct Kept {
  cuda::Epilogue task;
  std::vector<at::Tensor> alive;
  std::vector<std::int64_t> sizes;  // of the images
  at::TensorOptions options;
};

class Node final : public torch::autograd::Node {
 public:
  explicit Node(Kept kept) : kept_(std::move(kept)) {}

 private:
  variable_list apply(variable_list&& given) final {
    TORCH_CHECK(!kept_.alive.empty(), "images go through one backward pass, unless they are kept");
    variable_list out(kNumInputs);
    if (!given[0].defined()) return out;
    const at::Tensor gradient = given[0].contiguous(kLast);
    const auto of_channels = [&](Input input) -> float* {
      if (!task_should_compute_output(input)) return nullptr;
      out[input] = at::empty({kept_.task.C}, kept_.options.dtype(at::kFloat));
      return out[input].mutable_data_ptr<float>();
    };
    const auto like_images = [&](Input input) -> void* {
      if (!task_should_compute_output(input)) return nullptr;
      out[input] = at::empty(kept_.sizes, kept_.options.memory_format(kLast));
      return out[input].mutable_data_ptr();
    };
    cuda::EpilogueGradients made;
    made.given = gradient.const_data_ptr();
    made.bias = of_channels(kBias);
    made.norm_weight = of_channels(kNormWeight);
    made.norm_bias = of_channels(kNormBias);
    made.added = like_images(kAdded);
    const bool is_passed_on = !kept_.task.has_norm && made.added != nullptr;
    if (!is_passed_on) made.x = like_images(kX);
    cuda::backend().epilogue_gradients(kept_.task, made);
    if (is_passed_on && task_should_compute_output(kX)) out[kX] = out[kAdded];
    return out;
  }
  void release_variables() final { kept_ = {}; }

  Kept kept_;
};

cuda::Epilogue::Axis axis_of(const catalog::MaxPool2dParams& p, std::size_t axis,
                             std::int64_t size) {
  const std::int64_t kernel = p.kernel_size[axis], padding = p.padding[axis];
  const std::int64_t stride = p.stride.value_or(p.kernel_size)[axis];
  const auto as_int = [](std::int64_t n) { return static_cast<std::int32_t>(n); };
  return {as_int(kernel), as_int(stride), as_int(padding),
          as_int((size + 2 * padding - kernel) / stride + 1)};
}

cuda::ImageType type_of(const at::Tensor& x) {
  if (x.scalar_type() == at::kFloat) return cuda::ImageType::F32;
  return x.scalar_type() == at::kBFloat16 ? cuda::ImageType::BF16 : cuda::ImageType::F16;
}

const float* data_of(const at::Tensor& t) {
  return t.defined() ? t.const_data_ptr<float>() : nullptr;
}
float* writable(const at::Tensor& t) { return t.defined() ? t.mutable_data_ptr<float>() : nullptr; }

// The statistics of the batch go into those that run; `mean` and `inverse` are made.
void enter_norm(Kept& kept, const ConvEpilogue& of) {
  const catalog::BatchNormParams& p = *of.norm;
  const Tensors& own = *of.norm_tensors;
  cuda::Epilogue& task = kept.task;
  TORCH_CHECK(task.num_pixels() > 1,
              "batch_norm needs more than one value per channel in training, but a batch of shape ",
              at::IntArrayRef(kept.sizes),
              " came in; `drop_last: true` leaves out a last batch of one sample");
  if (p.track_running_stats)
    task.num_batches = own["num_batches_tracked"].mutable_data_ptr<std::int64_t>();
  task.has_norm = true;
  task.newest = *p.momentum;
  task.eps = p.eps;
  task.norm_weight = data_of(own["weight"]);
  task.norm_bias = data_of(own["bias"]);
  task.running_mean = writable(own["running_mean"]);
  task.running_var = writable(own["running_var"]);
  const at::Tensor made = at::empty({2, task.C}, kept.options.dtype(at::kFloat));
  task.mean = made.mutable_data_ptr<float>();
  task.inverse = task.mean + task.C;
  kept.alive.insert(kept.alive.end(), {made, own["weight"], own["bias"]});
}

// `sizes` become those of what is made.
void enter_pool(Kept& kept, const catalog::MaxPool2dParams& pool,
                std::vector<std::int64_t>& sizes) {
  FDL_CHECK(pool.kernel_size[0] * pool.kernel_size[1] < cuda::kCutOff);
  cuda::Epilogue& task = kept.task;
  task.has_pool = true;
  task.rows = axis_of(pool, 0, task.H);
  task.columns = axis_of(pool, 1, task.W);
  sizes = {task.N, task.C, task.rows.out, task.columns.out};
  const at::Tensor places = at::empty(sizes, kept.options.dtype(at::kByte).memory_format(kLast));
  task.places = places.mutable_data_ptr<std::uint8_t>();
  kept.alive.push_back(places);
}

bool takes_on_cpu(const at::Tensor& x, const ConvEpilogue& of) {
  const bool is_known = of.norm != nullptr && of.has_relu && !of.bias.defined() &&
                        !(of.pool != nullptr && of.added.defined());
  if (!is_known || !fits_batch_norm_channels(x, channel_tensors(*of.norm_tensors))) return false;
  const bool is_alike = !of.added.defined() || of.added.options().type_equal(x.options());
  // One value per channel has no deviation, and windows no room in one line: op by op says so.
  return is_alike && x.numel() > x.size(1) &&
         (of.pool == nullptr || (x.size(2) > 1 && x.size(3) > 1));
}

variable_list inputs_of(const at::Tensor& x, const ConvEpilogue& of) {
  variable_list out(kNumInputs);
  out[kX] = x;
  out[kBias] = of.bias;
  out[kAdded] = of.added;
  if (of.norm == nullptr) return out;
  out[kNormWeight] = (*of.norm_tensors)["weight"];
  out[kNormBias] = (*of.norm_tensors)["bias"];
  return out;
}

}  // namespace

bool takes_conv_epilogue(const at::Tensor& x, const ConvEpilogue& of) {
  if (x.device().is_cpu()) return takes_on_cpu(x, of);
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max() / 2;  // pixels
  const bool is_known = x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16 ||
                        x.scalar_type() == at::kHalf;
  return x.is_cuda() && is_known && x.dim() == 4 && x.numel() > 0 &&
         x.size(0) * x.size(2) * x.size(3) <= kMost;
}

at::Tensor conv_epilogue(const at::Tensor& x, const ConvEpilogue& of) {
  if (x.device().is_cpu()) {
    const double newest = count_batch(*of.norm, *of.norm_tensors);
    return norm_relu_channels(x, channel_tensors(*of.norm_tensors), newest, of.norm->eps,
                              {of.added, of.pool != nullptr});
  }
  Kept kept;
  cuda::Epilogue& task = kept.task;
  kept.sizes = x.sizes().vec();
  kept.options = x.options();
  const at::Tensor images = x.detach().contiguous(kLast),
                   added = of.added.defined() ? of.added.detach().contiguous(kLast) : of.added;
  task.N = x.size(0), task.C = x.size(1), task.H = x.size(2), task.W = x.size(3);
  task.type = type_of(x);
  task.x = images.const_data_ptr();
  task.bias = data_of(of.bias);
  task.has_sum = added.defined();
  if (task.has_sum) task.added = added.const_data_ptr();
  task.has_relu = of.has_relu;
  const cuda::EpilogueShares shares(task.num_pixels(), task.C);
  const at::Tensor sums = at::empty({shares.num_sums(task.C)}, kept.options.dtype(at::kDouble));
  task.sums = sums.mutable_data_ptr<double>();
  kept.alive = {sums, of.bias};
  if (of.norm != nullptr) enter_norm(kept, of);
  std::vector<std::int64_t> sizes = kept.sizes;
  if (of.pool != nullptr) enter_pool(kept, *of.pool, sizes);
  at::Tensor y = at::empty(sizes, kept.options.memory_format(kLast));
  task.y = y.mutable_data_ptr();
  cuda::backend().epilogue(task);
  const variable_list inputs = inputs_of(x, of);
  const bool is_recorded =
      at::GradMode::is_enabled() && std::any_of(inputs.begin(), inputs.end(), [](const auto& t) {
        return t.defined() && t.requires_grad();
      });
  if (!is_recorded) return y;
  // Without a norm the images are not looked at again; what relu made is, where nothing else tells.
  if (of.norm != nullptr) kept.alive.push_back(images);
  if (of.has_relu && of.pool == nullptr && (of.norm == nullptr || task.has_sum))
    kept.alive.push_back(y.detach());
  const std::shared_ptr<Node> node(new Node(std::move(kept)), torch::autograd::deleteNode);
  node->set_next_edges(torch::autograd::collect_next_edges(inputs));
  torch::autograd::set_history(y, node);
  return y;
}

}  // namespace fdl::nn
