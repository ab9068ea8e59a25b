// Other shapes for the same numbers.
#include <numeric>

#include "lib/catalog/modules/channel_shuffle.h"
#include "lib/catalog/modules/expand.h"
#include "lib/catalog/modules/pad.h"
#include "lib/catalog/modules/permute.h"
#include "lib/catalog/modules/pixel_shuffle.h"
#include "lib/catalog/modules/pixel_unshuffle.h"
#include "lib/catalog/modules/squeeze.h"
#include "lib/catalog/modules/transpose.h"
#include "lib/catalog/modules/unsqueeze.h"
#include "lib/onnx/rows.h"

namespace fdl::onnx {
namespace {

using Ints = std::vector<std::int64_t>;

Lowered one(tl::expected<std::string, std::string> made) {
  if (!made) return tl::unexpected(made.error());
  return std::vector{*std::move(made)};
}

std::string permuted(const Call& call, const std::string& x, Ints perm) {
  return call.add("Transpose", {x}, {{"perm", std::move(perm)}});
}

// flatten, unflatten and reshape: the shape rule has said what comes out.
Lowered reshape(const Call& call) { return one(call.reshape(call.input(), call.made().shape)); }

Lowered permute(const Call& call) {
  Ints perm = call.params<catalog::PermuteParams>().dims;
  for (std::int64_t& dim : perm) dim = Call::axis(dim, call.rank());
  return std::vector{permuted(call, call.input(), perm)};
}

Lowered transpose(const Call& call) {
  const auto& p = call.params<catalog::TransposeParams>();
  Ints perm(call.rank());
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[static_cast<std::size_t>(Call::axis(p.dim0, call.rank()))],
            perm[static_cast<std::size_t>(Call::axis(p.dim1, call.rank()))]);
  return std::vector{permuted(call, call.input(), perm)};
}

Lowered squeeze(const Call& call) {
  const Ints& axes = call.params<catalog::SqueezeParams>().found;
  if (axes.empty()) return std::vector{call.input()};
  return std::vector{call.add("Squeeze", {call.input(), call.out().integers(axes)})};
}

Lowered unsqueeze(const Call& call) {
  const std::int64_t dim = Call::axis(call.params<catalog::UnsqueezeParams>().dim, call.rank() + 1);
  return std::vector{call.add("Unsqueeze", {call.input(), call.out().integers({dim})})};
}

// A size of 1 leaves an axis as it is.
Lowered expand(const Call& call) {
  Ints sizes = {1};
  const catalog::Shape &from = call.type().shape, &to = call.made().shape;
  const std::size_t added = to.size() - from.size();
  if (added > 0) return tl::unexpected(std::string("it adds axes"));
  for (std::size_t i = 1; i < to.size(); ++i) {
    if (!(from[i] == to[i]) && !to[i].is_number())
      return tl::unexpected("its axis " + std::to_string(i) + " has no fixed size");
    sizes.push_back(from[i] == to[i] ? 1 : to[i].number());
  }
  return std::vector{call.add("Expand", {call.input(), call.out().integers(sizes)})};
}

// PyTorch lists sides from the last axis on; ONNX all first ones, then all last ones.
Lowered pad(const Call& call) {
  const auto& p = call.params<catalog::PadParams>();
  if (p.mode == "circular") return tl::unexpected(std::string("opset 17 has no circular padding"));
  const std::size_t rank = call.rank();
  Ints sides(2 * rank, 0);
  for (std::size_t i = 0; i + 1 < p.pads.size(); i += 2) {
    const std::size_t axis = rank - 1 - i / 2;
    sides[axis] = p.pads[i];
    sides[rank + axis] = p.pads[i + 1];
  }
  const std::string mode = p.mode == "replicate" ? "edge" : p.mode;
  std::vector<std::string> inputs = {call.input(), call.out().integers(sides)};
  if (mode == "constant") inputs.push_back(call.number(p.value));
  return std::vector{call.add("Pad", inputs, {{"mode", mode}})};
}

// [N, C, axes] as [N, a, b, axes] with the two in the other order.
Lowered channel_shuffle(const Call& call) {
  const std::int64_t groups = call.params<catalog::ChannelShuffleParams>().groups;
  catalog::Shape apart = call.type().shape;
  apart[1] = groups;
  apart.insert(apart.begin() + 2, floor_div(call.type().shape[1], groups));
  const auto split = call.reshape(call.input(), apart);
  if (!split) return tl::unexpected(split.error());
  Ints perm(apart.size());
  std::iota(perm.begin(), perm.end(), 0);
  std::swap(perm[1], perm[2]);
  return one(call.reshape(permuted(call, *split, perm), call.made().shape));
}

Lowered pixel_shuffle(const Call& call) {
  if (call.rank() != 4) return tl::unexpected(std::string("it takes [N, C, H, W] only"));
  const std::int64_t r = call.params<catalog::PixelShuffleParams>().upscale_factor;
  return std::vector{
      call.add("DepthToSpace", {call.input()}, {{"blocksize", r}, {"mode", std::string("CRD")}})};
}

// [N, C, H r, W r] -> [N, C, r, r, H, W] -> [N, C r r, H, W].
Lowered pixel_unshuffle(const Call& call) {
  const std::int64_t r = call.params<catalog::PixelUnshuffleParams>().downscale_factor;
  const catalog::Shape &from = call.type().shape, &to = call.made().shape;
  if (call.rank() != 4) return tl::unexpected(std::string("it takes [N, C, H, W] only"));
  const auto split = call.reshape(call.input(), {from[0], from[1], to[2], r, to[3], r});
  if (!split) return tl::unexpected(split.error());
  return one(call.reshape(permuted(call, *split, {0, 1, 3, 5, 2, 4}), to));
}

constexpr Row kRows[] = {
    {"channel_shuffle", channel_shuffle},
    {"expand", expand},
    {"flatten", reshape},
    {"pad", pad},
    {"permute", permute},
    {"pixel_shuffle", pixel_shuffle},
    {"pixel_unshuffle", pixel_unshuffle},
    {"reshape", reshape},
    {"squeeze", squeeze},
    {"transpose", transpose},
    {"unflatten", reshape},
    {"unsqueeze", unsqueeze},
};

}  // namespace

std::span<const Row> shape_rows() { return kRows; }

}  // namespace fdl::onnx
