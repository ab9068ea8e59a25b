#include <doctest/doctest.h>

#include "lib/format/safetensors.h"
#include "tests/format/fixture.h"

// Headers that say something impossible, one at a time.

namespace fdl::format {
namespace {

using testing::contains;
using testing::outcome;

// One tensor's part of a header.
std::string part(const std::string& name, const std::string& dtype, const std::string& shape,
                 const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

// What is said of a header in braces over that many bytes, without the words that never change.
std::string said_of(const std::string& parts, std::uint64_t num_data_bytes = 8) {
  const std::string text =
      outcome(parse_safetensors_header("{" + parts + "}", num_data_bytes, "f"));
  const std::string start = "FDL5201: 'f' is no whole safetensors file: ";
  return text.starts_with(start) ? text.substr(start.size()) : text;
}

std::string u8(const std::string& name, int begin, int end) {
  return part(name, "U8", "[" + std::to_string(end - begin) + "]",
              "[" + std::to_string(begin) + "," + std::to_string(end) + "]");
}

TEST_CASE("tensors cover the data without overlap or hole, in any order") {
  CHECK(said_of(u8("b", 3, 8) + "," + u8("a", 0, 3)) == "ok");
  CHECK(said_of(u8("a", 0, 3) + "," + u8("e", 3, 3) + "," + u8("b", 3, 8)) == "ok");
  CHECK(said_of(u8("a", 0, 5) + "," + u8("b", 3, 8)) ==
        "'a' and 'b' overlap at byte 3 of the data");
  CHECK(said_of(u8("a", 0, 8) + "," + u8("b", 0, 8)) ==
        "'a' and 'b' overlap at byte 0 of the data");
  CHECK(said_of(u8("a", 0, 8) + "," + u8("e", 4, 4)) ==
        "'a' and 'e' overlap at byte 4 of the data");
  CHECK(said_of(u8("a", 0, 3) + "," + u8("b", 5, 8)) ==
        "bytes 3 to 5 of the data, before 'b', belong to no tensor");
  CHECK(said_of(u8("a", 1, 8)) == "bytes 0 to 1 of the data, before 'a', belong to no tensor");
  CHECK(said_of(u8("a", 0, 7)) == "bytes 7 to 8 of the data, at its end, belong to no tensor");
  CHECK(said_of("") == "bytes 0 to 8 of the data, at its end, belong to no tensor");
  CHECK(said_of("", 0) == "ok");
}

TEST_CASE("offsets lie inside the data and fit dtype and shape") {
  CHECK(said_of(u8("a", 0, 9)) == "'a': data_offsets [0, 9] lie outside the 8 bytes of data");
  CHECK(contains(said_of(part("a", "U8", "[4]", "[8,4]")), "[8, 4] lie outside"));
  CHECK(contains(said_of(part("a", "U8", "[8]", "[0,18446744073709551615]")), "lie outside"));
  CHECK(contains(said_of(part("a", "U8", "[8]", "[18446744073709551608,8]")), "lie outside"));
  CHECK(said_of(part("a", "F32", "[2,2]", "[0,8]")) ==
        "'a': data_offsets [0, 8] hold 8 bytes, but dtype and shape take 16");
  CHECK(said_of(part("a", "F64", "[]", "[0,8]")) == "ok");
}

TEST_CASE("shapes that overflow are refused, also beside a zero") {
  const std::string large = "'a': its shape is too large to count";
  CHECK(said_of(part("a", "U8", "[4294967296,4294967296,2]", "[0,8]")) == large);
  CHECK(said_of(part("a", "F64", "[2305843009213693952]", "[0,8]")) == large);
  CHECK(said_of(part("a", "F64", "[1152921504606846976,0,2]", "[0,0]"), 0) == large);
  CHECK(said_of(part("a", "F64", "[0,1152921504606846976,2]", "[0,0]"), 0) == large);
  CHECK(said_of(part("a", "U8", "[9223372036854775807,0]", "[0,0]"), 0) == "ok");
  CHECK(said_of(part("a", "U8", "[9223372036854775808]", "[0,8]")) ==
        "'a': dimension 9223372036854775808 is too large");
  CHECK(contains(said_of(part("a", "U8", "[18446744073709551616]", "[0,8]")), "whole numbers"));
}

TEST_CASE("a name stands once") {
  CHECK(said_of(u8("a", 0, 4) + "," + u8("b", 4, 8) + "," + u8("a", 8, 8)) ==
        "'a': the name stands twice");
  CHECK(said_of(u8("a", 0, 4) + "," + u8("\\u0061", 4, 8)) == "'a': the name stands twice");
  const std::string meta = R"("__metadata__":{"k":"v"})";
  CHECK(said_of(meta + "," + meta) == "'__metadata__': it stands twice");
  CHECK(said_of(R"("__metadata__":{"k":"v","k":"w"})") == "'__metadata__': key 'k' stands twice");
  CHECK(said_of(R"("a":{"dtype":"U8","dtype":"U8","shape":[8],"data_offsets":[0,8]})") ==
        "'a': key 'dtype' stands twice");
  CHECK(said_of(R"("a":{"shape":[8],"dtype":"U8","shape":[8],"data_offsets":[0,8]})") ==
        "'a': key 'shape' stands twice");
  CHECK(contains(said_of(R"("a":{"dtype":"U8","data_offsets":[0,8],"data_offsets":[0,8]})"),
                 "key 'data_offsets' stands twice"));
}

TEST_CASE("an entry has its three keys, each of its kind") {
  CHECK(said_of(R"("a":{"dtype":"U8","shape":[8]})") == "'a': data_offsets is missing");
  CHECK(said_of(R"("a":{"dtype":"U8","data_offsets":[0,8]})") == "'a': shape is missing");
  CHECK(said_of(R"("a":{"shape":[8],"data_offsets":[0,8]})") == "'a': dtype is missing");
  CHECK(said_of(R"("a":{"colour":1})") ==
        "'a': unknown key 'colour'; expected dtype, shape and data_offsets");
  CHECK(contains(said_of(part("a", "F8_E4M3", "[8]", "[0,8]")),
                 "dtype 'F8_E4M3' is not read; expected one of BOOL, U8, I8,"));
  CHECK(said_of(part("a", "U8", "8", "[0,8]")) == "'a': shape cannot be 8");
  CHECK(said_of(part("a", "U8", "[-8]", "[0,8]")) ==
        "'a': shape takes whole numbers from 0, found -8");
  CHECK(contains(said_of(part("a", "U8", "[8.0]", "[0,8]")), "found 8.0"));
  CHECK(contains(said_of(part("a", "U8", "[[8]]", "[0,8]")), "found a list"));
  CHECK(contains(said_of(part("a", "U8", "[{}]", "[0,8]")), "found a map"));
  CHECK(contains(said_of(part("a", "U8", "[null]", "[0,8]")), "found null"));
  CHECK(contains(said_of(part("a", "U8", "[8]", "[0]")), "data_offsets has 1 numbers"));
  CHECK(contains(said_of(part("a", "U8", "[8]", "[0,8,8]")), "more than two numbers"));
  CHECK(contains(said_of(part("a", "U8", "[8]", "[0,true]")), "found a boolean"));
  CHECK(contains(said_of(R"("a":{"dtype":["U8"]})"), "'a': dtype cannot be a list"));
  CHECK(said_of(R"("a":[1])") == "'a': expected a map, found a list");
  CHECK(said_of(R"("a":null)") == "'a': expected a map, found null");
  CHECK(said_of(R"("__metadata__":{"k":1})") ==
        "'__metadata__': expected a string for each key, found 1");
  CHECK(contains(said_of(R"("__metadata__":{"k":{"deep":"v"}})"), "found a map"));
  std::string dims = "[1";
  for (int i = 0; i < 64; ++i) dims += ",1";
  CHECK(contains(said_of(part("a", "U8", dims + "]", "[0,1]"), 1), "more than 64 dimensions"));
}

TEST_CASE("what is not JSON is told with the byte of the file") {
  const auto said = [](std::string_view text) {
    return outcome(parse_safetensors_header(text, 0, "f"));
  };
  CHECK(contains(said(""), "does not begin with '{' at byte 8"));
  CHECK(contains(said(" {}"), "does not begin with '{'"));
  CHECK(contains(said("\xef\xbb\xbf{}"), "does not begin with '{'"));
  CHECK(contains(said("{} x"), "not JSON at byte 11"));
  CHECK(contains(said("{"), "not JSON at byte"));
  CHECK(contains(said(std::string_view("{}\0{\"hidden\":1}", 15)), "not JSON at byte 10"));
  CHECK(contains(said("{\"a\xff\":{}}"), "not JSON at byte"));
  CHECK(contains(said("{/**/}"), "not JSON at byte"));
  CHECK(contains(said("{\"a\":1e999}"), "not JSON at byte"));
  CHECK(said("{}   ") == "ok");
}

TEST_CASE("nesting and long names stay small in memory and message") {
  const std::string deep(1'000'000, '[');
  CHECK(said_of("\"a\":" + deep) == "'a': expected a map, found a list");
  std::string maps;
  for (int i = 0; i < 100'000; ++i) maps += R"({"a":)";
  CHECK(contains(said_of("\"a\":" + maps), "unknown key 'a'"));
  const std::string text = said_of(u8(std::string(1'000'000, 'n'), 0, 9));
  CHECK(text.size() < 300);
  CHECK(contains(text, "nnn...nnn"));
}

}  // namespace
}  // namespace fdl::format
