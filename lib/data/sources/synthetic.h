#pragma once

#include "lib/catalog/datasets/synthetic.h"
#include "lib/data/source.h"
#include "lib/tensor/random.h"

// Drawing synthetic samples. Everything about a sample follows from the seed and its number, not
// from how many there are.
namespace fdl::data {

// Draws every sample of a synthetic source; `fields` are its inputs, then the target.
std::vector<FieldValues> draw_samples(const catalog::SyntheticParams& params,
                                      const std::vector<job::Field>& fields);

// What the kinds draw with.
struct Drawer {
  const catalog::SyntheticParams& params;
  const std::vector<job::Field>& fields;
  tensor::StreamKey key;
  bool is_copy = false;  // the target is to be one of the inputs, so none has to be made up

  const job::Field& target() const { return fields.back(); }
  // [samples, sizes of the field], the longest where they differ.
  at::Tensor empty(const job::Field& field) const;
  std::vector<std::int64_t> sizes(const job::Field& field) const;  // of one sample
  at::Tensor labels() const;                                       // i64[samples] below `classes`
  // Lengths along a named axis by sample, the same for each field that has it; none if it has none.
  std::vector<std::int64_t> lengths(const job::Field& field) const;
  FieldValues values(const job::Field& field, at::Tensor drawn) const;
  // An input that the kind is not about: N(0, 1), any token, or true.
  at::Tensor any(const job::Field& field) const;
};

// One for each kind: the values of all fields.
std::vector<FieldValues> draw_regression(const Drawer& drawer);
std::vector<FieldValues> draw_sequences(const Drawer& drawer);
std::vector<FieldValues> draw_classification(const Drawer& drawer);
std::vector<FieldValues> draw_images(const Drawer& drawer);        // synthetic_images.cpp
std::vector<FieldValues> draw_segmentation(const Drawer& drawer);  // synthetic_images.cpp
std::vector<FieldValues> draw_tokens(const Drawer& drawer);        // synthetic_tokens.cpp

}  // namespace fdl::data
