#include "lib/base/closest.h"

#include <doctest/doctest.h>

using fdl::closest;
using fdl::edit_distance;
using fdl::one_of;

TEST_CASE("distance counts insertions, deletions, replacements and swaps of neighbours") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "eps") == 3);
  CHECK(edit_distance("eps", "") == 3);
  CHECK(edit_distance("epss", "eps") == 1);
  CHECK(edit_distance("esp", "eps") == 1);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("ca", "abc") == 3);  // optimal string alignment: no edit between swapped ones
}

TEST_CASE("distance is symmetric and blind to ASCII case") {
  CHECK(edit_distance("flaw", "lawn") == edit_distance("lawn", "flaw"));
  CHECK(edit_distance("ReLU", "relu") == 0);
  CHECK(edit_distance("LiNaer", "linear") == 1);
}

TEST_CASE("closest allows a third of the length, and always one edit") {
  CHECK(closest("epss", {"eps", "bias"}) == "eps");
  CHECK(closest("ab", {"xb"}) == "xb");
  CHECK(closest("ab", {"xy"}) == std::nullopt);
  CHECK(closest("kernal_size", {"stride", "kernel_size"}) == "kernel_size");
  CHECK(closest("abcdef", {"abcxyf"}) == "abcxyf");
  CHECK(closest("abcdef", {"abcxyz"}) == std::nullopt);
}

TEST_CASE("closest prefers the nearest, then the first") {
  CHECK(closest("conv2", {"conv1d", "conv2d"}) == "conv2d");
  CHECK(closest("abcd", {"abcx", "abcy"}) == "abcx");
}

TEST_CASE("closest offers nothing without candidates or for text that is no name") {
  CHECK(closest("relu", {}) == std::nullopt);
  CHECK(closest("", {}) == std::nullopt);
  CHECK(closest(std::string(81, 'a'), {std::string(80, 'a')}) == std::nullopt);
  CHECK(closest(std::string(80, 'a'), {std::string(81, 'a')}) == std::string(81, 'a'));
}

TEST_CASE("one_of writes a list as a sentence does") {
  CHECK(one_of({}) == "");
  CHECK(one_of({"a"}) == "a");
  CHECK(one_of({"a", "b"}) == "a or b");
  CHECK(one_of({"a", "b", "c"}) == "a, b or c");
  CHECK(one_of({"a", "b", "c"}, 3) == "a, b or c");
  CHECK(one_of({"a", "b", "c"}, 2) == "a, b, ...");
}
