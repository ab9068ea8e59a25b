// Transforms of pictures, and pictures in files.
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <jpeglib.h>
#include <png.h>

#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/upsample_bilinear2d.h>
#include <ATen/ops/upsample_nearest2d.h>
#include <doctest/doctest.h>

#include "lib/catalog/datasets/image_folder.h"
#include "lib/catalog/transforms/center_crop.h"
#include "lib/catalog/transforms/resize.h"
#include "lib/data/picture_file.h"
#include "tests/temporary_folder.h"
#include "tests/unit/data/fixture.h"

namespace fdl::data {
namespace {

using testing::CheckedJob;
using testing::TemporaryFolder;

// Batches of synthetic pictures f32[2, 6, 5] after transforms that are given for training.
std::vector<Batch> transformed(const std::string& list, std::int64_t workers = 0,
                               std::int64_t num_epochs = 1, const std::string& size = "6, 5") {
  const CheckedJob job =
      testing::check_job("model: { inputs: { image: \"f32[2, " + size +
                         "]\" }, flow: [flatten, { linear: 3 }] }\n"
                         "data: { train: { synthetic: { kind: images, classes: 3, samples: 40 } }, "
                         "transforms: { train: "
                         "{ image: [" +
                         list +
                         "] } } }\n"
                         "training: { epochs: 1, loss: cross_entropy, optimizer: sgd }\n");
  LoaderSpec spec;
  spec.batch_size = 8;
  spec.workers = workers;
  spec.num_epochs = num_epochs;
  spec.seed = 5;
  return testing::all_batches(job, "train", spec);
}

at::Tensor images(const std::vector<Batch>& batches) {
  std::vector<at::Tensor> all;
  for (const Batch& batch : batches) all.push_back(batch.fields[0]);
  return at::cat(all);
}

const std::string kAll =
    "{ random_crop: { size: [6, 5], padding: 2 } }, random_hflip, { random_rotate: 20 }, { "
    "random_cutout: 2 }, { color_jitter: { brightness: 0.3, contrast: 0.3 } }";

void write_png(const std::filesystem::path& path, const std::vector<std::uint8_t>& rgb,
               std::uint32_t width, std::uint32_t height) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.format = PNG_FORMAT_RGB;
  image.width = width;
  image.height = height;
  REQUIRE(png_image_write_to_file(&image, path.c_str(), 0, rgb.data(), 0, nullptr) != 0);
}

void write_jpeg(const std::filesystem::path& path, const std::vector<std::uint8_t>& rgb,
                std::uint32_t width, std::uint32_t height) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  std::FILE* file = std::fopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  jpeg_stdio_dest(&info, file);
  info.image_width = width;
  info.image_height = height;
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 100, TRUE);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < height) {
    auto* line = const_cast<std::uint8_t*>(rgb.data() + info.next_scanline * width * 3);
    jpeg_write_scanlines(&info, &line, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::fclose(file);
}

}  // namespace

TEST_CASE("a flip mirrors the rows or columns of all planes") {
  const at::Tensor plain = images(transformed(""));
  CHECK(at::equal(images(transformed("{ random_hflip: 1 }")), plain.flip({3})));
  CHECK(at::equal(images(transformed("{ random_vflip: 1 }")), plain.flip({2})));
  CHECK(at::equal(images(transformed("{ random_hflip: 0 }")), plain));
}

TEST_CASE("about half of the pictures are flipped, others in each epoch") {
  const at::Tensor plain = images(transformed(""));
  const at::Tensor both = images(transformed("random_hflip", 0, 2));
  std::array<std::vector<bool>, 2> is_flipped;
  for (std::int64_t i = 0; i < 80; ++i) {
    const at::Tensor own = plain[i % 40];
    const bool flipped = at::equal(both[i], own.flip({2}));
    CHECK((flipped || at::equal(both[i], own)));
    is_flipped[static_cast<std::size_t>(i / 40)].push_back(flipped);
  }
  const auto num = std::count(is_flipped[0].begin(), is_flipped[0].end(), true);
  CHECK(num > 8);
  CHECK(num < 32);
  CHECK(is_flipped[0] != is_flipped[1]);
}

