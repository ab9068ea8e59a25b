#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "lib/catalog/entry_spec.h"

// Conditions that several losses put on what they compare. Each is empty when it holds, else a
// sentence that says why not.
namespace fdl::catalog {

std::optional<std::string> needs_floating(const TensorType& output);

// Both of one floating-point type.
std::optional<std::string> needs_equal(const TensorType& output, const TensorType& target);

// A floating-point output, and another tensor of its shape and any dtype.
std::optional<std::string> needs_same_shape(const TensorType& output, std::string_view name,
                                            const TensorType& other);

// One row of floating-point numbers for each sample: [B, n].
std::optional<std::string> needs_rows(const TensorType& output);

// One value for each sample: [B].
std::optional<std::string> needs_one_a_sample(std::string_view name, const TensorType& type);

// A list of numbers for the last axis: none, one for all, or one for each place.
std::optional<std::string> needs_last_axis(std::string_view what, std::size_t count,
                                           const TensorType& output);

// Output [B, T, classes], target [B, S] of class numbers, and a length for each sample or none.
std::optional<std::string> ctc_fits(std::int64_t blank, const TensorTypes& types);

// The first sentence of several conditions.
std::optional<std::string> first_of(std::initializer_list<std::optional<std::string>> conditions);

}  // namespace fdl::catalog
