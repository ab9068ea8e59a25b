#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "lib/catalog/tensor_type.h"

// A model in the form of the ONNX standard, as plain structs: what lib/onnx builds from a graph and
// write.h puts into a file.
namespace fdl::onnx {

// The numbers of TensorProto.DataType.
enum class ElementType {
  F32 = 1,
  U8 = 2,
  I8 = 3,
  I16 = 5,
  I32 = 6,
  I64 = 7,
  Bool = 9,
  F16 = 10,
  F64 = 11,
  BF16 = 16
};
ElementType element_type(catalog::DType dtype);

// A constant: `bytes` are its numbers, little-endian, row by row.
struct Tensor {
  std::string name;
  ElementType type = ElementType::F32;
  std::vector<std::int64_t> shape;
  std::string bytes;
};

struct Subgraph;

struct Attribute {
  using Value =
      std::variant<std::int64_t, double, std::string, std::vector<std::int64_t>,
                   std::vector<double>, std::vector<std::string>, std::shared_ptr<Subgraph>>;
  std::string name;
  Value value;
};
using Attributes = std::vector<Attribute>;

struct Operation {
  std::string op;  // "Conv"
  std::string name;
  std::vector<std::string> inputs;  // "": an optional one that is not given
  std::vector<std::string> outputs;
  Attributes attributes;
};

// What comes in or goes out. Each axis is a number or a name; of an inner subgraph it is not told.
struct Port {
  std::string name;
  ElementType type = ElementType::F32;
  std::optional<std::vector<std::string>> shape;
};

struct Subgraph {
  std::string name;
  std::vector<Operation> operations;  // each after those that it reads
  std::vector<Tensor> constants;      // seen in inner subgraphs too
  std::vector<Port> inputs, outputs;
};

struct Model {
  static constexpr int kOpset = 17, kIrVersion = 8;
  Subgraph graph;
  std::string producer_version;
  std::vector<std::pair<std::string, std::string>> metadata;
};

}  // namespace fdl::onnx