TEST_CASE("a random part lies within the picture and its frame") {
  const at::Tensor plain = images(transformed(""));
  const at::Tensor parts =
      images(transformed("{ random_crop: { size: [6, 5], padding: 1, fill: 9 } }"));
  for (std::int64_t i = 0; i < 40; ++i) {
    const at::Tensor framed = at::constant_pad_nd(plain[i], {1, 1, 1, 1}, 9);
    bool found = false;
    for (std::int64_t y = 0; y < 3; ++y) {
      for (std::int64_t x = 0; x < 3; ++x)
        found = found || at::equal(parts[i], framed.narrow(1, y, 6).narrow(2, x, 5));
    }
    CHECK(found);
  }
  CHECK(!at::equal(parts, plain));
}

namespace {

// What a transform of pictures makes of a tensor [planes, height, width].
template <typename P>
at::Tensor staged(const std::string& name, P params, const at::Tensor& x) {
  catalog::Choice choice;
  choice.spec = catalog::find_entry(catalog::EntryKind::Transform, name);
  choice.params = std::make_shared<P>(params);
  const auto stage = make_stage(choice, {x.scalar_type(), x.size(0), x.size(1), x.size(2)});
  const at::Tensor out =
      at::empty({x.size(0), stage->out().height, stage->out().width}, x.options());
  stage->apply(static_cast<const std::byte*>(x.const_data_ptr()),
               static_cast<std::byte*>(out.mutable_data_ptr()),
               tensor::StreamKey(1, tensor::Purpose::Augmentation));
  return out;
}

}  // namespace

TEST_CASE("scaling is libtorch's, for numbers and for bytes; the middle is the middle") {
  const at::Tensor x = images(transformed("")).flatten(0, 1).contiguous();
  const at::Tensor bytes = x.mul(100).add(120).to(at::kByte);
  for (const auto& [height, width] :
       {std::pair<std::int64_t, std::int64_t>{3, 7}, {6, 5}, {12, 2}}) {
    const catalog::ResizeParams p{{height, width}};
    const at::Tensor expected =
        at::upsample_bilinear2d(x.unsqueeze(0), {height, width}, false).squeeze(0);
    CHECK(at::allclose(staged("resize", p, x), expected, 1e-5, 1e-6));
    const at::Tensor nearest =
        at::upsample_nearest2d(bytes.unsqueeze(0), {height, width}).squeeze(0);
    CHECK(at::equal(staged("resize", p, bytes), nearest));
  }
  CHECK(at::equal(staged("center_crop", catalog::CenterCropParams{{2, 3}}, x),
                  x.narrow(1, 2, 2).narrow(2, 1, 3)));
}

TEST_CASE("a covered square is filled and the rest is left alone") {
  const at::Tensor plain = images(transformed(""));
  const at::Tensor covered = images(transformed("{ random_cutout: { size: 2, fill: 7 } }"));
  const at::Tensor is_covered = covered.eq(7);
  CHECK(at::equal(covered.masked_select(is_covered.logical_not()),
                  plain.masked_select(is_covered.logical_not())));
  for (std::int64_t i = 0; i < 40; ++i) {
    const auto num = is_covered[i][0].sum().item<std::int64_t>();
    CHECK(num >= 1);
    CHECK(num <= 4);
    CHECK(at::equal(is_covered[i][0], is_covered[i][1]));
  }
}

TEST_CASE("colours stay within 0 and 1, and each picture has factors of its own") {
  const at::Tensor some =
      images(transformed("{ color_jitter: { brightness: 0.5, contrast: 0.5 } }"));
  CHECK(some.min().item<float>() >= 0);
  CHECK(some.max().item<float>() <= 1);
  const at::Tensor none = images(transformed("color_jitter"));
  CHECK(at::equal(none, images(transformed("")).clamp(0, 1)));
  CHECK(!at::equal(some, none));
}

TEST_CASE("turning by nothing changes nothing") {
  CHECK(at::allclose(images(transformed("{ random_rotate: 0 }")), images(transformed(""))));
  CHECK(!at::allclose(images(transformed("{ random_rotate: 90 }")), images(transformed(""))));
}

TEST_CASE("threads change no draw") {
  const at::Tensor expected = images(transformed(kAll, 0, 2));
  CHECK(at::equal(images(transformed(kAll, 1, 2)), expected));
  CHECK(at::equal(images(transformed(kAll, 4, 2)), expected));
  CHECK(!at::equal(expected.narrow(0, 0, 40), expected.narrow(0, 40, 40)));
}

