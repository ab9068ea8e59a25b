
#include <doctest/doctest.h>

#include "lib/format/safetensors.h"
#include "tests/format/allocation_watch.h"
#include "tests/format/fixture.h"

namespace fdl::format {
namespace {

using testing::AllocationWatch;
using testing::contains;
using testing::outcome;
using testing::safetensors_bytes;
using testing::TemporaryFolder;

const char kHeader[] =
    R"({"__metadata__":{"by":"us"},"w":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]},)"
    R"("b":{"dtype":"U8","shape":[5],"data_offsets":[12,17]}}  )";
const char kData[] = "0123456789abcdefg";

// The promises of safetensors.h, told without its code: every byte of the data belongs to exactly
// one entry, every entry is as long as its shape says, and its bytes can be read.
void check_promises(const std::filesystem::path& path, const SafetensorsHeader& header) {
  const std::uint64_t num_data_bytes = std::filesystem::file_size(path) - header.data_offset;
  REQUIRE(num_data_bytes < 1000);
  std::vector<int> owners(num_data_bytes, 0);
  for (const SafetensorsEntry& entry : header.entries) {
    REQUIRE(entry.begin <= entry.end);
    REQUIRE(entry.end <= num_data_bytes);
    for (std::uint64_t i = entry.begin; i < entry.end; ++i) ++owners[i];
    std::uint64_t expected = element_bytes(entry.dtype);
    for (const std::int64_t dim : entry.shape) expected *= static_cast<std::uint64_t>(dim);
    REQUIRE(expected == entry.num_bytes());
    REQUIRE(header.find(entry.name) == &entry);
    std::vector<std::byte> out(entry.num_bytes());
    REQUIRE(read_safetensors_data(path, header, entry, out));
  }
  for (const int count : owners) REQUIRE(count == 1);
}

TEST_CASE("no prefix of a safetensors file passes") {
  const TemporaryFolder folder;
  const std::string whole = safetensors_bytes(kHeader, kData);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    const auto path = folder.file("cut", whole.substr(0, length));
    const std::string said = outcome(read_safetensors_header(path));
    CHECK(said.find("FDL5201: '" + path.string() + "' is no whole safetensors file: ") == 0);
  }
  const auto path = folder.file("whole", whole);
  check_promises(path, read_safetensors_header(path).value());
}

TEST_CASE("a file that goes on after its tensors does not pass") {
  const TemporaryFolder folder;
  const auto path = folder.file("longer", safetensors_bytes(kHeader, kData) + "x");
  CHECK(contains(outcome(read_safetensors_header(path)),
                 "bytes 17 to 18 of the data, at its end, belong to no tensor"));
}

TEST_CASE("whatever byte of the header changes, the promises hold or a diagnostic says why not") {
  const TemporaryFolder folder;
  const std::string whole = safetensors_bytes(kHeader, kData);
  const auto path = folder.file("damaged", whole);
  const testing::BytePatcher patcher(path);
  int num_read = 0;
  int num_refused = 0;
  for (std::size_t at = 0; at < 8 + sizeof kHeader - 1; ++at) {
    CAPTURE(at);
    for (int value = 0; value < 256; ++value) {
      CAPTURE(value);
      patcher.set(at, static_cast<char>(value));
      const auto header = read_safetensors_header(path);
      ++(header ? num_read : num_refused);
      if (header) check_promises(path, *header);
      if (!header) REQUIRE(header.error().code == Code::CheckpointCorrupt);
    }
    patcher.set(at, whole[at]);
  }
  // Another letter in a name still reads; most other changes do not.
  CHECK(num_read > 256);
  CHECK(num_refused > 20'000);
}

TEST_CASE("a header's claimed length allocates nothing that the file does not have") {
  const TemporaryFolder folder;
  const AllocationWatch watch;
  for (const std::uint64_t claimed :
       {std::uint64_t{1} << 60U, UINT64_MAX, UINT64_MAX - 7, kMostHeaderBytes + 1}) {
    CAPTURE(claimed);
    const auto path = folder.file("liar", testing::little_endian(claimed, 8) + kHeader);
    CHECK(contains(outcome(read_safetensors_header(path)), "byte 0: it claims a header of"));
  }
  const auto path = folder.file("liar", testing::little_endian(kMostHeaderBytes, 8) + kHeader);
  CHECK(contains(outcome(read_safetensors_header(path)), "inside its header of 100000000 bytes"));
  CHECK(watch.largest_bytes() < 20'000);  // what std::ofstream and messages take
}

TEST_CASE("a tensor of 2^60 elements allocates nothing") {
  const TemporaryFolder folder;
  const auto path =
      folder.file("huge", safetensors_bytes(R"({"w":{"dtype":"U8","shape":[1152921504606846976],)"
                                            R"("data_offsets":[0,1152921504606846976]}})",
                                            "data"));
  const AllocationWatch watch;
  CHECK(contains(outcome(read_safetensors_header(path)), "lie outside the 4 bytes of data"));
  CHECK(watch.largest_bytes() < 20'000);
}

TEST_CASE("a safetensors file that is not there, or is a folder, cannot be read") {
  const TemporaryFolder folder;
  CHECK(contains(outcome(read_safetensors_header(folder.path() / "none")), "FDL5001"));
  CHECK(contains(outcome(read_safetensors_header(folder.path())), "it is a folder"));
}

}  // namespace
}  // namespace fdl::format
