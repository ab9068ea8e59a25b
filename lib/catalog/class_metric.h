#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/catalog/class_axis.h"
#include "lib/catalog/entry_spec.h"

// What metrics over classes share: three forms, told apart by the shapes of output and target.
namespace fdl::catalog {

// Multiclass: the output has a class axis, the target holds class numbers. Binary: each number of
// the output is one decision. Multilabel: one decision for each label, along the class axis.
enum class ClassTask { Multiclass, Binary, Multilabel };

struct ClassForm {
  ClassTask task = ClassTask::Multiclass;
  std::optional<std::size_t> axis;  // of classes or labels; none where all numbers are decisions
  std::int64_t num_classes = 0;     // or labels, 1 of a binary form; 0 where it is not a number
  std::string why_not;              // a sentence, when the tensors have none of the forms
};

// Class numbers go with an output that has one more axis (find_class_axis), which is binary where
// that axis has length 1. Tensors of one shape are multilabel along `class_dim`, or along axis 1 of
// [batch, labels]; else, and where there is one label, binary.
ClassForm find_class_form(const TensorType& output, const TensorType& target,
                          std::optional<std::int64_t> class_dim);

struct ClassParams {
  std::optional<std::int64_t> class_dim;
  std::int64_t ignore_index = -100;
};
struct DecisionParams : ClassParams {
  double threshold = 0.5;
  bool logits = true;
};
struct ProbabilityParams : ClassParams {
  bool logits = true;
};
struct AverageParams {
  std::string average = "macro";
  std::vector<std::string> class_names;
};
struct RankingParams : ProbabilityParams, AverageParams {
  std::optional<std::int64_t> thresholds;
};

// What a metric over classes asks of its tensors beyond a form.
struct ClassNeeds {
  bool one_class = true;     // takes a binary form
  bool many_labels = true;   // takes a multilabel form
  bool known_number = true;  // keeps something for each class
};

// Output, target and mask against those needs, and names against the number of classes.
std::optional<std::string> class_metric_fits(const TensorTypes& types, const ClassParams& params,
                                             const ClassNeeds& needs,
                                             const std::vector<std::string>& class_names);

// The names of classes: those given, or "0", "1", ...
Names class_labels(const TensorTypes& types, const ClassParams& params,
                   const std::vector<std::string>& class_names);

// A mask has the target's shape, or one value a sample; booleans, or numbers of which 0 is false.
std::optional<std::string> mask_fits(const TensorType& target, const TensorType& mask);

namespace detail {

template <typename P>
const std::vector<std::string>& names_in(const P& p) {
  static const std::vector<std::string> kNone;
  if constexpr (std::derived_from<P, AverageParams>) return p.class_names;
  return kNone;
}

template <typename P>
void add_decision_params(EntryBuilder<P>& entry) {
  if constexpr (requires { &P::threshold; })
    entry.param("threshold", &P::threshold,
                "Probability above which a binary or multilabel output says yes.",
                config::between(0, 1));
  if constexpr (requires { &P::logits; })
    entry.param("logits", &P::logits,
                "The output is before its sigmoid or softmax; false where it holds probabilities.");
}

template <typename P>
void add_averages(EntryBuilder<P>& entry, std::vector<std::string> averages) {
  entry
      .param(
          "average", &P::average,
          "Over classes: `macro` is their mean, `weighted` weights it by the targets of a class, "
          "`none` records each class by itself" +
              std::string(averages.size() > 3 ? ", `micro` counts all classes together." : "."),
          config::choices(std::move(averages)))
      .param("class_names", &P::class_names, "Names of the classes, where each is recorded.")
      .parts([](const P& p, const TensorTypes& types) {
        if (p.average != "none") return Names{""};
        const ClassForm form = find_class_form(types[0], types[1], p.class_dim);
        return form.task == ClassTask::Binary ? Names{""} : class_labels(types, p, p.class_names);
      });
}

}  // namespace detail

// Starts the declaration of a metric over classes; P is derived from ClassParams.
template <typename P>
EntryBuilder<P> declare_class_metric(std::string name, std::string summary, ClassNeeds needs = {},
                                     std::vector<std::string> averages = {"macro", "weighted",
                                                                          "none", "micro"}) {
  EntryBuilder<P> entry(std::move(name), std::move(summary));
  detail::add_decision_params(entry);
  if constexpr (std::derived_from<P, AverageParams>)
    detail::add_averages(entry, std::move(averages));
  entry.param("ignore_index", &P::ignore_index, "Targets with this number do not count.")
      .param("class_dim", &P::class_dim,
             "The axis of classes or labels, where the shapes alone do not tell.")
      .target(Values::Classes, "i64[]")
      .named_input("mask", "Which targets count, one for each target or each sample.",
                   Values::ZeroOrOne, "bool[]")
      .fits([needs](const P& p, const TensorTypes& types) {
        return class_metric_fits(types, p, needs, detail::names_in(p));
      })
      .higher_is_better();
  return entry;
}

// Starts the declaration of a metric that looks at the order of all scores of a class.
template <typename P>
EntryBuilder<P> declare_ranking_metric(std::string name, std::string summary) {
  EntryBuilder<P> entry = declare_class_metric<P>(std::move(name), std::move(summary), {},
                                                  {"macro", "weighted", "none"});
  entry
      .param("thresholds", &P::thresholds,
             "Keep how many scores fall between so many evenly spaced probabilities, instead of "
             "every score: memory stays bounded, scores that fall together count as equal.",
             config::at_least(2))
      .costly();
  return entry;
}

}  // namespace fdl::catalog
