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
  const std::byte* const end = from + std::min(num_bytes, kMostAhead);
  from -= reinterpret_cast<std::uintptr_t>(from) % kLine;  // else the last line may be left out
  for (; from < end; from += kLine) __builtin_prefetch(from);
}

void Source::expect(std::int64_t) const {}

Result<SampleView> Source::read_field(std::int64_t row, std::size_t field, Scratch& scratch) const {
  std::vector<SampleView> views(layout_.size());
  FDL_TRY(read(row, scratch, views));
  return views[field];
}

MemorySource::MemorySource(std::vector<FieldValues> values)
    : Source(layout_of(values)), values_(std::move(values)) {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const at::Tensor& own = values_[i].values;
    places_.push_back({static_cast<const std::byte*>(own.const_data_ptr()),
                       static_cast<std::size_t>(layout()[i].num_elements()) * own.element_size()});
  }
}

Result<void> MemorySource::read(std::int64_t row, Scratch&, std::span<SampleView> out) const {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const std::vector<std::int64_t>& lengths = values_[i].lengths;
    out[i] = {places_[i].of(row), lengths.empty() ? 0 : lengths[static_cast<std::size_t>(row)]};
  }
  return {};
}

void MemorySource::expect(std::int64_t row) const {
  for (const Place& place : places_) prefetch(place.of(row), place.num_bytes);
}

}  // namespace fdl::data
