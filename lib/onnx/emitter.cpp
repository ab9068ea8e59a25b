#include "lib/onnx/emitter.h"

#include <cstring>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace fdl::onnx {
namespace {

using catalog::DType;

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  std::string out(values.size() * sizeof(T), '\0');
  std::memcpy(out.data(), values.data(), out.size());
  return out;
}

}  // namespace

ElementType element_type(DType dtype) {
  switch (dtype) {
    case DType::F32:
      return ElementType::F32;
    case DType::F64:
      return ElementType::F64;
    case DType::F16:
      return ElementType::F16;
    case DType::BF16:
      return ElementType::BF16;
    case DType::I64:
      return ElementType::I64;
    case DType::I32:
      return ElementType::I32;
    case DType::I16:
      return ElementType::I16;
    case DType::I8:
      return ElementType::I8;
    case DType::U8:
      return ElementType::U8;
    case DType::Bool:
      return ElementType::Bool;
  }
  return ElementType::F32;
}

std::string Emitter::fresh(const std::string& what) {
  const std::string base = path_.empty() ? what : path_ + "/" + what;
  std::string name = base;
  for (int i = 1; !names_.insert(name).second; ++i) name = fmt::format("{}_{}", base, i);
  return name;
}

std::string Emitter::add(const std::string& op, std::vector<std::string> inputs,
                         Attributes attributes) {
  return add(op, std::move(inputs), 1, std::move(attributes)).front();
}

std::vector<std::string> Emitter::add(const std::string& op, std::vector<std::string> inputs,
                                      std::size_t num_outputs, Attributes attributes) {
  Operation made{op, fresh(op), std::move(inputs), {}, std::move(attributes)};
  for (std::size_t i = 0; i < num_outputs; ++i) made.outputs.push_back(fresh(op + ":out"));
  stack_.back().operations.push_back(made);
  return made.outputs;
}

void Emitter::rename(const std::string& value, const std::string& name) {
  stack_.back().operations.push_back({"Identity", fresh("Identity"), {value}, {name}, {}});
}

std::string Emitter::constant(Tensor tensor) {
  const std::string key = fmt::format("{} {} {}", static_cast<int>(tensor.type),
                                      fmt::join(tensor.shape, ","), tensor.bytes);
  const auto found = constants_.find(key);
  if (found != constants_.end()) return found->second;
  const std::string path = std::exchange(path_, "");
  tensor.name = constants_[key] = fresh("constant");
  path_ = path;
  stack_.front().constants.push_back(std::move(tensor));
  return stack_.front().constants.back().name;
}

std::string Emitter::integers(const std::vector<std::int64_t>& values) {
  const auto count = static_cast<std::int64_t>(values.size());
  return constant({"", ElementType::I64, {count}, bytes_of(values)});
}

std::string Emitter::integer(std::int64_t value) {
  return constant({"", ElementType::I64, {}, bytes_of(std::vector<std::int64_t>{value})});
}

std::string Emitter::number(double value, DType dtype) { return numbers({value}, {}, dtype); }

std::string Emitter::numbers(const std::vector<double>& values,
                             const std::vector<std::int64_t>& shape, DType dtype) {
  if (dtype == DType::F64) return constant({"", ElementType::F64, shape, bytes_of(values)});
  const std::string out = constant(
      {"", ElementType::F32, shape, bytes_of(std::vector<float>(values.begin(), values.end()))});
  if (dtype == DType::F32) return out;
  return add("Cast", {out}, {{"to", static_cast<std::int64_t>(element_type(dtype))}});
}

std::string Emitter::tensor(int index) {
  const graph::OwnedTensor& owned = graph_.tensors[static_cast<std::size_t>(index)];
  if (owned_.insert(owned.path).second) {
    names_.insert(owned.path);
    stack_.front().constants.push_back({owned.path, element_type(owned.dtype), owned.shape, ""});
  }
  return owned.path;
}

Subgraph Emitter::end() {
  Subgraph out = std::move(stack_.back());
  stack_.pop_back();
  return out;
}

}  // namespace fdl::onnx
