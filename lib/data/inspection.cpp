#include "lib/data/inspection.h"

#include <algorithm>
#include <cmath>

#include <ATen/Functions.h>
#include <fmt/format.h>

#include "lib/catalog/tensor_type.h"
#include "lib/tensor/dtype.h"

namespace fdl::data {
namespace {

// Of a sample's elements, those that are no numbers left out.
Moments moments_of(const at::Tensor& numbers) {
  Moments out;
  out.count = numbers.numel();
  if (out.count == 0) return out;
  out.mean = numbers.mean().item<double>();
  out.squares = numbers.sub(out.mean).square().sum().item<double>();
  out.low = numbers.min().item<double>();
  out.high = numbers.max().item<double>();
  return out;
}

std::string type_of(const job::Field& field, const FieldTransform& transform) {
  catalog::TensorType type = field.type;
  type.dtype = tensor::dtype_of(transform.output_dtype());
  for (std::size_t i = 0; i < type.shape.size(); ++i) {
    if (type.shape[i].is_number()) type.shape[i] = transform.output_sizes()[i];
  }
  return to_string(type);
}

void add_lengths(const at::Tensor& mask, FieldSummary& out) {
  const at::Tensor lengths = mask.sum(1);
  const auto least = lengths.min().item<std::int64_t>(), most = lengths.max().item<std::int64_t>();
  out.shortest = out.shortest < 0 ? least : std::min(out.shortest, least);
  out.longest = std::max(out.longest, most);
}

void add_batch(const at::Tensor& values, const at::Tensor* mask, FieldSummary& out) {
  if (mask != nullptr) add_lengths(*mask, out);
  at::Tensor numbers = values.to(at::kDouble);
  numbers = mask != nullptr ? at::masked_select(numbers, *mask) : numbers.flatten();
  const at::Tensor is_number = numbers.isnan().logical_not();
  const at::Tensor kept = numbers.masked_select(is_number);
  out.missing += numbers.numel() - kept.numel();
  out.values.add(moments_of(kept));
  const bool is_label = out.field.num_classes > 0 && values.dim() == 1;
  for (std::int64_t i = 0; is_label && i < kept.numel(); ++i)
    ++out.classes[static_cast<std::int64_t>(kept[i].item<double>())];
}

// The mask of a field, as index into the batch.
const at::Tensor* mask_of(const Dataset& dataset, const Batch& batch, const std::string& field) {
  for (std::size_t i = 0; i < dataset.fields.size(); ++i) {
    if (dataset.fields[i].mask_of == field) return &batch.fields[i];
  }
  return nullptr;
}

std::string number_text(double value) { return fmt::format("{:.6g}", value); }

// Words of tokens side by side; control characters as a person can read them.
std::string text_of(const job::Field& field, const at::Tensor& tokens) {
  constexpr std::int64_t kMostTokens = 200;
  std::string out;
  for (std::int64_t i = 0; i < std::min(tokens.numel(), kMostTokens); ++i) {
    const auto token = tokens[i].item<std::int64_t>();
    const bool is_known = token >= 0 && token < static_cast<std::int64_t>(field.words->size());
    const std::string word =
        is_known ? (*field.words)[static_cast<std::size_t>(token)] : fmt::format("<{}>", token);
    for (const char c : word) {
      if (c == '\n')
        out += "\\n";
      else if (static_cast<unsigned char>(c) >= 0x20)
        out += c;
    }
  }
  return fmt::format("\"{}{}\"", out, tokens.numel() > kMostTokens ? "..." : "");
}

}  // namespace

void Moments::add(const Moments& other) {
  if (other.count == 0) return;
  const auto own = static_cast<double>(count), more = static_cast<double>(other.count);
  const double difference = other.mean - mean;
  count += other.count;
  mean += difference * more / (own + more);
  squares += other.squares + difference * difference * own * more / (own + more);
  low = std::min(low, other.low);
  high = std::max(high, other.high);
}

double Moments::deviation() const {
  return count == 0 ? 0 : std::sqrt(squares / static_cast<double>(count));
}

Result<std::vector<FieldSummary>> summarize(const Dataset& dataset,
                                            const std::vector<FieldTransform>& transforms,
                                            const LoaderSpec& spec) {
  std::vector<FieldSummary> out(transforms.size());
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].field = dataset.fields[i];
    out[i].type = type_of(dataset.fields[i], transforms[i]);
    out[i].is_bytes = transforms[i].output_dtype() == at::kByte;
  }
  Loader loader(dataset, transforms, spec);
  for (;;) {
    const Result<const Batch*> batch = loader.next();
    if (!batch) return fail(batch.error());
    if (*batch == nullptr) return out;
    for (std::size_t i = 0; i < out.size(); ++i)
      add_batch((*batch)->fields[i], mask_of(dataset, **batch, out[i].field.name), out[i]);
  }
}

