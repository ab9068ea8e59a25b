#include "lib/catalog/class_metric.h"

#include <set>

#include <fmt/format.h>

namespace fdl::catalog {
namespace {

std::int64_t number_or_zero(const Dim& dim) { return dim.is_number() ? dim.number() : 0; }

ClassForm refused(std::string why) {
  ClassForm out;
  out.why_not = std::move(why);
  return out;
}

ClassForm labels_along(const Shape& shape, std::int64_t class_dim) {
  const ClassAxis found = find_shared_class_axis(shape, class_dim);
  if (!found.axis) return refused(found.why_not);
  const std::int64_t count = number_or_zero(shape[*found.axis]);
  return {count == 1 ? ClassTask::Binary : ClassTask::Multilabel, found.axis, count, ""};
}

std::optional<std::string> names_fit(const std::vector<std::string>& names, const ClassForm& form) {
  if (names.empty()) return std::nullopt;
  const std::int64_t num_classes = form.task == ClassTask::Binary ? 2 : form.num_classes;
  if (num_classes > 0 && static_cast<std::int64_t>(names.size()) != num_classes)
    return fmt::format("'class_names' has {} names for {} classes", names.size(), num_classes);
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (name.empty() || name.find('/') != std::string::npos)
      return fmt::format("the class name '{}' is empty or has a '/'", name);
    if (!seen.insert(name).second) return fmt::format("two classes are called '{}'", name);
  }
  return std::nullopt;
}

}  // namespace

ClassForm find_class_form(const TensorType& output, const TensorType& target,
                          std::optional<std::int64_t> class_dim) {
  if (!is_floating(output.dtype))
    return refused("the output must be floating-point, not " + to_string(output));
  if (output.shape == target.shape) {
    if (class_dim) return labels_along(output.shape, *class_dim);
    if (output.shape.size() == 2) return labels_along(output.shape, 1);
    return {ClassTask::Binary, std::nullopt, 1, ""};
  }
  const ClassAxis found = find_class_axis(output.shape, target.shape, class_dim);
  if (!found.axis) return refused(found.why_not);
  const std::int64_t count = number_or_zero(output.shape[*found.axis]);
  if (count == 1) return {ClassTask::Binary, found.axis, 1, ""};
  if (!is_integer(target.dtype))
    return refused("the target must hold class numbers (integers), not " + to_string(target));
  return {ClassTask::Multiclass, found.axis, count, ""};
}

std::optional<std::string> class_metric_fits(const TensorTypes& types, const ClassParams& params,
                                             const ClassNeeds& needs,
                                             const std::vector<std::string>& class_names) {
  const ClassForm form = find_class_form(types[0], types[1], params.class_dim);
  if (!form.why_not.empty()) return form.why_not;
  if (form.task == ClassTask::Binary && !needs.one_class)
    return "it needs an output with several classes, not " + to_string(types[0]);
  if (form.task == ClassTask::Multilabel && !needs.many_labels)
    return "it takes one class a target, and " + to_string(types[1]) + " holds several labels";
  if (form.num_classes == 0 && needs.known_number)
    return "the number of classes must be known, and is not in " + to_string(types[0]);
  if (auto why = names_fit(class_names, form)) return why;
  return types.size() > 2 ? mask_fits(types[1], types[2]) : std::nullopt;
}

Names class_labels(const TensorTypes& types, const ClassParams& params,
                   const std::vector<std::string>& class_names) {
  if (!class_names.empty()) return class_names;
  const ClassForm form = find_class_form(types[0], types[1], params.class_dim);
  const std::int64_t count = form.task == ClassTask::Binary ? 2 : form.num_classes;
  Names out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(std::to_string(i));
  return out;
}

std::optional<std::string> mask_fits(const TensorType& target, const TensorType& mask) {
  if (mask.is_absent || mask.shape == target.shape) return std::nullopt;
  if (mask.shape.size() == 1 && !target.shape.empty() && mask.shape[0] == target.shape[0])
    return std::nullopt;
  return fmt::format("mask must have the target's shape, or one value a sample: target {}, mask {}",
                     to_string(target), to_string(mask));
}

}  // namespace fdl::catalog
