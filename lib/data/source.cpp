#include "lib/data/source.h"

#include <algorithm>
#include <functional>
#include <numeric>

namespace fdl::data {
namespace {

std::vector<Layout> layout_of(const std::vector<FieldValues>& values) {
  std::vector<Layout> out;
  for (const FieldValues& field : values) {
    const at::IntArrayRef sizes = field.values.sizes();
    out.push_back({field.field, field.values.scalar_type(), sizes.slice(1).vec()});
  }
  return out;
}

}  // namespace

std::int64_t Layout::num_elements() const {
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t Layout::num_elements(std::int64_t length) const {
  if (!field.is_ragged()) return num_elements();
  return std::accumulate(sizes.begin() + 1, sizes.end(), length, std::multiplies<>());
}

void prefetch(const std::byte* from, std::size_t num_bytes) {
  constexpr std::size_t kLine = 64;
  for (std::size_t at = 0; at < std::min(num_bytes, kMostAhead); at += kLine)
    __builtin_prefetch(from + at);
}

void Source::expect(std::int64_t) const {}

Result<SampleView> Source::read_field(std::int64_t row, std::size_t field, Scratch& scratch) const {
  std::vector<SampleView> views(layout_.size());
  FDL_TRY(read(row, scratch, views));
  return views[field];
}

MemorySource::MemorySource(std::vector<FieldValues> values)
    : Source(layout_of(values)), values_(std::move(values)) {}

Result<void> MemorySource::read(std::int64_t row, Scratch&, std::span<SampleView> out) const {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const FieldValues& field = values_[i];
    out[i] = {bytes_of(row, i).data(),
              field.lengths.empty() ? 0 : field.lengths[static_cast<std::size_t>(row)]};
  }
  return {};
}

void MemorySource::expect(std::int64_t row) const {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const std::span<const std::byte> bytes = bytes_of(row, i);
    prefetch(bytes.data(), bytes.size());
  }
}

std::span<const std::byte> MemorySource::bytes_of(std::int64_t row, std::size_t field) const {
  const at::Tensor& values = values_[field].values;
  const auto size =
      static_cast<std::size_t>(layout()[field].num_elements()) * values.element_size();
  const auto* bytes = static_cast<const std::byte*>(values.const_data_ptr());
  return {bytes + static_cast<std::size_t>(row) * size, size};
}

}  // namespace fdl::data
