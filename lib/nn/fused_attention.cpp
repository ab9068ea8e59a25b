#include "lib/nn/fused_attention.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/where.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "lib/kernels/rows.h"
#include "lib/nn/attention_parts.h"

namespace fdl::nn {
namespace {

using kernels::AttentionHead;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Query, key and value, or their gradients; each [B, rows, width] with its numbers side by side.
using Triple = std::array<at::Tensor, 3>;

Triple parts_of(const at::Tensor& joint, const HeadOptions& options) {
  const std::int64_t W = joint.size(2) / (options.num_heads + 2 * options.num_kv_heads);
  const std::int64_t E = W * options.num_heads, KV = W * options.num_kv_heads;
  return {joint.narrow(2, 0, E), joint.narrow(2, E, KV), joint.narrow(2, E + KV, KV)};
}

at::Tensor with_close_numbers(const at::Tensor& t) {
  return t.stride(2) == 1 || t.size(2) == 1 ? t : t.contiguous();
}

template <typename Number>
kernels::RowsOf<Number> rows_at(const at::Tensor& t, std::int64_t sample, std::int64_t from) {
  const std::int64_t first = sample * t.stride(0) + from;
  if constexpr (std::is_const_v<Number>)
    return {t.const_data_ptr<float>() + first, t.stride(1)};
  else
    return {t.mutable_data_ptr<float>() + first, t.stride(1)};
}

// What is told of every head, and each by its number in a batch.
class Heads {
 public:
  Heads(const Triple& in, const HeadOptions& options)
      : in_(in), K_(options.num_kv_heads), shared_(options.num_heads / options.num_kv_heads) {
    all_.T = in[0].size(1);
    all_.S = in[1].size(1);
    all_.W = in[0].size(2) / options.num_heads;
    all_.V = in[2].size(2) / options.num_kv_heads;
    all_.is_causal = options.is_causal;
    all_.scale = static_cast<float>(1 / std::sqrt(static_cast<double>(all_.W)));
    if (options.dropout.is_active()) {
      all_.drop = tensor::mask_draw(options.dropout.key.whole(), options.dropout.p);
      lanes_ = options.dropout.lanes;
    }
    if (options.mask.defined()) bias_ = bias_of(options.mask);
  }

  const AttentionHead& all() const { return all_; }
  std::int64_t samples() const { return in_[0].size(0); }
  std::int64_t per_sample() const { return K_ * shared_; }
  std::int64_t num_shared() const { return shared_; }

  // Where the numbers of a head lie in a row, of the query and of the value.
  std::int64_t of_query(std::int64_t head) const { return head * all_.W; }
  std::int64_t of_key(std::int64_t head) const { return head / shared_ * all_.W; }
  std::int64_t of_value(std::int64_t head) const { return head / shared_ * all_.V; }
  std::int64_t of_output(std::int64_t head) const { return head * all_.V; }

  AttentionHead at(std::int64_t sample, std::int64_t head) const {
    AttentionHead out = all_;
    out.query = rows_at<const float>(in_[0], sample, of_query(head));
    out.key = rows_at<const float>(in_[1], sample, of_key(head));
    out.value = rows_at<const float>(in_[2], sample, of_value(head));
    out.drop.lane = lanes_[sample];
    out.first = head * all_.T * all_.S;
    if (bias_.defined())
      out.bias = {bias_.const_data_ptr<float>() + sample * bias_.stride(0) + head * bias_.stride(1),
                  bias_.stride(2)};
    return out;
  }

 private:
  // [B, N, T, S], of which some axes may take no step in memory.
  at::Tensor bias_of(const at::Tensor& mask) const {
    const at::TensorOptions options = in_[0].options();
    at::Tensor out =
        mask.scalar_type() == at::kBool
            ? at::where(mask, at::scalar_tensor(0.0, options),
                        at::scalar_tensor(-std::numeric_limits<double>::infinity(), options))
            : mask.detach();
    out = out.contiguous();
    return out.expand({samples(), per_sample(), all_.T, all_.S});
  }

