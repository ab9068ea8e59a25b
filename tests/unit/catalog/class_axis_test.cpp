#include "lib/catalog/class_axis.h"

#include <doctest/doctest.h>

namespace fdl::catalog {

namespace {
const Dim kB = Dim::named("B");
}

TEST_CASE("the class axis is the last one, or axis 1, by the target's shape") {
  CHECK(find_class_axis({kB, 10}, {kB}, {}).axis == 1);
  CHECK(find_class_axis({kB, 5, 10}, {kB, 5}, {}).axis == 2);
  CHECK(find_class_axis({kB, 10, 8, 9}, {kB, 8, 9}, {}).axis == 1);
}

TEST_CASE("where both fit, class_dim decides; elsewhere it is checked") {
  CHECK(!find_class_axis({kB, 5, 5}, {kB, 5}, {}).axis);
  CHECK(find_class_axis({kB, 5, 5}, {kB, 5}, 1).axis == 1);
  CHECK(find_class_axis({kB, 5, 5}, {kB, 5}, -1).axis == 2);
  for (const std::int64_t dim : {0, 3, -4, 2}) {
    CAPTURE(dim);
    CHECK(!find_class_axis({kB, 10, 8, 9}, {kB, 8, 9}, dim).axis);
  }
}

TEST_CASE("what has no class axis says why") {
  for (const auto& [output, target] : std::vector<std::pair<Shape, Shape>>{
           {{kB}, {}}, {{}, {}}, {{kB, 10}, {kB, 10}}, {{kB, 10}, {}}, {{kB, 3, 4}, {kB, 5}}}) {
    CHECK(!find_class_axis(output, target, {}).why_not.empty());
  }
  CHECK(needs_classes({DType::F32, {kB, 10}}, {DType::F32, {kB}}, {}).has_value());
  CHECK(needs_classes({DType::I64, {kB, 10}}, {DType::I64, {kB}}, {}).has_value());
  CHECK(!needs_classes({DType::F32, {kB, 10}}, {DType::I64, {kB}}, {}).has_value());
}

}  // namespace fdl::catalog
