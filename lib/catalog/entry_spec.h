#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/catalog/tensor_type.h"
#include "lib/config/bind.h"

// Losses, metrics, optimizers, schedules, datasets and transforms: entries of the catalogue that
// a manifest chooses by name, `{name: {parameters}}`. The running halves are in lib/nn/losses,
// lib/optim and lib/data.
namespace fdl::catalog {

// What a loss or metric is compared on. Class axes are found by shape (docs/reference of manifest
// §5).
using Fit = std::function<std::optional<std::string>(const void* params, const TensorType& output,
                                                     const TensorType& target)>;

struct EntrySpec {
  config::RecordSpec record;  // name, summary, parameters
  std::string source;
  std::function<std::shared_ptr<void>()> make_params;
  Fit fits;                       // of a loss or metric: empty when it fits, else why not
  bool higher_is_better = false;  // of a metric
  bool needs_end = false;         // of a schedule: it must know the number of steps

  const std::string& name() const { return record.name; }
};

template <typename P>
class EntryBuilder {
 public:
  EntryBuilder(std::string name, std::string summary)
      : record_(std::move(name), std::move(summary)) {
    spec_.make_params = [] { return std::make_shared<P>(); };
  }
  template <typename M, typename... Options>
  EntryBuilder& param(std::string name, M P::*member, std::string doc, Options... options) {
    record_.field(std::move(name), member, std::move(doc), std::move(options)...);
    return *this;
  }
  EntryBuilder& source(std::string text) {
    spec_.source = std::move(text);
    return *this;
  }
  // (const P&, const TensorType& output, const TensorType& target) -> optional<string>.
  template <typename F>
  EntryBuilder& fits(F check) {
    spec_.fits = [check](const void* params, const TensorType& output, const TensorType& target) {
      return check(*static_cast<const P*>(params), output, target);
    };
    return *this;
  }
  EntryBuilder& higher_is_better() {
    spec_.higher_is_better = true;
    return *this;
  }
  EntryBuilder& needs_end() {
    spec_.needs_end = true;
    return *this;
  }
  operator EntrySpec() const {
    EntrySpec out = spec_;
    out.record = record_.build();
    return out;
  }

 private:
  EntrySpec spec_;
  config::RecordBuilder<P> record_;
};

template <typename P>
EntryBuilder<P> declare_entry(std::string name, std::string summary) {
  return EntryBuilder<P>(std::move(name), std::move(summary));
}

// An entry that a manifest has chosen, with its parameters.
struct Choice {
  const EntrySpec* spec = nullptr;
  std::shared_ptr<const void> params;
  Span span;

  const std::string& name() const { return spec->name(); }
  template <typename P>
  const P& as() const {
    return *static_cast<const P*>(params.get());
  }
};

}  // namespace fdl::catalog
