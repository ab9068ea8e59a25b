#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace fdl::catalog {

enum class DType { F32, F64, F16, BF16, I64, I32, I16, I8, U8, Bool };

std::string_view to_string(DType dtype);
std::optional<DType> parse_dtype(std::string_view text);
std::vector<std::string> dtype_names();
std::int64_t bytes_of(DType dtype);
bool is_floating(DType dtype);
bool is_integer(DType dtype);  // not bool

// The size of one axis: a number, or an expression over named axes such as B or T. Equal
// expressions compare equal after simplification (T + 2 - 2 is T). Arithmetic saturates.
class Dim {
 public:
  Dim(std::int64_t number = 0) : constant_(std::max(number, -INT64_MAX)) {}
  static Dim named(const std::string& name);

  bool is_number() const { return terms_.empty(); }
  std::int64_t number() const { return constant_; }  // of a number
  std::string text() const;
  // The size when every name in it has one.
  std::optional<std::int64_t> evaluate(const std::map<std::string, std::int64_t>& sizes) const;

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  // Rounds towards minus infinity; `b` must not be the number 0.
  friend Dim floor_div(const Dim& a, const Dim& b);
  friend bool operator==(const Dim& a, const Dim& b);

 private:
  struct Atom;
  struct Term {
    std::int64_t factor;
    std::shared_ptr<const Atom> atom;
  };
  static Dim of_atom(std::string text, Atom atom);
  Dim scaled(std::int64_t factor) const;

  std::int64_t constant_ = 0;
  std::map<std::string, Term> terms_;  // by the atom's text; factors are not 0
};

using Shape = std::vector<Dim>;

// "[B, 1, 28, 28]".
std::string to_string(const Shape& shape);
// Product of the axes; 1 for a scalar.
Dim num_elements(const Shape& shape);

// What is known of a tensor before it exists.
struct TensorType {
  DType dtype = DType::F32;
  Shape shape;             // with the batch axis, named B, where there is one
  bool is_absent = false;  // stands for an optional input that is not given

  static TensorType absent() { return {DType::F32, {}, true}; }

  friend bool operator==(const TensorType&, const TensorType&) = default;
};

// "f32[B, 1, 28, 28]".
std::string to_string(const TensorType& type);

// Reads "f32[1, 28, 28]" or "i64[T<=512]" as it stands in `model.inputs`: without the batch axis.
// Bounds of named axes go to `bounds`. Empty when it cannot be read; `why` then says what is wrong.
std::optional<TensorType> parse_tensor_type(std::string_view text,
                                            std::map<std::string, std::int64_t>& bounds,
                                            std::string& why);

}  // namespace fdl::catalog
