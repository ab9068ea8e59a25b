#include "lib/data/transform.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>

#include <ATen/Dispatch.h>

#include "lib/base/check.h"
#include "lib/catalog/transforms/normalize.h"

namespace fdl::data {
namespace {

Pictures pictures_of(at::ScalarType dtype, const std::vector<std::int64_t>& sizes) {
  const std::size_t rank = sizes.size();
  FDL_CHECK(rank >= 2);  // the check of the job has found it
  const auto planes =
      std::accumulate(sizes.begin(), sizes.end() - 2, std::int64_t{1}, std::multiplies<>());
  return {dtype, planes, sizes[rank - 2], sizes[rank - 1]};
}

}  // namespace

FieldTransform::FieldTransform(at::ScalarType dtype, std::vector<std::int64_t> sizes,
                               bool is_ragged)
    : input_dtype_(dtype),
      input_sizes_(std::move(sizes)),
      output_dtype_(dtype),
      output_sizes_(input_sizes_),
      is_ragged_(is_ragged) {}

FieldTransform::FieldTransform(const job::Job& job, const Layout& layout, bool is_training)
    : FieldTransform(layout.dtype, layout.sizes, layout.field.is_ragged()) {
  for (const job::FieldTransforms& transforms : job.transforms) {
    if (transforms.field != layout.field.name) continue;
    for (const auto* list : {&transforms.all, is_training ? &transforms.train : &transforms.eval})
      for (const catalog::Choice& choice : *list) add(choice);
  }
  for (Step& step : steps_) {
    Elementwise& own = step.elementwise;
    if (!step.is_elementwise() || own.from != at::kByte) continue;
    for (std::size_t i = 0; i < own.of_byte.size(); ++i)
      own.of_byte[i] = own.apply_one(static_cast<float>(i));
  }
}

FieldTransform::Elementwise& FieldTransform::last_elementwise() {
  if (steps_.empty() || !steps_.back().is_elementwise())
    steps_.push_back(
        {{output_dtype_, {}, {}}, nullptr, nullptr, {0, tensor::Purpose::Augmentation}, 1});
  return steps_.back().elementwise;
}

void FieldTransform::add(const catalog::Choice& choice) {
  add_step(choice);
  Step& step = steps_.back();
  step.draws = choice.spec->draws;
  step.dtype = output_dtype_;
  step.sizes = output_sizes_;
  step.text += choice.name();
  for (const config::FieldSpec& field : choice.spec->record.fields)
    step.text += " " + field.name + "=" + field.show(choice.params.get());
  step.text += ";";
}

void FieldTransform::add_step(const catalog::Choice& choice) {
  if (choice.name() == "normalize") {
    const auto& p = choice.as<catalog::NormalizeParams>();
    last_elementwise().operations.push_back(
        {static_cast<float>(p.mean), static_cast<float>(p.std)});
    return;
  }
  if (choice.name() == "to_f32") {
    Elementwise& own = last_elementwise();
    if (output_dtype_ == at::kByte) own.operations.push_back({0, 255});
    output_dtype_ = at::kFloat;
    return;
  }
  const auto num_alike = std::count_if(steps_.begin(), steps_.end(),
                                       [](const Step& step) { return !step.is_elementwise(); });
  const tensor::StreamKey name = tensor::StreamKey(0, tensor::Purpose::Augmentation)
                                     .with(choice.name())
                                     .with(static_cast<std::uint64_t>(num_alike));
  const std::size_t entry_bytes =
      static_cast<std::size_t>(entry_elements()) * c10::elementSize(output_dtype_);
  if (std::shared_ptr<const SequenceStage> sequence = make_sequence_stage(choice, entry_bytes)) {
    output_sizes_.front() = sequence->output_length(output_sizes_.front());
    steps_.push_back({{}, nullptr, std::move(sequence), name, entry_elements()});
    return;
  }
  std::shared_ptr<const Stage> stage =
      make_stage(choice, pictures_of(output_dtype_, output_sizes_));
  output_sizes_[output_sizes_.size() - 2] = stage->out().height;
  output_sizes_[output_sizes_.size() - 1] = stage->out().width;
  steps_.push_back({{}, std::move(stage), nullptr, name, 1});
}

std::int64_t FieldTransform::entry_elements() const {
  if (output_sizes_.empty()) return 1;
  return std::accumulate(output_sizes_.begin() + 1, output_sizes_.end(), std::int64_t{1},
                         std::multiplies<>());
}

std::int64_t FieldTransform::output_length(std::int64_t length) const {
  for (const Step& step : steps_) {
    if (step.sequence) length = step.sequence->output_length(length);
  }
  return length;
}

std::int64_t FieldTransform::output_elements(std::int64_t num_elements) const {
  if (is_ragged_) return output_length(num_elements / entry_elements()) * entry_elements();
  return std::accumulate(output_sizes_.begin(), output_sizes_.end(), std::int64_t{1},
                         std::multiplies<>());
}

float FieldTransform::Elementwise::apply_one(float x) const {
  for (const Operation& operation : operations) x = (x - operation.shift) / operation.divisor;
  return x;
}

void FieldTransform::Elementwise::apply(const std::byte* in, std::byte* out,
                                        std::int64_t num_elements) const {
  auto* to = reinterpret_cast<float*>(out);
  if (from == at::kByte) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(in);
    for (std::int64_t i = 0; i < num_elements; ++i) to[i] = of_byte[bytes[i]];
    return;
  }
  AT_DISPATCH_ALL_TYPES_AND3(at::kBool, at::kHalf, at::kBFloat16, from, "elementwise", [&] {
    const auto* numbers = reinterpret_cast<const scalar_t*>(in);
    for (std::int64_t i = 0; i < num_elements; ++i)
      to[i] = apply_one(static_cast<float>(numbers[i]));
  });
}