Result<std::vector<at::Tensor>> first_samples(const Dataset& dataset,
                                              const std::vector<FieldTransform>& transforms,
                                              LoaderSpec spec, std::int64_t count) {
  spec.batch_size = std::max<std::int64_t>(1, std::min(count, dataset.num_samples()));
  spec.workers = 0;
  spec.limit = {};
  Loader loader(dataset, transforms, spec);
  const Result<const Batch*> batch = loader.next();
  if (!batch) return fail(batch.error());
  std::vector<at::Tensor> out;
  if (*batch == nullptr) return out;
  for (const at::Tensor& field : (*batch)->fields) out.push_back(field.clone());
  return out;
}

std::string shown_sample(const job::Field& field, const at::Tensor& sample) {
  if (sample.dim() == 0) {
    const double value = sample.item<double>();
    const auto whole = static_cast<std::int64_t>(value);
    const bool has_word = field.words && whole >= 0 &&
                          whole < static_cast<std::int64_t>(field.words->size()) &&
                          field.num_classes > 0;
    if (has_word)
      return fmt::format("{} ({})", whole, (*field.words)[static_cast<std::size_t>(whole)]);
    return number_text(value);
  }
  if (sample.dim() == 1 && field.words && at::isIntegralType(sample.scalar_type(), false))
    return text_of(field, sample);
  constexpr std::int64_t kMostNumbers = 8;
  const at::Tensor flat = sample.flatten();
  std::string out;
  for (std::int64_t i = 0; i < std::min(flat.numel(), kMostNumbers); ++i)
    out += fmt::format("{}{}", i == 0 ? "" : ", ", number_text(flat[i].item<double>()));
  return fmt::format("[{}{}]", out, flat.numel() > kMostNumbers ? ", ..." : "");
}

bool is_picture(const at::Tensor& samples) {
  return samples.dim() == 4 && (samples.size(1) == 1 || samples.size(1) == 3) &&
         samples.numel() > 0;
}

at::Tensor contact_sheet(const at::Tensor& pictures) {
  constexpr std::int64_t kFrame = 2, kLeastWidth = 48;
  at::Tensor bytes = pictures;
  if (pictures.scalar_type() != at::kByte) {
    const at::Tensor numbers = pictures.to(at::kDouble).nan_to_num();
    const double low = numbers.min().item<double>(), high = numbers.max().item<double>();
    bytes = numbers.sub(low).mul(high > low ? 255 / (high - low) : 0).round().to(at::kByte);
  }
  const std::int64_t scale = std::max<std::int64_t>(1, kLeastWidth / bytes.size(3));
  bytes = bytes.repeat_interleave(scale, 2).repeat_interleave(scale, 3).permute({0, 2, 3, 1});
  const std::int64_t count = bytes.size(0), height = bytes.size(1), width = bytes.size(2);
  const auto columns = static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(count))));
  const std::int64_t rows = (count + columns - 1) / columns;
  at::Tensor sheet = at::full(
      {rows * (height + kFrame) + kFrame, columns * (width + kFrame) + kFrame, bytes.size(3)}, 128,
      at::kByte);
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t top = kFrame + i / columns * (height + kFrame),
                       left = kFrame + i % columns * (width + kFrame);
    sheet.narrow(0, top, height).narrow(1, left, width).copy_(bytes[i]);
  }
  return sheet;
}

}  // namespace fdl::data
