#pragma once

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "lib/catalog/init.h"
#include "lib/catalog/tensor_type.h"
#include "lib/config/bind.h"

// Losses, metrics, optimizers, schedules, datasets and transforms: entries of the catalogue that
// a manifest chooses by name, `{name: {parameters}}`. The running halves are in lib/nn/losses,
// lib/optim and lib/data.
namespace fdl::catalog {

// What numbers a tensor holds that a loss or metric compares.
enum class Values {
  Any,
  Probabilities,     // from 0 to 1
  LogProbabilities,  // logarithms of what sums to 1 over the last axis
  Positive,
  Classes,    // numbers of classes, from 0
  ClassSets,  // numbers of classes, each once; -1 ends the list
  ZeroOrOne,
  PlusMinus,  // 1 or -1
  Lengths,    // how many of a sequence count, at least 1
};
std::string_view to_string(Values values);  // "probabilities"

// One tensor that a loss or metric compares: an output of the model or a field of the data.
struct ComparedSpec {
  std::string name;  // the key that names it: "output", "target", "var"
  std::string doc;   // of those beyond output and target
  Values values = Values::Any;
  std::string example;  // a type without the batch axis that fits, together with the others'
  bool is_optional = false;
  // Where it is no output or field but a tensor of the model: "weight", under the path of the step
  // that the key names. Its type has no batch axis.
  std::string owned = "";
  bool is_by_name_only = false;  // an optional one that a field of its own name does not fill
};

// Whether a loss or metric takes tensors of these types, one for each of `compared`; an optional
// one may be absent. Empty when it does, else why not.
using TensorTypes = std::vector<TensorType>;
using Fit =
    std::function<std::optional<std::string>(const void* params, const TensorTypes& compared)>;

// The first values of a tensor of that shape, or why it cannot have them.
using Sizes = std::vector<std::int64_t>;
using InitResult = tl::expected<Init, std::string>;

// What a transform makes of a sample's field, or why it cannot take one of that type.
using ChangedType = tl::expected<TensorType, std::string>;
// A tensor that a parametrization computes another one from.
struct OriginalTensor {
  // Its first values: those that the computed tensor would have had, the lengths of its slices, or
  // the two vectors that its largest singular value belongs to.
  enum class Start { AsComputed, Lengths, LeftVector, RightVector };
  std::string name;  // "original0", "0._u"
  Sizes shape;
  Start start = Start::AsComputed;
  bool is_buffer = false;
  std::int64_t dim = 0;  // the axis of the slices; -1: the whole tensor is one

  friend bool operator==(const OriginalTensor&, const OriginalTensor&) = default;
};
using Originals = tl::expected<std::vector<OriginalTensor>, std::string>;
// Names that follow from the parameters of a metric and from what it compares.
using Names = std::vector<std::string>;
using NamesOf = std::function<Names(const void* params, const TensorTypes& compared)>;

struct EntrySpec {
  config::RecordSpec record;  // name, summary, parameters
  std::string source;
  std::function<std::shared_ptr<void>()> make_params;
  std::function<std::shared_ptr<void>(const void* params)> copy_params;
  // Of a loss or metric.
  std::vector<ComparedSpec> compared = {{"output", "", Values::Any, "f32[3]"},
                                        {"target", "", Values::Any, "f32[3]"}};
  Fit fits;
  // Of a loss: tensors as large as its output that it keeps for the backward pass, and that the
  // backward pass holds for a moment beside the gradient.
  int kept_outputs = 1, worked_outputs = 1;
  // Of a metric.
  bool higher_is_better = false;
  bool is_costly = false;  // its value takes a pass over everything that it has seen
  std::function<std::string(const void* params)> recorded_name;  // "top_5"; else the entry's own
  NamesOf parts;  // of several values, such as one for each class: each adds "/<part>" to the name
  NamesOf table_labels;    // of a metric that is a square table
  bool needs_end = false;  // of a schedule: it must know the number of steps
  std::function<InitResult(const void* params, const Sizes& shape)> initial;  // of an initializer
  // Of a parametrization: what a tensor of that shape is computed from, the first of them that
  // which takes its place; settles open parameters. And the floating-point operations an element.
  std::function<Originals(void* params, const Sizes& shape, bool is_transposed)> originals;
  std::function<std::int64_t(const void* params)> flops;
  std::function<bool(const void* params)> counts_epochs;  // of a schedule, where it can
  // Of an optimizer: numbers kept beside each number of a parameter, and `groups` as written.
  std::function<int(const void* params)> state_per_element;
  std::function<const config::Node&(const void* params)> groups;
  // Of a transform: the type of a sample after it; and whether it draws, anew in each epoch.
  std::function<ChangedType(const void* params, const TensorType& sample)> changed;
  bool draws = false;
  // Of a data source whose further keys name fields: where they go.
  std::function<config::Node&(void* params)> other_keys;

