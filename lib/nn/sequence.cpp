#include "lib/nn/sequence.h"

#include <algorithm>

#include <ATen/Parallel.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/zeros.h>

#include "lib/nn/product.h"

namespace fdl::nn {
namespace {

// With so many rows for each thread, threads share out the batch and each goes through all
// positions alone; with fewer, they share out each product.
constexpr std::int64_t kRowsOfThread = 32;
// Fewer rows in a product do not pay for reading the input's weights at each position.
constexpr std::int64_t kRowsOfProduct = 16;
// Products that pay for a weight put in order.
constexpr std::int64_t kPackedPositions = 4;
constexpr std::int64_t kUnitsOfBlock = 16, kNumbersOfThread = 1 << 13;

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// Rows of weight_hh that are multiplied at once, and where their gates lie.
struct HiddenPart {
  at::Tensor weight;
  std::int64_t first_row = 0, first_gate = 0;
  bool adds = true;  // to what the input gave
};

// What forward and backward have alike.
struct Frame {
  Frame(const SequenceKind& of, const SequenceInputs& in)
      : kind(of),
        kernel(gate_kernel(of.gates, kernels::cpu_kinds().back())),
        T(in.x_TBI.size(0)),
        B(in.x_TBI.size(1)),
        I(in.x_TBI.size(2)),
        H(in.h_BH.size(1)),
        gates_width(is_plain() ? H : 4 * H) {
    const std::int64_t num_threads = at::in_parallel_region() ? 1 : at::get_num_threads();
    const std::int64_t num_chunks = B >= kRowsOfThread * num_threads ? num_threads : 1;
    chunk_rows = ceil_div(B, num_chunks);
    packed_rows = T >= kPackedPositions ? chunk_rows : 0;
    const at::Tensor& weight = in.weight_hh_GH;
    if (of.gates == GateKind::Gru) {
      hidden.push_back({weight.narrow(0, 0, 2 * H), 0, 0, true});
      hidden.push_back({weight.narrow(0, 2 * H, H), 2 * H, 3 * H, false});
    } else {
      hidden.push_back({weight, 0, 0, true});
    }
  }

  bool is_plain() const { return kind.gates == GateKind::Tanh || kind.gates == GateKind::Relu; }
  std::int64_t num_chunks() const { return ceil_div(B, chunk_rows); }
  std::int64_t position(std::int64_t step) const { return kind.reversed ? T - 1 - step : step; }

  // of(chunk, its first row, its number of rows).
  template <typename F>
  void for_chunks(F of) const {
    at::parallel_for(0, num_chunks(), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t chunk = begin; chunk < end; ++chunk) {
        const std::int64_t first = chunk * chunk_rows;
        of(chunk, first, std::min(chunk_rows, B - first));
      }
    });
  }
  // One pass over the gates of some rows, shared out by units: the sums over rows stay whole.
  void pass(void (*function)(const Part&, const Position&), std::int64_t num_rows,
            const Position& p) const {
    const std::int64_t grain =
        std::max<std::int64_t>(1, kNumbersOfThread / (kUnitsOfBlock * num_rows));
    at::parallel_for(0, ceil_div(H, kUnitsOfBlock), grain,
                     [&](std::int64_t begin, std::int64_t end) {
                       const std::int64_t end_unit = std::min(H, end * kUnitsOfBlock);
                       function({num_rows, H, begin * kUnitsOfBlock, end_unit}, p);
                     });
  }
  std::vector<Weight> hidden_factors(Weight::Side side) const {
    std::vector<Weight> out;
    for (const HiddenPart& part : hidden) out.emplace_back(part.weight, side, packed_rows);
    return out;
  }

  SequenceKind kind;
  GateKernel kernel;
  std::int64_t T, B, I, H, gates_width;
  std::int64_t chunk_rows = 0, packed_rows = 0;
  std::vector<HiddenPart> hidden;
};

// Rows of [T, B, width] or [B, width] from one position and row on.
Out rows(const at::Tensor& t, std::int64_t position, std::int64_t row) {
  const std::int64_t width = t.size(-1), num_rows = t.size(-2);
  return {t.data_ptr<float>() + (position * num_rows + row) * width, width};
}
In read(const at::Tensor& t, std::int64_t position, std::int64_t row) {
  const Out out = rows(t, position, row);
  return {out.data, out.stride};
}
// Of [T, B, H], whose H numbers lie side by side; null of an undefined one.
In read_strided(const at::Tensor& t, std::int64_t position, std::int64_t row) {
  if (!t.defined()) return {};
  return {t.const_data_ptr<float>() + position * t.stride(0) + row * t.stride(1), t.stride(1)};
}
Out from(Out rows, std::int64_t column) { return {rows.data + column, rows.stride}; }
In as_input(Out rows) { return {rows.data, rows.stride}; }

