#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "lib/graph/graph.h"
#include "lib/onnx/model.h"

namespace fdl::onnx {

// Builds the operations of a model one after the other. Names of values are unique in the whole
// model, so that an inner subgraph may read outer ones.
class Emitter {
 public:
  explicit Emitter(const graph::Graph& graph) : graph_(graph) { stack_.emplace_back(); }

  // Names of what is added start with this path from now on.
  void at(const std::string& path) { path_ = path; }

  // Adds an operation; gives the name of its only output, or of its outputs.
  std::string add(const std::string& op, std::vector<std::string> inputs,
                  Attributes attributes = {});
  std::vector<std::string> add(const std::string& op, std::vector<std::string> inputs,
                               std::size_t num_outputs, Attributes attributes = {});

  // Constants; equal ones are one. An i64[n], an i64[], and numbers of a floating-point dtype.
  std::string integers(const std::vector<std::int64_t>& values);
  std::string integer(std::int64_t value);
  std::string number(double value, catalog::DType dtype);
  std::string numbers(const std::vector<double>& values, const std::vector<std::int64_t>& shape,
                      catalog::DType dtype);

  // One that the model owns, by its index in Graph::tensors.
  std::string tensor(int index);

  // Gives a value another name, which must be fresh.
  void rename(const std::string& value, const std::string& name);

  // A name that nothing has yet.
  std::string fresh(const std::string& what);

  // Between the two, operations go into an inner subgraph.
  void begin() { stack_.emplace_back(); }
  Subgraph end();

  // What was built; of tensors that the model owns without the bytes.
  Subgraph take() { return std::move(stack_.front()); }

 private:
  std::string constant(Tensor tensor);

  const graph::Graph& graph_;
  std::vector<Subgraph> stack_;
  std::string path_;
  std::set<std::string> names_;
  std::map<std::string, std::string> constants_;  // what they hold, to their names
  std::set<std::string> owned_;
};

}  // namespace fdl::onnx