  const Triple& in_;
  std::int64_t K_, shared_;
  AttentionHead all_;
  tensor::Lanes lanes_;
  at::Tensor bias_;
};

const kernels::AttentionFunctions& functions() { return kernels::row_functions().attention; }

// A scratch for each thread, as rows.
at::Tensor scratch_for(const Heads& heads, const at::TensorOptions& options) {
  return at::empty({at::get_num_threads(), functions().scratch(heads.all())}, options);
}
float* own_part(const at::Tensor& scratch) {
  return scratch.mutable_data_ptr<float>() + at::get_thread_num() * scratch.stride(0);
}

kernels::SoftmaxRow* rows_of(const at::Tensor& softmaxes) {
  static_assert(sizeof(kernels::SoftmaxRow) == 2 * sizeof(float));
  return reinterpret_cast<kernels::SoftmaxRow*>(softmaxes.mutable_data_ptr<float>());
}

// Of as many as a thread should have at least, as each costs that many products.
std::int64_t grain_of(const Heads& heads, std::int64_t queries) {
  constexpr std::int64_t kProducts = 1 << 16;
  const AttentionHead& all = heads.all();
  return std::max<std::int64_t>(1, kProducts / (queries * all.S * (all.W + all.V)));
}

// softmaxes: SoftmaxRow [B, N, T], as its two numbers.
void attend_all(const Triple& in, const HeadOptions& options, const at::Tensor& out,
                const at::Tensor& softmaxes) {
  constexpr std::int64_t kFewest = 64;  // queries, as each part puts all keys in order
  const Heads heads(in, options);
  const std::int64_t T = heads.all().T, N = heads.per_sample(), count = heads.samples() * N;
  const std::int64_t wanted = at::divup(2 * at::get_num_threads(), count);
  const std::int64_t parts = std::clamp<std::int64_t>(T / kFewest, 1, wanted);
  const std::int64_t queries = at::divup(T, parts);
  const at::Tensor scratch = scratch_for(heads, out.options());
  at::parallel_for(
      0, count * parts, grain_of(heads, queries), [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
          const std::int64_t sample = i / parts / N, head = i / parts % N,
                             first = i % parts * queries;
          if (first >= T) continue;
          functions().attend(heads.at(sample, head), first, std::min(first + queries, T),
                             rows_at<float>(out, sample, heads.of_output(head)),
                             rows_of(softmaxes) + (sample * N + head) * T, own_part(scratch));
        }
      });
}

void attend_all_gradients(const Triple& in, const HeadOptions& options, const at::Tensor& gradient,
                          const at::Tensor& out, const at::Tensor& softmaxes, const Triple& to) {
  const Heads heads(in, options);
  const std::int64_t T = heads.all().T, N = heads.per_sample(), K = N / heads.num_shared();
  const at::Tensor scratch = scratch_for(heads, out.options());
  const auto run = [&](std::int64_t sample, std::int64_t head) {
    functions().attend_gradient(
        heads.at(sample, head), rows_at<const float>(gradient, sample, heads.of_output(head)),
        rows_at<const float>(out, sample, heads.of_output(head)),
        rows_of(softmaxes) + (sample * N + head) * T,
        {rows_at<float>(to[0], sample, heads.of_query(head)),
         rows_at<float>(to[1], sample, heads.of_key(head)),
         rows_at<float>(to[2], sample, heads.of_value(head)), head % heads.num_shared() != 0},
        own_part(scratch));
  };
  at::parallel_for(0, heads.samples() * K, grain_of(heads, T * heads.num_shared()),
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t i = begin; i < end; ++i) {
                       for (std::int64_t k = 0; k < heads.num_shared(); ++k)
                         run(i / K, i % K * heads.num_shared() + k);
                     }
                   });
}

at::Tensor attend_plainly(const Triple& in, const HeadOptions& options) {
  const std::int64_t K = options.num_kv_heads, shared = options.num_heads / K;
  const at::Tensor mask =
      options.is_causal ? with_causal(options.mask, in[0].size(1), in[1].size(1), in[0].device())
                        : options.mask;
  return attend_by_parts(to_heads(in[0], options.num_heads, 1), to_heads(in[1], K, shared),
                         to_heads(in[2], K, shared), mask, options.dropout)
      .transpose(1, 2)
      .flatten(2);
}

// Query, key and value, or all in one.
using Inputs = variable_list;