// [G] as the passes add it: of a gru what stands inside its product stays apart.
at::Tensor joint_bias(const Frame& f, const SequenceInputs& in) {
  if (!in.bias_ih_G.defined()) return at::zeros({f.gates_width}, in.x_TBI.options());
  if (f.kind.gates != GateKind::Gru) return in.bias_ih_G.add(in.bias_hh_G);
  const std::int64_t H = f.H;
  return at::cat({in.bias_ih_G.narrow(0, 0, 2 * H).add(in.bias_hh_G.narrow(0, 0, 2 * H)),
                  in.bias_ih_G.narrow(0, 2 * H, H), in.bias_hh_G.narrow(0, 2 * H, H)});
}

class Forward {
 public:
  Forward(const SequenceKind& kind, const SequenceInputs& in, bool keeps)
      : f_(kind, in),
        in_(in),
        bias_(joint_bias(f_, in)),
        is_input_whole_(f_.chunk_rows < kRowsOfProduct),
        input_(in.weight_ih_GI, Weight::Side::Transposed, is_input_whole_ ? 0 : f_.packed_rows),
        hidden_(f_.hidden_factors(Weight::Side::Transposed)) {
    const auto options = in.x_TBI.options();
    out.output_TBH = at::empty({f_.T, f_.B, f_.H}, options);
    // Without a backward one position's memory serves all.
    const std::int64_t num_kept = keeps ? f_.T : 1;
    num_gates_ = is_input_whole_ ? f_.T : num_kept;
    if (!f_.is_plain()) out.gates = at::empty({num_gates_, f_.B, f_.gates_width}, options);
    if (kind.gates == GateKind::Lstm) out.cells = at::empty({num_kept, f_.B, f_.H}, options);
  }

  void run() {
    if (is_input_whole_)
      input_.multiply(read(in_.x_TBI, 0, 0), f_.T * f_.B, gates_at(0, 0), /*adds=*/false);
    f_.for_chunks([&](std::int64_t, std::int64_t first, std::int64_t count) {
      for (std::int64_t step = 0; step < f_.T; ++step) run_step(step, first, count);
    });
    if (out.cells.defined()) out.last_c_BH = cells_at(f_.position(f_.T - 1)).clone();
  }

  SequenceStates out;

 private:
  Out gates_at(std::int64_t t, std::int64_t row) const {
    return f_.is_plain() ? rows(out.output_TBH, t, row)
                         : rows(out.gates, num_gates_ == 1 ? 0 : t, row);
  }
  at::Tensor cells_at(std::int64_t t) const { return out.cells[out.cells.size(0) == 1 ? 0 : t]; }
  Out cell_rows(std::int64_t t, std::int64_t row) const {
    return rows(out.cells, out.cells.size(0) == 1 ? 0 : t, row);
  }

  void run_step(std::int64_t step, std::int64_t row, std::int64_t count) const {
    const std::int64_t t = f_.position(step), before = step == 0 ? 0 : f_.position(step - 1);
    Position p;
    p.gates = gates_at(t, row);
    p.bias = bias_.const_data_ptr<float>();
    p.h_before = step == 0 ? read(in_.h_BH, 0, row) : read(out.output_TBH, before, row);
    p.h = rows(out.output_TBH, t, row);
    if (out.cells.defined()) {
      p.c_before = step == 0 ? read(in_.c_BH, 0, row) : as_input(cell_rows(before, row));
      p.c = cell_rows(t, row);
    }
    if (!is_input_whole_) input_.multiply(read(in_.x_TBI, t, row), count, p.gates, false);
    for (std::size_t i = 0; i < hidden_.size(); ++i) {
      const HiddenPart& part = f_.hidden[i];
      hidden_[i].multiply(p.h_before, count, from(p.gates, part.first_gate), part.adds);
    }
    f_.pass(f_.kernel.forward, count, p);
  }

  Frame f_;
  const SequenceInputs& in_;
  at::Tensor bias_;
  bool is_input_whole_;
  Weight input_;
  std::vector<Weight> hidden_;
  std::int64_t num_gates_ = 0;
};

class Backward {
 public:
  Backward(const SequenceKind& kind, const SequenceInputs& in, const SequenceStates& states,
           const SequenceGradients& by)
      : f_(kind, in), in_(in), states_(states), by_(by) {
    const auto options = in.x_TBI.options();
    const bool is_dense = !by.output_TBH.defined() || by.output_TBH.stride(2) == 1 || f_.H == 1;
    if (!is_dense) by_.output_TBH = by.output_TBH.contiguous();
    d_gates_ = f_.is_plain() ? at::empty({f_.T, f_.B, f_.H}, options) : states.gates;
    out.h_BH = at::zeros({f_.B, f_.H}, options);
    if (kind.gates == GateKind::Lstm)
      out.c_BH = by.last_c_BH.defined() ? by.last_c_BH.clone(at::MemoryFormat::Contiguous)
                                        : at::zeros({f_.B, f_.H}, options);
    d_bias_ = at::zeros({f_.num_chunks(), f_.gates_width}, options);
    d_bias_sum_ = at::zeros({f_.num_chunks(), f_.gates_width}, options.dtype(at::kDouble));
  }

