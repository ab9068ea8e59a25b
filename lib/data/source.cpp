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
    const auto stride =
        static_cast<std::size_t>(layout()[i].num_elements()) * field.values.element_size();
    const auto* bytes = static_cast<const std::byte*>(field.values.const_data_ptr());
    out[i] = {bytes + static_cast<std::size_t>(row) * stride,
              field.lengths.empty() ? 0 : field.lengths[static_cast<std::size_t>(row)]};
  }
  return {};
}

}  // namespace fdl::data
