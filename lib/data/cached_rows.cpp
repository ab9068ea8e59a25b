#include "lib/data/cached_rows.h"

#include <algorithm>
#include <cstring>

namespace fdl::data {
namespace {

constexpr std::size_t kAlignment = 8;

std::size_t aligned(std::size_t num_bytes) {
  return (num_bytes + kAlignment - 1) / kAlignment * kAlignment;
}

std::size_t length_bytes(const Layout& field) {
  return field.field.is_ragged() ? sizeof(std::int64_t) : 0;
}

}  // namespace

std::vector<Layout> packed_layout(const Kept& kept) {
  std::vector<Layout> out = kept.source->layout();
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i].dtype = kept.fronts[i].output_dtype();
    out[i].sizes = kept.fronts[i].output_sizes();
  }
  return out;
}

std::size_t packed_bytes(const Layout& field, std::int64_t length) {
  return length_bytes(field) + aligned(static_cast<std::size_t>(field.num_elements(length)) *
                                       c10::elementSize(field.dtype));
}

Result<std::vector<std::byte>> packed(const Kept& kept, std::int64_t row) {
  const std::vector<Layout>& layout = kept.source->layout();
  Scratch scratch(layout.size());
  std::vector<SampleView> views(layout.size());
  FDL_TRY(kept.source->read(row, scratch, views));
  std::vector<std::byte> out;
  FieldTransform::Buffers buffers;
  for (std::size_t i = 0; i < layout.size(); ++i) {
    const FieldTransform& front = kept.fronts[i];
    const std::int64_t num_elements = layout[i].num_elements(views[i].length);
    const std::size_t num_bytes = static_cast<std::size_t>(front.output_elements(num_elements)) *
                                  c10::elementSize(front.output_dtype());
    const std::size_t at = out.size(), begin = at + length_bytes(layout[i]);
    out.resize(begin + aligned(num_bytes));
    if (layout[i].field.is_ragged()) {
      const std::int64_t length = front.output_length(views[i].length);
      std::memcpy(out.data() + at, &length, sizeof length);
    }
    if (num_bytes > 0) front.apply(views[i].bytes, out.data() + begin, num_elements, {}, buffers);
  }
  return out;
}

bool unpack(const std::vector<Layout>& layout, std::span<const std::byte> bytes,
            std::span<SampleView> out) {
  for (std::size_t i = 0; i < layout.size(); ++i) {
    std::int64_t length = 0;
    if (layout[i].field.is_ragged()) {
      if (bytes.size() < sizeof length) return false;
      std::memcpy(&length, bytes.data(), sizeof length);
      if (length < 0 || length > layout[i].sizes.front()) return false;
      bytes = bytes.subspan(sizeof length);
    }
    const std::size_t num_bytes = packed_bytes(layout[i], length) - length_bytes(layout[i]);
    if (bytes.size() < num_bytes) return false;
    out[i] = {bytes.data(), length};
    bytes = bytes.subspan(num_bytes);
  }
  return bytes.empty();
}

Places::Places(std::vector<std::int64_t> rows) : rows_(std::move(rows)) {
  std::sort(rows_.begin(), rows_.end());
  rows_.erase(std::unique(rows_.begin(), rows_.end()), rows_.end());
  is_range_ = rows_.empty() || rows_.back() - rows_.front() == std::ssize(rows_) - 1;
}

std::optional<std::size_t> Places::find(std::int64_t row) const {
  if (rows_.empty() || row < rows_.front() || row > rows_.back()) return std::nullopt;
  if (is_range_) return static_cast<std::size_t>(row - rows_.front());
  const auto it = std::lower_bound(rows_.begin(), rows_.end(), row);
  if (*it != row) return std::nullopt;
  return static_cast<std::size_t>(it - rows_.begin());
}

}  // namespace fdl::data