std::int64_t FieldTransform::elements_after(const Step& step, std::int64_t num_elements) {
  if (step.stage) return step.stage->out().num_elements();
  if (!step.sequence) return num_elements;
  return step.sequence->output_length(num_elements / step.entry_elements) * step.entry_elements;
}

// Elementwise steps give f32, those of sequences what they took.
std::size_t FieldTransform::bytes_after(const Step& step, std::size_t element_bytes) {
  if (step.stage) return step.stage->out().element_bytes();
  return step.sequence ? element_bytes : sizeof(float);
}

// Elementwise steps at the end cost less than what they would lengthen.
std::size_t FieldTransform::num_front() const {
  const auto first_draw =
      std::find_if(steps_.begin(), steps_.end(), [](const Step& step) { return step.draws; });
  auto out = static_cast<std::size_t>(first_draw - steps_.begin());
  while (out > 0 && steps_[out - 1].is_elementwise()) --out;
  return out;
}

FieldTransform FieldTransform::front() const {
  FieldTransform out = *this;
  out.steps_.erase(out.steps_.begin() + static_cast<std::ptrdiff_t>(num_front()), out.steps_.end());
  if (out.steps_.empty()) return FieldTransform(input_dtype_, input_sizes_, is_ragged_);
  out.output_dtype_ = out.steps_.back().dtype;
  out.output_sizes_ = out.steps_.back().sizes;
  return out;
}

FieldTransform FieldTransform::behind() const {
  const std::size_t num = num_front();
  FieldTransform out = *this;
  if (num == 0) return out;
  out.input_dtype_ = steps_[num - 1].dtype;
  out.input_sizes_ = steps_[num - 1].sizes;
  out.steps_.erase(out.steps_.begin(), out.steps_.begin() + static_cast<std::ptrdiff_t>(num));
  return out;
}

std::string FieldTransform::text() const {
  std::string out;
  for (const Step& step : steps_) out += step.text;
  return out;
}

tensor::StreamKey FieldTransform::key_of(const tensor::StreamKey& name, const SampleKey& key) {
  return name.with(key.seed)
      .with(static_cast<std::uint64_t>(key.epoch))
      .with(static_cast<std::uint64_t>(key.row));
}

void FieldTransform::apply(const std::byte* sample, std::byte* out, std::int64_t num_elements,
                           const SampleKey& key, Buffers& buffers) const {
  if (steps_.empty()) {
    std::memcpy(out, sample,
                static_cast<std::size_t>(num_elements) * c10::elementSize(output_dtype_));
    return;
  }
  const std::byte* from = sample;
  std::size_t element_bytes = c10::elementSize(input_dtype_);
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const Step& step = steps_[i];
    std::byte* to = out;
    const std::int64_t length = num_elements / step.entry_elements;
    const std::int64_t num_made = elements_after(step, num_elements);
    element_bytes = bytes_after(step, element_bytes);
    if (i + 1 < steps_.size()) {
      std::vector<std::byte>& buffer = buffers[i % 2];
      buffer.resize(static_cast<std::size_t>(num_made) * element_bytes);
      to = buffer.data();
    }
    if (step.stage)
      step.stage->apply(from, to, key_of(step.name, key));
    else if (step.sequence)
      step.sequence->apply(from, to, length, key_of(step.name, key));
    else
      step.elementwise.apply(from, to, num_elements);
    from = to;
    num_elements = num_made;
  }
}

}  // namespace fdl::data