TEST_CASE("a picture and the classes of its pixels turn together") {
  const CheckedJob job = testing::check_job(
      "model: { inputs: { image: \"f32[1, 6, 6]\" }, flow: [{ conv2d: { out: 3, kernel: 1 } }], "
      "outputs: { same: image } }\n"
      "data: { train: { synthetic: { kind: segmentation, classes: 3, samples: 30, target: image } "
      "}, "
      "transforms: { train: { image: [{ random_crop: { size: 6, padding: 2 } }, random_hflip], "
      "target: "
      "[{ random_crop: { size: 6, padding: 2 } }, random_hflip] } } }\n"
      "training: { epochs: 1, loss: mse, optimizer: sgd }\n");
  LoaderSpec spec;
  spec.batch_size = 30;
  const auto batches = testing::all_batches(job, "train", spec);
  CHECK(at::equal(batches[0].fields[0], batches[0].fields[1]));
}

TEST_CASE("pictures in files: PNG exactly, JPEG nearly, grey, damaged ones told") {
  const TemporaryFolder folder;
  std::vector<std::uint8_t> rgb;
  for (int i = 0; i < 16 * 8; ++i) rgb.insert(rgb.end(), {200, 100, 50});
  rgb[0] = 255;
  const auto png = folder.path() / "a.png", jpeg = folder.path() / "a.jpg";
  write_png(png, rgb, 16, 8);
  const auto exact = read_picture(png, 3);
  REQUIRE(exact.has_value());
  CHECK(exact->width == 16);
  CHECK(exact->height == 8);
  CHECK(exact->pixels == rgb);
  CHECK(read_picture(png, 1)->pixels.size() == 16 * 8);
  rgb[0] = 200;
  write_jpeg(jpeg, rgb, 16, 8);
  const auto near = read_picture(jpeg, 3);
  REQUIRE(near.has_value());
  for (std::size_t i = 0; i < rgb.size(); ++i) CHECK(std::abs(near->pixels[i] - rgb[i]) <= 4);
  for (const auto& path : {png, jpeg}) {
    const std::string bytes = testing::bytes_of(path);  // the last ones hold no pixels
    for (std::size_t size = 0; size + 24 < bytes.size(); size += 7) {
      const auto cut = folder.file("cut" + path.extension().string(), bytes.substr(0, size));
      const auto refused = read_picture(cut, 3);
      CAPTURE(size);
      REQUIRE(!refused.has_value());
      CHECK(refused.error().code == Code::DataCorrupt);
    }
  }
}

TEST_CASE("image_folder: classes from folders, all pictures of one size or scaled") {
  const TemporaryFolder folder;
  for (const char* name : {"cat", "dog"}) std::filesystem::create_directory(folder.path() / name);
  const std::vector<std::uint8_t> dark(4 * 4 * 3, 10), light(8 * 8 * 3, 240);
  write_png(folder.path() / "cat/b.png", dark, 4, 4);
  write_png(folder.path() / "dog/a.PNG", light, 8, 8);
  write_jpeg(folder.path() / "dog/b.jpeg", light, 8, 8);
  const CheckedJob job = testing::check_job(
      "model: { inputs: { image: \"f32[3, 4, 4]\" }, flow: [flatten, { linear: 2 }] }\n"
      "data: { train: { image_folder: { path: " +
      folder.path().string() +
      ", size: 4 } }, transforms: { all: { image: [to_f32] } } }\n"
      "training: { epochs: 1, loss: cross_entropy, optimizer: sgd }\n");
  const Dataset data = testing::open_split(job, "train");
  CHECK(*data.fields[1].words == std::vector<std::string>{"cat", "dog"});
  const at::Tensor labels = testing::values_of(data, "label"),
                   image = testing::values_of(data, "image");
  CHECK(labels.sum().item<std::int64_t>() == 2);
  CHECK(image.sizes() == at::IntArrayRef({3, 3, 4, 4}));
  CHECK(image[0].eq(10).all().item<bool>());
  CHECK(image[1].eq(240).all().item<bool>());
  job::DataSplit unscaled = *job.job.find_split("train");
  catalog::ImageFolderParams params;
  params.path = folder.path().string();
  unscaled.source.params = std::make_shared<catalog::ImageFolderParams>(params);
  const auto mixed = job::inspect_source(unscaled, job.job, job.graph);
  REQUIRE(!mixed.has_value());
  CHECK(mixed.error().code == Code::FieldMismatch);
}

}  // namespace fdl::data