Triple triple_of(const Inputs& inputs, const HeadOptions& options) {
  if (inputs.size() == 1) return parts_of(inputs[0], options);
  return {inputs[0], inputs[1], inputs[2]};
}

Triple with_close_numbers(Triple in) {
  for (at::Tensor& one : in) one = with_close_numbers(one);
  return in;
}

struct Attended {
  at::Tensor out, softmaxes;
};

Attended attended(const Inputs& inputs, const HeadOptions& options) {
  const Triple in = with_close_numbers(triple_of(inputs, options));
  const std::int64_t V = in[2].size(2) / options.num_kv_heads;
  const Attended out = {
      at::empty({in[0].size(0), in[0].size(1), options.num_heads * V}, in[0].options()),
      at::empty({in[0].size(0), options.num_heads, in[0].size(1), 2}, in[0].options())};
  attend_all(in, options, out.out, out.softmaxes);
  return out;
}

// Through which another backward pass can go.
Inputs differentiable_gradients(const Inputs& saved, const HeadOptions& options,
                                const at::Tensor& by) {
  const at::AutoGradMode records(true);
  Inputs leaves;
  for (const at::Tensor& one : saved)
    leaves.push_back(one.requires_grad() ? one : one.detach().set_requires_grad(true));
  const at::Tensor out = attend_plainly(triple_of(leaves, options), options);
  return torch::autograd::grad({out}, leaves, {by}, /*retain_graph=*/true, /*create_graph=*/true);
}

class FusedAttention : public torch::autograd::Function<FusedAttention> {
 public:
  static at::Tensor forward(AutogradContext* context, at::TensorList inputs,
                            const HeadOptions& options) {
    const Inputs given = inputs.vec();
    Attended made = attended(given, options);
    variable_list saved = given;
    saved.insert(saved.end(), {made.out, made.softmaxes});
    context->save_for_backward(std::move(saved));
    context->saved_data["options"] = at::IValue::make_capsule(c10::make_intrusive<Held>(options));
    return made.out;
  }

  static variable_list backward(AutogradContext* context, const variable_list& by) {
    const auto held = context->saved_data["options"].toCapsule();
    const HeadOptions& options = static_cast<const Held&>(*held).options;
    variable_list saved = context->get_saved_variables();
    const at::Tensor softmaxes = saved.back(), out = saved[saved.size() - 2];
    saved.resize(saved.size() - 2);
    Inputs gradients;
    if (at::GradMode::is_enabled()) {
      gradients = differentiable_gradients(saved, options, by[0]);
    } else {
      for (const at::Tensor& one : saved)
        gradients.push_back(at::empty(one.sizes(), one.options()));
      attend_all_gradients(with_close_numbers(triple_of(saved, options)), options,
                           with_close_numbers(by[0]), out, softmaxes,
                           triple_of(gradients, options));
    }
    gradients.emplace_back();  // of the options
    return gradients;
  }

 private:
  struct Held : torch::CustomClassHolder {
    explicit Held(const HeadOptions& of) : options(of) {}
    HeadOptions options;
  };
};

at::Tensor attend_with(const Inputs& inputs, const HeadOptions& options) {
  if (at::GradMode::is_enabled()) return FusedAttention::apply(at::TensorList(inputs), options);
  return attended(inputs, options).out;
}

bool is_fit(const at::Tensor& t) {
  return t.scalar_type() == at::kFloat && t.device().is_cpu() && t.layout() == at::kStrided &&
         t.numel() > 0;
}

}  // namespace

bool takes_fused_attention(const at::Tensor& query_BTE, const at::Tensor& key_BSE,
                           const at::Tensor& value_BSE, const at::Tensor& mask) {
  return is_fit(query_BTE) && is_fit(key_BSE) && is_fit(value_BSE) &&
         !(mask.defined() && mask.requires_grad());
}

at::Tensor fused_attention(const at::Tensor& query_BTE, const at::Tensor& key_BSE,
                           const at::Tensor& value_BSE, const HeadOptions& options) {
  return attend_with({query_BTE, key_BSE, value_BSE}, options);
}

at::Tensor fused_self_attention(const at::Tensor& joint_BTE, const HeadOptions& options) {
  return attend_with({joint_BTE}, options);
}

}  // namespace fdl::nn