  void run() {
    {
      const std::vector<Weight> hidden = f_.hidden_factors(Weight::Side::Straight);
      f_.for_chunks([&](std::int64_t chunk, std::int64_t first, std::int64_t count) {
        float* const d_bias = d_bias_.data_ptr<float>() + chunk * f_.gates_width;
        double* const sum = d_bias_sum_.data_ptr<double>() + chunk * f_.gates_width;
        for (std::int64_t step = f_.T - 1; step >= 0; --step) {
          run_step(step, first, count, d_bias, hidden);
          for (std::int64_t k = 0; k < f_.gates_width; ++k) {
            sum[k] += d_bias[k];
            d_bias[k] = 0;
          }
        }
      });
    }
    weights();
    biases();
    if (by_.wants_x) {
      out.x_TBI = at::empty_like(in_.x_TBI);
      Weight(in_.weight_ih_GI, Weight::Side::Straight, 0)
          .multiply(read(d_gates_, 0, 0), f_.T * f_.B, rows(out.x_TBI, 0, 0), /*adds=*/false);
    }
    if (!by_.wants_h) out.h_BH.reset();
  }

  SequenceInputs out;  // the gradients by each

 private:
  void run_step(std::int64_t step, std::int64_t row, std::int64_t count, float* d_bias,
                const std::vector<Weight>& hidden) {
    const std::int64_t t = f_.position(step), before = step == 0 ? 0 : f_.position(step - 1);
    Position p;
    p.gates = rows(d_gates_, t, row);
    p.h_before = step == 0 ? read(in_.h_BH, 0, row) : read(states_.output_TBH, before, row);
    p.h = rows(states_.output_TBH, t, row);
    if (states_.cells.defined()) {
      p.c_before = step == 0 ? read(in_.c_BH, 0, row) : read(states_.cells, before, row);
      p.c = rows(states_.cells, t, row);
      p.d_c = rows(out.c_BH, 0, row);
    }
    p.d_output = read_strided(by_.output_TBH, t, row);
    p.d_h = rows(out.h_BH, 0, row);
    p.d_bias = d_bias;
    f_.pass(f_.kernel.backward, count, p);
    if (step == 0 && !by_.wants_h) return;
    // A gru's pass leaves what goes straight to the state before; the others leave nothing.
    bool adds = f_.kind.gates == GateKind::Gru;
    for (std::size_t i = 0; i < hidden.size(); ++i, adds = true)
      hidden[i].multiply(as_input(from(p.gates, f_.hidden[i].first_gate)), count, p.d_h, adds);
  }

  // Over all positions at once: the state before a position is the output of its neighbour.
  void weights() {
    out.weight_ih_GI = at::empty_like(in_.weight_ih_GI);
    multiply_transposed(read(d_gates_, 0, 0), read(in_.x_TBI, 0, 0), f_.T * f_.B, out.weight_ih_GI,
                        /*adds=*/false);
    out.weight_hh_GH = at::empty_like(in_.weight_hh_GH);
    const std::int64_t later = f_.kind.reversed ? 0 : 1, earlier = 1 - later;
    for (const HiddenPart& part : f_.hidden) {
      const at::Tensor d_weight = out.weight_hh_GH.narrow(0, part.first_row, part.weight.size(0));
      const auto gates = [&](std::int64_t t) {
        return as_input(from(rows(d_gates_, t, 0), part.first_gate));
      };
      multiply_transposed(gates(f_.position(0)), read(in_.h_BH, 0, 0), f_.B, d_weight,
                          /*adds=*/false);
      if (f_.T > 1)
        multiply_transposed(gates(later), read(states_.output_TBH, earlier, 0), (f_.T - 1) * f_.B,
                            d_weight, /*adds=*/true);
    }
  }

  void biases() {
    if (!in_.bias_ih_G.defined()) return;
    const std::int64_t H = f_.H;
    const at::Tensor sum = d_bias_sum_.sum(0).to(at::kFloat);
    if (f_.kind.gates != GateKind::Gru) {
      out.bias_ih_G = sum;
      out.bias_hh_G = sum.clone();
      return;
    }
    out.bias_ih_G = sum.narrow(0, 0, 3 * H).clone();
    out.bias_hh_G = at::cat({sum.narrow(0, 0, 2 * H), sum.narrow(0, 3 * H, H)});
  }

  Frame f_;
  const SequenceInputs& in_;
  const SequenceStates& states_;
  SequenceGradients by_;
  at::Tensor d_gates_, d_bias_, d_bias_sum_;  // a bias by one position, and by all of them
};

}  // namespace

SequenceStates run_sequence(const SequenceKind& kind, const SequenceInputs& in, bool keeps) {
  Forward forward(kind, in, keeps);
  forward.run();
  if (!keeps) {
    forward.out.gates.reset();
    forward.out.cells.reset();
  }
  return std::move(forward.out);
}

SequenceInputs run_sequence_backward(const SequenceKind& kind, const SequenceInputs& in,
                                     const SequenceStates& states, const SequenceGradients& by) {
  Backward backward(kind, in, states, by);
  backward.run();
  return std::move(backward.out);
}

}  // namespace fdl::nn
