#include "lib/format/safetensors.h"

#include <cstring>

#include <doctest/doctest.h>

#include "tests/format/fixture.h"

namespace fdl::format {
namespace {

using testing::bytes_of;
using testing::contains;
using testing::outcome;
using testing::TemporaryFolder;

// A tensor over the bytes of a string that outlives it.
TensorBytes tensor(std::string_view name, SafetensorsDtype dtype, std::vector<std::int64_t> shape,
                   const std::string& data) {
  return {name, dtype, std::move(shape), data.data(), data.size()};
}

std::string data_of(const std::filesystem::path& path, const SafetensorsHeader& header,
                    std::string_view name) {
  const SafetensorsEntry* const entry = header.find(name);
  REQUIRE(entry != nullptr);
  std::string out(entry->num_bytes(), '?');
  REQUIRE(read_safetensors_data(path, header, *entry, std::as_writable_bytes(std::span(out))));
  return out;
}

const std::string kFour = "abcd";
const std::string kSix = "ABCDEF";
const std::string kNone;

TEST_CASE("what is written is read back, in the given order") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "model.safetensors";
  const std::vector<TensorBytes> tensors = {
      tensor("z.weight", SafetensorsDtype::BF16, {1, 3}, kSix),
      tensor("empty", SafetensorsDtype::F64, {7, 0}, kNone),
      tensor("a.scalar", SafetensorsDtype::F32, {}, kFour),
      tensor("\"quoted\" \u00fc\n", SafetensorsDtype::Bool, {2, 2}, kFour)};
  const std::map<std::string, std::string> metadata = {{"format", "fdl"}, {"\u00e9\"", "\\\t"}};
  REQUIRE(write_safetensors(path, tensors, metadata));

  const SafetensorsHeader header = read_safetensors_header(path).value();
  CHECK(header.metadata == metadata);
  CHECK(header.data_offset % kHeaderAlignment == 0);
  REQUIRE(header.entries.size() == tensors.size());
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    CAPTURE(i);
    CHECK(header.entries[i].name == tensors[i].name);
    CHECK(header.entries[i].dtype == tensors[i].dtype);
    CHECK(header.entries[i].shape == tensors[i].shape);
    CHECK(header.entries[i].num_bytes() == tensors[i].num_bytes);
  }
  CHECK(data_of(path, header, "z.weight") == kSix);
  CHECK(data_of(path, header, "empty").empty());
  CHECK(data_of(path, header, "a.scalar") == kFour);
  CHECK(data_of(path, header, "\"quoted\" \u00fc\n") == kFour);
  CHECK(header.find("weight") == nullptr);
}

TEST_CASE("the bytes of a file are exactly these, every time") {
  const TemporaryFolder folder;
  const std::vector<TensorBytes> tensors = {tensor("b", SafetensorsDtype::U8, {4}, kFour),
                                            tensor("a", SafetensorsDtype::I16, {3, 1}, kSix)};
  const std::string header =
      R"({"__metadata__":{"k":"v"},"b":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
      R"("a":{"dtype":"I16","shape":[3,1],"data_offsets":[4,10]}})";
  const std::string padded = header + std::string(184 - header.size(), ' ');
  for (const char* name : {"one", "two"}) {
    REQUIRE(write_safetensors(folder.path() / name, tensors, {{"k", "v"}}));
    CHECK(bytes_of(folder.path() / name) == testing::safetensors_bytes(padded, "abcdABCDEF"));
  }
}

TEST_CASE("a file without tensors is written and read") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "empty";
  REQUIRE(write_safetensors(path, {}));
  CHECK(bytes_of(path).size() == 64);
  CHECK(read_safetensors_header(path).value().entries.empty());
}

TEST_CASE("every dtype is written and read, each of its width") {
  const TemporaryFolder folder;
  const std::string data(16, 'x');
  const std::vector<std::pair<const char*, std::int64_t>> widths = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"I16", 2}, {"U16", 2}, {"F16", 2}, {"BF16", 2},
      {"I32", 4},  {"U32", 4}, {"F32", 4}, {"F64", 8}, {"I64", 8}, {"U64", 8}};
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const auto& [name, width] = widths[i];
    CAPTURE(name);
    const auto dtype = static_cast<SafetensorsDtype>(i);
    CHECK(to_string(dtype) == name);
    CHECK(element_bytes(dtype) == static_cast<std::uint64_t>(width));
    const auto path = folder.path() / name;
    REQUIRE(write_safetensors(path, std::vector{tensor("t", dtype, {16 / width}, data)}));
    CHECK(contains(bytes_of(path), "\"dtype\":\"" + std::string(name) + "\""));
    CHECK(read_safetensors_header(path).value().entries[0].dtype == dtype);
  }
}

