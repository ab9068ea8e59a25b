#pragma once

#include <string>

#include "lib/catalog/class_metric.h"
#include "lib/catalog/loss_fits.h"

namespace fdl::catalog {

// Output and target of one shape, and a mask that fits.
std::optional<std::string> value_metric_fits(const TensorTypes& types);

// How many columns are measured by themselves: those of [batch, outputs], else all values are one.
// 0 where the number is not known.
std::int64_t num_columns(const TensorType& output);

// Starts the declaration of a metric that compares numbers with numbers.
template <typename P>
EntryBuilder<P> declare_value_metric(std::string name, std::string summary) {
  EntryBuilder<P> entry(std::move(name), std::move(summary));
  entry.target(Values::Any, "f32[3]")
      .named_input("mask", "Which targets count, one for each target or each sample.",
                   Values::ZeroOrOne, "bool[3]")
      .fits([](const P&, const TensorTypes& types) { return value_metric_fits(types); });
  return entry;
}

}  // namespace fdl::catalog