  const std::string& name() const { return record.name; }
};

template <typename P>
class EntryBuilder {
 public:
  EntryBuilder(std::string name, std::string summary)
      : record_(std::move(name), std::move(summary)) {
    spec_.make_params = [] { return std::make_shared<P>(); };
    spec_.copy_params = [](const void* params) {
      return std::make_shared<P>(*static_cast<const P*>(params));
    };
  }
  // `member` is P's own or one that P inherits from what several params structs share.
  template <typename M, typename Owner, typename... Options>
  requires std::derived_from<P, Owner> EntryBuilder& param(std::string name, M Owner::*member,
                                                           std::string doc, Options... options) {
    record_.field(std::move(name), static_cast<M P::*>(member), std::move(doc),
                  std::move(options)...);
    return *this;
  }
  EntryBuilder& source(std::string text) {
    spec_.source = std::move(text);
    return *this;
  }
  // P::reduction of a loss.
  EntryBuilder& reduction() {
    return param("reduction", &P::reduction, "What becomes of the values of all targets.",
                 config::choices({"mean", "sum"}));
  }
  // What the output and the target of a loss hold, each with a type that fits.
  EntryBuilder& output(Values values, std::string example) {
    return compared(0, values, std::move(example));
  }
  EntryBuilder& target(Values values, std::string example) {
    return compared(1, values, std::move(example));
  }
  EntryBuilder& no_target() {
    spec_.compared.resize(1);
    return *this;
  }
  // A further tensor that a loss compares, named by a key of its own.
  EntryBuilder& input(std::string name, std::string doc, Values values, std::string example) {
    spec_.compared.push_back({std::move(name), std::move(doc), values, std::move(example)});
    return *this;
  }
  EntryBuilder& optional_input(std::string name, std::string doc, Values values,
                               std::string example) {
    input(std::move(name), std::move(doc), values, std::move(example));
    spec_.compared.back().is_optional = true;
    return *this;
  }
  // A tensor of the step whose path the key `name` gives.
  EntryBuilder& owned_input(std::string name, std::string owned, std::string doc,
                            std::string example) {
    input(std::move(name), std::move(doc), Values::Any, std::move(example));
    spec_.compared.back().owned = std::move(owned);
    return *this;
  }
  EntryBuilder& optional_owned_input(std::string name, std::string owned, std::string doc,
                                     std::string example) {
    owned_input(std::move(name), std::move(owned), std::move(doc), std::move(example));
    spec_.compared.back().is_optional = true;
    return *this;
  }
  // (const P&, const TensorType& output, const TensorType& target) -> optional<string>; or
  // (const P&, const TensorTypes& compared), where there are others.
  template <typename F>
  EntryBuilder& fits(F check) {
    spec_.fits = [check](const void* params,
                         const TensorTypes& types) -> std::optional<std::string> {
      const P& p = *static_cast<const P*>(params);
      if constexpr (std::is_invocable_v<F, const P&, const TensorTypes&>) {
        return check(p, types);
      } else {
        return check(p, types[0], types[1]);
      }
    };
    return *this;
  }
  EntryBuilder& memory(int kept_outputs, int worked_outputs) {
    spec_.kept_outputs = kept_outputs;
    spec_.worked_outputs = worked_outputs;
    return *this;
  }
  // An optional input that only its key gives: a field of that name may well be something else.
  EntryBuilder& named_input(std::string name, std::string doc, Values values, std::string example) {
    optional_input(std::move(name), std::move(doc), values, std::move(example));
    spec_.compared.back().is_by_name_only = true;
    return *this;
  }
  EntryBuilder& higher_is_better() {
    spec_.higher_is_better = true;
    return *this;
  }
  EntryBuilder& lower_is_better() {
    spec_.higher_is_better = false;
    return *this;
  }
  EntryBuilder& costly() {
    spec_.is_costly = true;
    return *this;
  }
  // Of a metric: (const P&) -> std::string.
  template <typename F>
  EntryBuilder& recorded_name(F name) {
    spec_.recorded_name = [name](const void* params) {
      return name(*static_cast<const P*>(params));
    };
    return *this;
  }
  // Of a metric: (const P&, const TensorTypes& compared) -> Names.
  template <typename F>
  EntryBuilder& parts(F names) {
    spec_.parts = names_of(names);
    return *this;
  }
  template <typename F>
  EntryBuilder& table(F labels) {
    spec_.table_labels = names_of(labels);
    return *this;
  }
  // Of an optimizer: (const P&) -> int, numbers kept beside each number of a parameter.
  template <typename F>
  EntryBuilder& state(F count) {
    spec_.state_per_element = [count](const void* params) {
      return count(*static_cast<const P*>(params));
    };
    return *this;
  }
  // P::maximize of an optimizer.
  EntryBuilder& maximize() {
    return param("maximize", &P::maximize, "Make the loss larger instead of smaller.");
  }
  // P::groups of an optimizer.
  EntryBuilder& groups() {
    spec_.groups = [](const void* params) -> const config::Node& {
      return static_cast<const P*>(params)->groups;
    };
    return param("groups", &P::groups,
                 "Other values for some parameters, each with a pattern over their paths: "
                 "[{match: \"*.bias\", weight_decay: 0}]. Later ones win, key by key.");
  }
  // Of an initializer: (const P&, const Sizes& shape) -> Init or InitResult.
  template <typename F>
  EntryBuilder& initial(F rule) {
    spec_.initial = [rule](const void* params, const Sizes& shape) -> InitResult {
      return rule(*static_cast<const P*>(params), shape);
    };
    return *this;
  }
  // Of a transform: (const P&, const TensorType& sample) -> ChangedType.
  template <typename F>
  EntryBuilder& changes(F rule) {
    spec_.changed = [rule](const void* params, const TensorType& sample) -> ChangedType {
      return rule(*static_cast<const P*>(params), sample);
    };
    return *this;
  }
  EntryBuilder& draws() {
    spec_.draws = true;
    return *this;
  }
  // P::fields of a data source: what stands under keys that are no parameters.
  EntryBuilder& other_keys() {
    spec_.other_keys = [](void* params) -> config::Node& {
      return static_cast<P*>(params)->fields;
    };
    return *this;
  }
  // Of a parametrization: (P&, const Sizes& shape, bool is_transposed) -> Originals; `flops` an
  // element: (const P&) -> std::int64_t.
  template <typename F, typename Cost>
  EntryBuilder& originals(F rule, Cost flops) {
    spec_.originals = [rule](void* params, const Sizes& shape, bool is_transposed) -> Originals {
      return rule(*static_cast<P*>(params), shape, is_transposed);
    };
    spec_.flops = [flops](const void* params) { return flops(*static_cast<const P*>(params)); };
    return *this;
  }
  // P::unit of a schedule.
  EntryBuilder& unit() {
    spec_.counts_epochs = [](const void* params) {
      return static_cast<const P*>(params)->unit == "epochs";
    };
    return param("unit", &P::unit, "What its steps are: updates, or epochs.",
                 config::choices({"steps", "epochs"}));
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
  template <typename F>
  static NamesOf names_of(F names) {
    return [names](const void* params, const TensorTypes& compared) {
      return names(*static_cast<const P*>(params), compared);
    };
  }
  EntryBuilder& compared(std::size_t index, Values values, std::string example) {
    spec_.compared[index].values = values;
    spec_.compared[index].example = std::move(example);
    return *this;
  }

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