TEST_CASE("a file of the Python package is read") {
  // safetensors.numpy.save({"weight": arange(6, float32).reshape(2, 3), "bias": int64 [-1, 2],
  // "flag": True}, metadata={"format": "np"}), version 0.8.0
  const std::string header =
      R"({"__metadata__":{"format":"np"},"bias":{"dtype":"I64","shape":[2],"data_offsets":[0,16]},)"
      R"("weight":{"dtype":"F32","shape":[2,3],"data_offsets":[16,40]},)"
      R"("flag":{"dtype":"BOOL","shape":[],"data_offsets":[40,41]}}       )";
  const std::string data(
      "\xff\xff\xff\xff\xff\xff\xff\xff\x02\0\0\0\0\0\0\0"
      "\0\0\0\0\0\0\x80\x3f\0\0\0\x40\0\0\x40\x40\0\0\x80\x40\0\0\xa0\x40\x01",
      41);
  const TemporaryFolder folder;
  const auto path = folder.file("python", testing::safetensors_bytes(header, data));
  const SafetensorsHeader read = read_safetensors_header(path).value();
  CHECK(read.metadata == std::map<std::string, std::string>{{"format", "np"}});
  CHECK(read.find("weight")->shape == std::vector<std::int64_t>{2, 3});
  float weight[6];
  const std::string bytes = data_of(path, read, "weight");
  std::memcpy(weight, bytes.data(), sizeof weight);
  for (int i = 0; i < 6; ++i) CHECK(weight[i] == static_cast<float>(i));
  CHECK(data_of(path, read, "flag") == "\x01");
  std::int64_t bias[2];
  std::memcpy(bias, data_of(path, read, "bias").data(), sizeof bias);
  CHECK(bias[0] == -1);
  CHECK(bias[1] == 2);
}

TEST_CASE("data is read only into as many bytes as it has") {
  const TemporaryFolder folder;
  const auto path = folder.path() / "file";
  REQUIRE(write_safetensors(path, std::vector{tensor("t", SafetensorsDtype::U8, {6}, kSix)}));
  const SafetensorsHeader header = read_safetensors_header(path).value();
  std::vector<std::byte> room(7);
  CHECK(outcome(read_safetensors_data(path, header, header.entries[0], room)) ==
        "FDL5202: 't' in '" + path.string() + "' has 6 bytes where 7 were expected");
  std::filesystem::resize_file(path, header.data_offset + 5);
  const auto six = std::span(room).first(6);
  CHECK(contains(outcome(read_safetensors_data(path, header, header.entries[0], six)),
                 "FDL5201: '" + path.string() + "' is no whole safetensors file: it ends inside"));
}

TEST_CASE("what could not be read back is not written, and the former file stays") {
  const TemporaryFolder folder;
  const auto path = folder.file("file", "former");
  const auto said = [&](std::vector<TensorBytes> tensors,
                        const std::map<std::string, std::string>& metadata = {}) {
    const std::string text = outcome(write_safetensors(path, tensors, metadata));
    CHECK(text.find("FDL5002: cannot write '" + path.string() + "': ") == 0);
    CHECK(bytes_of(path) == "former");
    return text;
  };
  const auto u8 = SafetensorsDtype::U8;
  const std::int64_t most = INT64_MAX;
  CHECK(contains(said({tensor("t", u8, {4}, kFour), tensor("t", u8, {6}, kSix)}),
                 "two tensors have the name 't'"));
  CHECK(contains(said({tensor("__metadata__", u8, {4}, kFour)}), "reserved"));
  CHECK(contains(said({tensor("\xff\xfe", u8, {4}, kFour)}), "not UTF-8"));
  CHECK(contains(said({tensor("t", u8, {5}, kFour)}), "4 bytes do not fit its dtype and shape"));
  CHECK(contains(said({tensor("t", u8, {-2, -2}, kFour)}), "do not fit"));
  CHECK(contains(said({tensor("t", u8, {most, 0, 3}, kNone)}), "do not fit"));
  CHECK(contains(said({tensor("t", u8, std::vector<std::int64_t>(65, 1), kFour)}), "dimensions"));
  CHECK(contains(said({}, {{"key", "\xc3("}}), "metadata 'key' is not UTF-8"));
}

}  // namespace
}  // namespace fdl::format
