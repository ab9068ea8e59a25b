#include "lib/data/mixing.h"

#include <algorithm>
#include <cmath>

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include "lib/base/check.h"
#include "lib/catalog/batch_transforms/cutmix.h"
#include "lib/catalog/batch_transforms/mixup.h"
#include "lib/tensor/random.h"

namespace fdl::data {
namespace {

using tensor::RandomStream;

// The logarithm of a draw from the gamma distribution of that shape: of small shapes the draw
// itself may be too small for a double.
// Source: Marsaglia and Tsang 2000, "A simple method for generating gamma variables".
double log_gamma_draw(RandomStream& stream, double shape) {
  double boost = 0;
  if (shape < 1) {
    boost = std::log(1 - stream.uniform()) / shape;
    shape += 1;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = stream.normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root, u = 1 - stream.uniform();
    if (std::log(u) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v) + boost;
  }
}

// From the beta distribution with `alpha` twice.
double beta_draw(RandomStream& stream, double alpha) {
  const double a = log_gamma_draw(stream, alpha), b = log_gamma_draw(stream, alpha);
  return 1 / (1 + std::exp(b - a));
}

std::vector<std::int64_t> permutation(RandomStream& stream, std::int64_t size) {
  std::vector<std::int64_t> out;
  for (std::int64_t i = 0; i < size; ++i) out.push_back(i);
  for (std::size_t left = out.size(); left > 1; --left)
    std::swap(out[left - 1], out[stream.below(left)]);
  return out;
}

// A rectangle by the shares of a picture's height and width at which it begins and ends.
struct Rectangle {
  double top = 0, bottom = 0, left = 0, right = 0;
};

// Around a random middle, with 1 - `share` of the area before it is cut off at the edges.
Rectangle draw_rectangle(RandomStream& stream, double share) {
  const double half = 0.5 * std::sqrt(1 - share), y = stream.uniform(), x = stream.uniform();
  return {std::max(y - half, 0.0), std::min(y + half, 1.0), std::max(x - half, 0.0),
          std::min(x + half, 1.0)};
}

bool is_picture(const at::Tensor& values) { return values.dim() == 4; }

// Pastes the partners' rectangles into pictures; the share of the area that stays.
double paste(at::Tensor& pictures, const at::Tensor& partner, const Rectangle& where) {
  const auto place = [](double at, std::int64_t size) {
    return static_cast<std::int64_t>(at * static_cast<double>(size));
  };
  const std::int64_t height = pictures.size(2), width = pictures.size(3);
  const std::int64_t top = place(where.top, height), left = place(where.left, width);
  const std::int64_t rows = place(where.bottom, height) - top,
                     columns = place(where.right, width) - left;
  const auto cut = [&](const at::Tensor& from) {
    return from.narrow(2, top, rows).narrow(3, left, columns);
  };
  cut(pictures).copy_(cut(pictures.index_select(0, partner)));
  return 1 - static_cast<double>(rows * columns) / static_cast<double>(height * width);
}

void mix_numbers(at::Tensor& values, const at::Tensor& partner, double share) {
  const at::Tensor others = values.index_select(0, partner);
  values.mul_(share).add_(others, 1 - share);
}

}  // namespace

BatchMixer::BatchMixer(const job::Mixing& mixing, const Dataset& dataset)
    : choices_(mixing.choices), num_fields_(dataset.fields.size()) {
  for (std::size_t i = 0; i < dataset.fields.size(); ++i) {
    const job::Field& field = dataset.fields[i];
    if (mixing.mixes_label(field.name)) labels_.push_back({i, field.num_classes});
    const auto& numbers = mixing.fields;
    if (std::find(numbers.begin(), numbers.end(), field.name) != numbers.end())
      numbers_.push_back(i);
  }
}

std::optional<std::size_t> BatchMixer::shares_of(std::size_t field) const {
  for (std::size_t i = 0; i < labels_.size(); ++i) {
    if (labels_[i].field == field) return num_fields_ + i;
  }
  return std::nullopt;
}

Result<at::Tensor> BatchMixer::mix_label(const Label& label, at::Tensor& values,
                                         const std::vector<std::int64_t>& partner,
                                         double share) const {
  const std::int64_t num_samples = values.size(0);
  at::Tensor shares = at::zeros({num_samples, label.num_classes}, at::kFloat);
  auto* const to = shares.mutable_data_ptr<float>();
  const at::Tensor numbers = values.to(at::kLong).contiguous();
  const auto* const classes = numbers.const_data_ptr<std::int64_t>();
  std::vector<std::int64_t> larger;
  for (std::int64_t i = 0; i < num_samples; ++i) {
    const std::int64_t own = classes[i], other = classes[partner[static_cast<std::size_t>(i)]];
    if (own < 0 || own >= label.num_classes) {
      return fail(error(Code::MeasureFailed, choices_.front().span,
                        "'{}' cannot mix the label {}, which is none of {} classes",
                        choices_.front().name(), own, label.num_classes)
                      .help("mend the data, or leave the transform out"));
    }
    to[i * label.num_classes + own] += static_cast<float>(share);
    if (other >= 0 && other < label.num_classes)
      to[i * label.num_classes + other] += static_cast<float>(1 - share);
    larger.push_back(share >= 0.5 ? own : other);
  }
  values.copy_(at::tensor(larger, at::kLong));
  return shares;
}

Result<void> BatchMixer::apply(std::vector<at::Tensor>& fields, const Key& key) const {
  RandomStream stream(tensor::StreamKey(key.seed, tensor::Purpose::Augmentation)
                          .with("batch")
                          .with(static_cast<std::uint64_t>(key.epoch))
                          .with(static_cast<std::uint64_t>(key.batch)));
  const std::int64_t num_samples = fields.front().size(0);
  const catalog::Choice& choice = choices_[stream.below(choices_.size())];
  const bool is_cutmix = choice.name() == "cutmix";
  const double p =
      is_cutmix ? choice.as<catalog::CutmixParams>().p : choice.as<catalog::MixupParams>().p;
  const double alpha = is_cutmix ? choice.as<catalog::CutmixParams>().alpha
                                 : choice.as<catalog::MixupParams>().alpha;
  double share = stream.uniform() < p ? beta_draw(stream, alpha) : 1;
  const std::vector<std::int64_t> partner = permutation(stream, num_samples);
  const at::Tensor partners = at::tensor(partner, at::kLong);
  if (is_cutmix && share < 1) {
    const Rectangle where = draw_rectangle(stream, share);
    for (const std::size_t field : numbers_) {
      if (is_picture(fields[field])) share = paste(fields[field], partners, where);
    }
  }
  for (const std::size_t field : numbers_) {
    if (share < 1 && !(is_cutmix && is_picture(fields[field])))
      mix_numbers(fields[field], partners, share);
  }
  for (const Label& label : labels_) {
    Result<at::Tensor> shares = mix_label(label, fields[label.field], partner, share);
    if (!shares) return fail(shares.error());
    fields.push_back(*std::move(shares));
  }
  return {};
}

}  // namespace fdl::data
