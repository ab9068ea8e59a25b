#include "lib/format/idx.h"

#include <doctest/doctest.h>

#include "tests/format/fixture.h"

namespace fdl::format {
namespace {

using testing::gzip;
using testing::idx_bytes;
using testing::outcome;
using testing::TemporaryFolder;

std::string text_of(const IdxFile& file) { return {file.data.begin(), file.data.end()}; }

TEST_CASE("an idx file is read plain and in gzip") {
  const TemporaryFolder folder;
  const std::string bytes = idx_bytes({2, 3, 4}, "abcdefghijklmnopqrstuvwx");
  for (const bool packed : {false, true}) {
    CAPTURE(packed);
    const auto path = folder.file("images", packed ? gzip(bytes) : bytes);
    const IdxHeader header = read_idx_header(path).value();
    CHECK(header.dims == std::vector<std::int64_t>{2, 3, 4});
    CHECK(header.is_gzip == packed);
    CHECK(header.data_offset() == 16);
    CHECK(header.num_data_bytes() == 24);
    const IdxFile file = read_idx(path).value();
    CHECK(file.header.dims == header.dims);
    CHECK(text_of(file) == "abcdefghijklmnopqrstuvwx");
  }
}

TEST_CASE("an idx file of many pieces comes back whole") {
  const TemporaryFolder folder;
  std::string data;
  for (std::uint32_t i = 0; i < 3'500'000; ++i) data += static_cast<char>((i * 2654435761U) >> 24U);
  const std::string bytes = idx_bytes({3'500'000}, data);
  CHECK((text_of(read_idx(folder.file("plain", bytes)).value()) == data));
  CHECK((text_of(read_idx(folder.file("packed", gzip(bytes))).value()) == data));
}

TEST_CASE("the smallest and the empty idx files are read") {
  const TemporaryFolder folder;
  CHECK(read_idx(folder.file("empty", idx_bytes({0}, ""))).value().data.empty());
  CHECK(read_idx(folder.file("none", idx_bytes({5, 0}, ""))).value().data.empty());
  const std::vector<std::uint32_t> ones(kMostIdxDims, 1);
  CHECK(text_of(read_idx(folder.file("one", idx_bytes(ones, "x"))).value()) == "x");
}

TEST_CASE("the header of a gzip file is read from its first bytes only") {
  const TemporaryFolder folder;
  std::string noise;  // does not pack well, so the first half of the file cannot hold it all
  for (std::uint32_t i = 0; i < 100'000; ++i) noise += static_cast<char>((i * i * 40503U) >> 13U);
  const std::string packed = gzip(idx_bytes({100'000}, noise));
  const auto path = folder.file("half", packed.substr(0, packed.size() / 2));
  CHECK(read_idx_header(path).value().dims == std::vector<std::int64_t>{100'000});
  CHECK(outcome(read_idx(path)).find("FDL5102") == 0);
}

TEST_CASE("labels are held to the number of classes") {
  const TemporaryFolder folder;
  const auto path = folder.file("labels", idx_bytes({5}, std::string("\x00\x09\x03\x0a\xff", 5)));
  const IdxFile file = read_idx(path).value();
  CHECK(check_labels(file, path, 256).has_value());
  CHECK(outcome(check_labels(file, path, 10)) == "FDL5102: label 3 of '" + path.string() +
                                                     "' (byte 11) is 10; expected 0 to 9, for "
                                                     "10 classes");
  CHECK(outcome(check_labels(file, path, 9)).find("label 1 of") != std::string::npos);
}

TEST_CASE("images are not taken for labels") {
  const TemporaryFolder folder;
  const auto path = folder.file("images", idx_bytes({1, 2, 2}, "abcd"));
  CHECK(outcome(check_labels(read_idx(path).value(), path, 256)) ==
        "FDL5102: '" + path.string() +
            "' holds no labels: expected 1 dimension, found 3 (1 x 2 x 2)");
}

}  // namespace
}  // namespace fdl::format
