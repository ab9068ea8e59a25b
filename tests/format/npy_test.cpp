#include "lib/format/npy.h"

#include <doctest/doctest.h>

#include "tests/format/fixture.h"

namespace fdl::format {
namespace {

using testing::little_endian;
using testing::outcome;
using testing::TemporaryFolder;

std::string npy(const std::string& dictionary, const std::string& data, int version = 1) {
  return std::string("\x93NUMPY") + static_cast<char>(version) + '\0' +
         little_endian(dictionary.size(), version == 1 ? 2 : 4) + dictionary + data;
}

std::string said_of(const std::string& bytes) {
  const auto header = parse_npy_header(bytes, bytes.size(), "x.npy");
  std::string text = outcome(header);
  const std::string start = "FDL5102: 'x.npy' cannot be read as .npy: ";
  return text.starts_with(start) ? text.substr(start.size()) : text;
}

std::string dictionary(const std::string& descr, const std::string& shape,
                       const std::string& order = "False") {
  return "{'descr': '" + descr + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
}

}  // namespace

TEST_CASE("a header says type and shape") {
  const TemporaryFolder folder;
  const auto path = folder.file("x.npy", npy(dictionary("<f4", "(2, 3)"), std::string(24, 'x')));
  const Result<NpyHeader> header = read_npy_header(path);
  REQUIRE(header.has_value());
  CHECK(header->dtype == SafetensorsDtype::F32);
  CHECK(header->shape == std::vector<std::int64_t>{2, 3});
  CHECK(header->num_data_bytes() == 24);
  CHECK(said_of(npy(dictionary("|u1", "(3,)"), "abc", 2)) == "ok");
  CHECK(said_of(npy(dictionary("<i8", "()"), "12345678", 3)) == "ok");
  CHECK(outcome(read_npy_header(folder.path() / "gone.npy")).starts_with("FDL5101"));
}

TEST_CASE("what cannot be read is named") {
  const std::string good = npy(dictionary("<f4", "(2,)"), "12345678");
  CHECK(said_of(good) == "ok");
  CHECK(said_of(good + "x") == "its header states 8 bytes of elements, but 9 follow");
  CHECK(said_of("\x93NUMPX") == "it does not begin with \\x93NUMPY and a version");
  CHECK(said_of(npy(dictionary("<f4", "(2,)"), "12345678", 4)) ==
        "its version is 4, and 1 to 3 are known");
  CHECK(testing::contains(said_of(npy(dictionary(">f4", "(2,)"), "12345678")),
                          "'>f4', which is not"));
  CHECK(testing::contains(said_of(npy(dictionary("<f4", "(2,)", "True"), "12345678")), "Fortran"));
  CHECK(said_of(npy("{'descr': [('a', '<f4')], }", "")) == "its elements are records, not numbers");
  CHECK(said_of(npy("{'shape': (2,), }", "")) ==
        "its header lacks one of 'descr', 'fortran_order', 'shape'");
  CHECK(said_of(npy(dictionary("<f4", "(-2,)"), "")) == "its shape cannot be read");
  CHECK(said_of(npy(dictionary("<f4", "(9223372036854775807, 8)"), "")) ==
        "its header states too many bytes of elements, but 0 follow");
  CHECK(said_of(npy("{'descr': '<f4', 'descr': '<f4'}", "")) ==
        "its header has an unexpected key 'descr'");
}

TEST_CASE("every truncation and every damaged byte of a file is refused or harmless") {
  const std::string good = npy(dictionary("<f4", "(2, 3)"), std::string(24, 'x'));
  for (std::size_t i = 0; i < good.size(); ++i) CHECK(said_of(good.substr(0, i)) != "ok");
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'\0', '\xff', '(', '9', '\''}) {
      std::string bytes = good;
      bytes[i] = c;
      const auto header = parse_npy_header(bytes, bytes.size(), "x.npy");
      if (header) CHECK(header->num_data_bytes() + header->data_offset == bytes.size());
    }
  }
}

}  // namespace fdl::format
