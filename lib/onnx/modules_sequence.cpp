// Recurrent modules and positions. Axis letters: B batch, T positions, D directions, H width of a
// state.
#include <cmath>

#include "lib/catalog/modules/gru.h"
#include "lib/catalog/modules/gru_cell.h"
#include "lib/catalog/modules/learned_positions.h"
#include "lib/catalog/modules/lstm.h"
#include "lib/catalog/modules/lstm_cell.h"
#include "lib/catalog/modules/rnn.h"
#include "lib/catalog/modules/rnn_cell.h"
#include "lib/catalog/modules/rotary.h"
#include "lib/onnx/attention.h"
#include "lib/onnx/rows.h"

namespace fdl::onnx {
namespace {

using Ints = std::vector<std::int64_t>;
using Names = std::vector<std::string>;

// What differs between the three. `order`: where ONNX's gates stand among PyTorch's.
struct Kind {
  std::string op;
  std::vector<std::size_t> order;
  bool has_cell = false;
  Attributes attributes;
};

std::string turned(const Call& call, const std::string& x, Ints perm) {
  return call.add("Transpose", {x}, {{"perm", std::move(perm)}});
}

// The gates of a weight or bias in ONNX's order.
std::string reordered(const Call& call, const std::string& x, const Kind& kind) {
  if (kind.order.size() == 1) return x;
  const Names gates = call.out().add("Split", {x}, kind.order.size(), {{"axis", std::int64_t{0}}});
  Names out;
  for (const std::size_t at : kind.order) out.push_back(gates[at]);
  return call.add("Concat", out, {{"axis", std::int64_t{0}}});
}

std::string stacked(const Call& call, Names parts) {
  for (std::string& part : parts) part = call.add("Unsqueeze", {part, call.out().integers({0})});
  return parts.size() == 1 ? parts[0] : call.add("Concat", parts, {{"axis", std::int64_t{0}}});
}

// W, R and, with biases, B of one layer, directions stacked.
Names weights_of(const Call& call, const catalog::RecurrentParams& p, std::int64_t layer,
                 const Kind& kind) {
  Names in, across, biases;
  for (std::int64_t d = 0; d < p.num_directions(); ++d) {
    const std::string suffix = "_l" + std::to_string(layer) + (d == 0 ? "" : "_reverse");
    in.push_back(reordered(call, call.own("weight_ih" + suffix), kind));
    across.push_back(reordered(call, call.own("weight_hh" + suffix), kind));
    if (!p.bias) continue;
    biases.push_back(call.add("Concat",
                              {reordered(call, call.own("bias_ih" + suffix), kind),
                               reordered(call, call.own("bias_hh" + suffix), kind)},
                              {{"axis", std::int64_t{0}}}));
  }
  return {stacked(call, in), stacked(call, across), p.bias ? stacked(call, biases) : ""};
}

// Rows of a layer's states from [L D, B, H]; "" of none.
std::string state_of(const Call& call, const catalog::RecurrentParams& p, const std::string& all,
                     std::int64_t layer) {
  if (all.empty()) return "";
  Emitter& out = call.out();
  const std::int64_t first = layer * p.num_directions();
  return call.add("Slice", {all, out.integers({first}), out.integers({first + p.num_directions()}),
                            out.integers({0})});
}

// inputs: input, h_0, lengths, or input, h_0, c_0, lengths.
Lowered recurrent(const Call& call, const catalog::RecurrentParams& p, const Kind& kind) {
  if (p.proj_size > 0)
    return tl::unexpected(std::string("ONNX's LSTM does not project its states"));
  const std::size_t last = call.num_inputs() - 1;
  const std::string lengths =
      call.has(last) ? call.cast(call.input(last), catalog::DType::I32) : "";
  const auto start = [&](std::size_t i) {
    return call.has(i) ? turned(call, call.input(i), {1, 0, 2}) : std::string();
  };
  const std::string h_0 = start(1), c_0 = kind.has_cell ? start(2) : "";
  // A sequence without a position leaves its state as it was.
  const auto or_start = [&](const std::string& state, const std::string& before) {
    if (lengths.empty() || before.empty()) return state;
    const std::string some =
        call.add("Greater", {lengths, call.cast(call.out().integer(0), catalog::DType::I32)});
    const std::string rows = call.add("Unsqueeze", {some, call.out().integers({0, 2})});
    return call.add("Where", {rows, state, before});
  };
  std::string x_TBH = turned(call, call.input(), {1, 0, 2});
  Names hidden, cells;
  Attributes attributes = kind.attributes;
  attributes.push_back({"hidden_size", p.hidden_size});
  attributes.push_back({"direction", std::string(p.bidirectional ? "bidirectional" : "forward")});
  for (std::int64_t layer = 0; layer < p.num_layers; ++layer) {
    Names inputs = weights_of(call, p, layer, kind);
    inputs.insert(inputs.begin(), x_TBH);
    inputs.insert(inputs.end(), {lengths, state_of(call, p, h_0, layer)});
    if (kind.has_cell) inputs.push_back(state_of(call, p, c_0, layer));
    const Names made = call.out().add(kind.op, inputs, kind.has_cell ? 3 : 2, attributes);
    // [T, D, B, H] -> [T, B, D H].
    const std::string apart = turned(call, made[0], {0, 2, 1, 3});
    x_TBH = call.add("Reshape", {apart, call.out().integers({0, 0, -1})});
    hidden.push_back(or_start(made[1], state_of(call, p, h_0, layer)));
    if (kind.has_cell) cells.push_back(or_start(made[2], state_of(call, p, c_0, layer)));
  }
  const auto joined = [&](const Names& states) {
    const std::string all =
        states.size() == 1 ? states[0] : call.add("Concat", states, {{"axis", std::int64_t{0}}});
    return turned(call, all, {1, 0, 2});
  };
  Names out = {turned(call, x_TBH, {1, 0, 2}), joined(hidden)};
  if (kind.has_cell) out.push_back(joined(cells));
  return out;
}

Lowered lstm(const Call& call) {
  return recurrent(call, call.params<catalog::LstmParams>(), {"LSTM", {0, 3, 1, 2}, true, {}});
}
Lowered gru(const Call& call) {
  return recurrent(call, call.params<catalog::GruParams>(),
                   {"GRU", {1, 0, 2}, false, {{"linear_before_reset", std::int64_t{1}}}});
}
Lowered rnn(const Call& call) {
  const auto& p = call.params<catalog::RnnParams>();
  Kind kind{"RNN", {0}, false, {}};
  const std::string bend = p.nonlinearity == "tanh" ? "Tanh" : "Relu";
  kind.attributes.push_back(
      {"activations", Names(static_cast<std::size_t>(p.num_directions()), bend)});
  return recurrent(call, p, kind);
}

// --- cells --------------------------------------------------------------------------------------

// Zeros [B, H] where a state is absent.
std::string state(const Call& call, std::size_t i, std::int64_t size) {
  if (call.has(i)) return call.input(i);
  const auto shape = call.sizes({call.type().shape[0], size});
  return call.add("ConstantOfShape", {*shape});
}

std::string part(const Call& call, const std::string& x, const std::string& what) {
  return call.linear(x, 2, call.own("weight_" + what), call.own("bias_" + what));
}

Lowered rnn_cell(const Call& call) {
  const auto& p = call.params<catalog::RnnCellParams>();
  const std::string h = state(call, 1, p.hidden_size);
  const std::string sum = call.add("Add", {part(call, call.input(), "ih"), part(call, h, "hh")});
  return std::vector{call.add(p.nonlinearity == "tanh" ? "Tanh" : "Relu", {sum})};
}

Lowered lstm_cell(const Call& call) {
  const std::int64_t H = call.params<catalog::LstmCellParams>().hidden_size;
  const std::string h = state(call, 1, H), c = state(call, 2, H);
  const std::string sum = call.add("Add", {part(call, call.input(), "ih"), part(call, h, "hh")});
  const Names gates = call.out().add("Split", {sum}, 4, {{"axis", std::int64_t{1}}});
  const auto open = [&](std::size_t i) { return call.add("Sigmoid", {gates[i]}); };
  const std::string in = call.add("Mul", {open(0), call.add("Tanh", {gates[2]})});
  const std::string cell = call.add("Add", {call.add("Mul", {open(1), c}), in});
  return std::vector{call.add("Mul", {open(3), call.add("Tanh", {cell})}), cell};
}

// h' = n + z (h - n).
Lowered gru_cell(const Call& call) {
  const std::string h = state(call, 1, call.params<catalog::GruCellParams>().hidden_size);
  const auto gates = [&](const std::string& x, const char* what) {
    return call.out().add("Split", {part(call, x, what)}, 3, {{"axis", std::int64_t{1}}});
  };
  const Names in = gates(call.input(), "ih"), across = gates(h, "hh");
  const auto open = [&](std::size_t i) {
    return call.add("Sigmoid", {call.add("Add", {in[i], across[i]})});
  };
  const std::string reset = call.add("Mul", {open(0), across[2]});
  const std::string fresh = call.add("Tanh", {call.add("Add", {in[2], reset})});
  const std::string kept = call.add("Mul", {open(1), call.add("Sub", {h, fresh})});
  return std::vector{call.add("Add", {fresh, kept})};
}

// --- positions ----------------------------------------------------------------------------------

Lowered learned_positions(const Call& call) {
  return std::vector{call.add("Add", {call.input(), first_rows(call, call.own("weight"))})};
}

// Column 2 i holds the sine of pair i, column 2 i + 1 its cosine.
double wave(std::int64_t position, std::int64_t column, std::int64_t width, double base) {
  const auto pair = static_cast<double>(column / 2);
  const double angle = static_cast<double>(position) *
                       std::exp(pair * -2 * std::log(base) / static_cast<double>(width));
  return column % 2 == 0 ? std::sin(angle) : std::cos(angle);
}

Lowered sinusoidal_positions(const Call& call) {
  const auto table = position_table(call, call.type().shape[2].number(), 10000, wave);
  if (!table) return tl::unexpected(table.error());
  return std::vector{call.add("Add", {call.input(), *table})};
}

Lowered rotary(const Call& call) {
  const auto& p = call.params<catalog::RotaryParams>();
  const std::int64_t width = call.type().shape[2].number() / p.num_heads;
  const auto out = rotate(call, call.input(), p.num_heads, width, p.base, p.interleaved);
  if (!out) return tl::unexpected(out.error());
  return std::vector{*out};
}

constexpr Row kRows[] = {
    {"gru", gru},
    {"gru_cell", gru_cell},
    {"learned_positions", learned_positions},
    {"lstm", lstm},
    {"lstm_cell", lstm_cell},
    {"rnn", rnn},
    {"rnn_cell", rnn_cell},
    {"rotary", rotary},
    {"sinusoidal_positions", sinusoidal_positions},
};

}  // namespace

std::span<const Row> sequence_rows() { return kRows; }

}  // namespace fdl::onnx
