// Pictures by folder, each decoded and scaled when it is asked for.
#include "lib/job/sources/image_folder.h"

#include <algorithm>
#include <cmath>

#include "lib/data/picture_file.h"
#include "lib/data/sources/open.h"

namespace fdl::data {
namespace {

// Where a row or column of the result lies in the picture: two neighbours and the share of the
// second.
struct Between {
  std::int64_t first = 0, second = 0;
  float share = 0;
};
Between between(std::int64_t at, std::int64_t size, std::int64_t from_size) {
  const double scale = static_cast<double>(from_size) / static_cast<double>(size);
  const double place = std::clamp((static_cast<double>(at) + 0.5) * scale - 0.5, 0.0,
                                  static_cast<double>(from_size - 1));
  const auto first = static_cast<std::int64_t>(place);
  return {first, std::min(first + 1, from_size - 1),
          static_cast<float>(place - static_cast<double>(first))};
}

// [height, width, channels] to [channels, height, width], scaled by interpolation.
void put(const PictureFile& from, std::int64_t height, std::int64_t width, std::byte* to) {
  const auto at = [&](std::int64_t y, std::int64_t x, std::int64_t channel) {
    return static_cast<float>(
        from.pixels[static_cast<std::size_t>((y * from.width + x) * from.channels + channel)]);
  };
  for (std::int64_t channel = 0; channel < from.channels; ++channel) {
    for (std::int64_t y = 0; y < height; ++y) {
      const Between rows = between(y, height, from.height);
      for (std::int64_t x = 0; x < width; ++x) {
        const Between columns = between(x, width, from.width);
        const auto along = [&](std::int64_t row) {
          return at(row, columns.first, channel) * (1 - columns.share) +
                 at(row, columns.second, channel) * columns.share;
        };
        const float value = along(rows.first) * (1 - rows.share) + along(rows.second) * rows.share;
        *to++ = static_cast<std::byte>(std::lround(value));
      }
    }
  }
}

class ImageFolderSource : public Source {
 public:
  ImageFolderSource(std::vector<Layout> layout,
                    std::shared_ptr<const job::ImageFolderDetails> details)
      : Source(std::move(layout)), details_(std::move(details)) {}

  std::int64_t num_samples() const override {
    return static_cast<std::int64_t>(details_->pictures.size());
  }

  Result<void> read(std::int64_t row, Scratch& scratch, std::span<SampleView> out) const override {
    const auto& picture = details_->pictures[static_cast<std::size_t>(row)];
    const std::vector<std::int64_t>& sizes = layout()[0].sizes;
    const Result<PictureFile> file = read_picture(details_->path_of(picture), sizes[0]);
    if (!file) return fail(file.error());
    scratch[0].resize(static_cast<std::size_t>(layout()[0].num_elements()));
    put(*file, sizes[1], sizes[2], scratch[0].data());
    out[0] = {scratch[0].data(), 0};
    out[1] = {reinterpret_cast<const std::byte*>(&picture.label), 0};
    return {};
  }

  bool is_costly() const override { return true; }

  // A label needs no picture.
  Result<SampleView> read_field(std::int64_t row, std::size_t field,
                                Scratch& scratch) const override {
    if (field == 0) return Source::read_field(row, field, scratch);
    const auto& picture = details_->pictures[static_cast<std::size_t>(row)];
    return SampleView{reinterpret_cast<const std::byte*>(&picture.label), 0};
  }

 private:
  std::shared_ptr<const job::ImageFolderDetails> details_;
};

}  // namespace

OpenedSource open_image_folder(const OpenContext& context) {
  std::vector<std::int64_t> sizes;
  for (const catalog::Dim& dim : context.info.fields[0].type.shape) sizes.push_back(dim.number());
  std::vector<Layout> layout = {{context.info.fields[0], at::kByte, sizes},
                                {context.info.fields[1], at::kLong, {}}};
  return std::make_shared<ImageFolderSource>(
      std::move(layout),
      std::static_pointer_cast<const job::ImageFolderDetails>(context.info.details));
}

}  // namespace fdl::data
