// Parts of tensors, and places in them.
#include <limits>

#include "lib/catalog/modules/argmax.h"
#include "lib/catalog/modules/argmin.h"
#include "lib/catalog/modules/chunk.h"
#include "lib/catalog/modules/flip.h"
#include "lib/catalog/modules/gather.h"
#include "lib/catalog/modules/one_hot.h"
#include "lib/catalog/modules/roll.h"
#include "lib/catalog/modules/select.h"
#include "lib/catalog/modules/slice.h"
#include "lib/catalog/modules/top_k.h"
#include "lib/onnx/rows.h"

namespace fdl::onnx {
namespace {

using Ints = std::vector<std::int64_t>;
constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

std::string sliced(const Call& call, const std::string& x, std::int64_t axis, std::int64_t start,
                   std::int64_t stop, std::int64_t step = 1) {
  Emitter& out = call.out();
  return call.add("Slice", {x, out.integers({start}), out.integers({stop}), out.integers({axis}),
                            out.integers({step})});
}

Lowered slice(const Call& call) {
  const auto& p = call.params<catalog::SliceParams>();
  return std::vector{sliced(call, call.input(), Call::axis(p.dim, call.rank()), p.start,
                            p.stop.value_or(kEnd), p.step)};
}

Lowered select(const Call& call) {
  const auto& p = call.params<catalog::SelectParams>();
  return std::vector{call.add("Gather", {call.input(), call.out().integer(p.index)},
                              {{"axis", Call::axis(p.dim, call.rank())}})};
}

// As many places for each as the shape rule says.
Lowered chunk(const Call& call) {
  const auto& p = call.params<catalog::ChunkParams>();
  const std::int64_t axis = Call::axis(p.dim, call.rank());
  const catalog::Dim whole = call.type().shape[static_cast<std::size_t>(axis)];
  if (!whole.is_number()) return tl::unexpected(std::string("its axis has no fixed size"));
  const std::int64_t size = (whole.number() + p.chunks - 1) / p.chunks;
  Ints sizes;
  for (std::int64_t at = 0; at < whole.number(); at += size)
    sizes.push_back(std::min(size, whole.number() - at));
  return call.out().add("Split", {call.input(), call.out().integers(sizes)}, sizes.size(),
                        {{"axis", axis}});
}

Lowered flip(const Call& call) {
  std::string out = call.input();
  for (const std::int64_t axis :
       catalog::axes_from_front(call.params<catalog::FlipParams>().dims, call.rank()))
    out = sliced(call, out, axis, -1, -kEnd, -1);
  return std::vector{out};
}

// What stands before the cut goes behind it.
Lowered roll(const Call& call) {
  const auto& p = call.params<catalog::RollParams>();
  std::string out = call.input();
  for (std::size_t i = 0; i < p.dims.dims.size(); ++i) {
    const std::int64_t axis = Call::axis(p.dims.dims[i], call.rank());
    const catalog::Dim size = call.type().shape[static_cast<std::size_t>(axis)];
    if (!size.is_number()) return tl::unexpected(std::string("its axis has no fixed size"));
    const std::int64_t n = size.number(), shift = ((p.shifts.dims[i] % n) + n) % n;
    if (shift == 0) continue;
    out = call.add(
        "Concat", {sliced(call, out, axis, n - shift, kEnd), sliced(call, out, axis, 0, n - shift)},
        {{"axis", axis}});
  }
  return std::vector{out};
}

Lowered gather(const Call& call) {
  return std::vector{
      call.add("GatherElements", {call.input(), call.input(1)},
               {{"axis", Call::axis(call.params<catalog::GatherParams>().dim, call.rank())}})};
}

Lowered one_hot(const Call& call) {
  const std::int64_t count = call.params<catalog::OneHotParams>().num_classes;
  const std::string index = call.cast(call.input(), catalog::DType::I64);
  return std::vector{call.add("OneHot",
                              {index, call.out().integer(count), call.out().integers({0, 1})},
                              {{"axis", std::int64_t{-1}}})};
}

template <typename P>
Lowered place_of(const Call& call, const std::string& op) {
  const auto& p = call.params<P>();
  return std::vector{
      call.add(op, {call.input()},
               {{"axis", Call::axis(p.dim, call.rank())}, {"keepdims", std::int64_t{p.keepdim}}})};
}
Lowered argmax(const Call& call) { return place_of<catalog::ArgmaxParams>(call, "ArgMax"); }
Lowered argmin(const Call& call) { return place_of<catalog::ArgminParams>(call, "ArgMin"); }

Lowered top_k(const Call& call) {
  const auto& p = call.params<catalog::modules::TopKParams>();
  return call.out().add("TopK", {call.input(), call.out().integers({p.k})}, 2,
                        {{"axis", Call::axis(p.dim, call.rank())},
                         {"largest", std::int64_t{p.largest}},
                         {"sorted", std::int64_t{1}}});
}

constexpr Row kRows[] = {
    {"argmax", argmax}, {"argmin", argmin},   {"chunk", chunk}, {"flip", flip},
    {"gather", gather}, {"one_hot", one_hot}, {"roll", roll},   {"select", select},
    {"slice", slice},   {"top_k", top_k},
};

}  // namespace

std::span<const Row> selection_rows() { return kRows; }

}  // namespace fdl::onnx
