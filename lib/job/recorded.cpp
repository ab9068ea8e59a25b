// What a job records, and what is read from that: expressions and the rule that ends a run early.
#include <algorithm>
#include <set>

#include "lib/base/closest.h"
#include "lib/job/sections.h"

namespace fdl::job {
namespace {

using config::Node;

// Names without the part of the data that they are of.
std::vector<std::string> plain_names(const Training& training) {
  std::vector<std::string> out = {"loss"};
  for (const Metric& metric : training.metrics)
    out.insert(out.end(), metric.recorded.begin(), metric.recorded.end());
  return out;
}

std::vector<std::string> measured_parts(const Job& job) {
  std::vector<std::string> out;
  for (const DataSplit& split : job.splits) {
    if (split.name == "test" || split.name.starts_with("test/")) continue;
    if (split.name.starts_with("train/")) continue;  // of a phase, recorded as "train"
    out.push_back(split.name);
    const bool is_averaged =
        split.name != "train" && job.training.ema && job.training.ema->evaluates;
    if (is_averaged) out.push_back(averages_name(split.name));
  }
  return out;
}

std::optional<NamedExpression> read_expression(const config::Entry& entry, const Job& job,
                                               Diagnostics& problems) {
  if (!entry.value.is_scalar()) {
    problems.add(config::wrong_type(entry.value, entry.key, "a text such as \"sqrt(mse)\""));
    return std::nullopt;
  }
  const std::vector<std::string> plain = plain_names(job.training);
  std::vector<std::string> known = plain;
  for (const std::string& part : measured_parts(job)) {
    for (const std::string& name : plain) known.push_back(part + "/" + name);
  }
  const auto bad = [&](const std::string& why) {
    problems.add(error(Code::BadExpression, entry.value.span, "'{}' cannot be read: {}",
                       entry.value.text, why)
                     .note("this job records {}", one_of(known)));
  };
  auto parsed = Expression::parse(entry.value.text, known);
  if (!parsed) {
    bad(parsed.error());
    return std::nullopt;
  }
  const auto& names = parsed->names();
  const auto num_plain = std::count_if(names.begin(), names.end(), [&](const std::string& name) {
    return std::find(plain.begin(), plain.end(), name) != plain.end();
  });
  if (num_plain != 0 && num_plain != static_cast<std::ptrdiff_t>(names.size())) {
    bad("either all of its names say their part of the data, or none does");
    return std::nullopt;
  }
  return NamedExpression{entry.key, std::move(*parsed), num_plain > 0};
}

}  // namespace

std::string averages_name(const std::string& part) {
  const std::size_t set = std::min(part.find('/'), part.size());
  return part.substr(0, set) + "_ema" + part.substr(set);
}

std::vector<std::string> recorded_names(const Job& job) {
  std::vector<std::string> plain = plain_names(job.training), out;
  for (const NamedExpression& one : job.training.expressions)
    (one.is_of_each_part ? plain : out).push_back(one.name);
  for (const std::string& part : measured_parts(job)) {
    for (const std::string& name : plain) out.push_back(part + "/" + name);
  }
  return out;
}

bool is_computed(const Job& job, const std::string& metric, const Span& at, Diagnostics& problems) {
  const std::vector<std::string> names = recorded_names(job);
  if (std::find(names.begin(), names.end(), metric) != names.end()) return true;
  Diagnostic d = error(Code::UnknownMetric, at, "this job computes no metric '{}'", metric);
  if (const auto near = closest(metric, names)) d = std::move(d).help("did you mean '{}'?", *near);
  problems.add(std::move(d).note("it computes {}", one_of(names)));
  return false;
}

std::vector<Trend> read_trends(const Node& section, const TrendKeys& stalled,
                               const TrendKeys& converged, const Job& job, Diagnostics& problems) {
  std::vector<Trend> out;
  const auto read = [&](const char* key, trend::Kind kind, const TrendKeys& keys) {
    const Node* node = section.find(key);
    if (node == nullptr || node->is_null()) return;
    const Node* named = node->find("metric");
    if (is_computed(job, keys.metric, named != nullptr ? named->span : node->span, problems))
      out.push_back({{kind, static_cast<std::size_t>(keys.window), keys.tolerance}, keys.metric});
  };
  read("stalled", trend::Kind::Stalled, stalled);
  read("converged", trend::Kind::Converged, converged);
  return out;
}

void read_expressions(const Node& training, Job& job, Diagnostics& problems) {
  const Node* node = training.find("expressions");
  if (node == nullptr || node->is_null()) return;
  if (!node->is_map()) {
    problems.add(config::wrong_type(*node, "expressions", "a map of names to expressions"));
    return;
  }
  std::set<std::string> taken = {"epoch", "step", "loss"};
  for (const Metric& metric : job.training.metrics) taken.insert(metric.name);
  for (const config::Entry& entry : node->entries) {
    if (!taken.insert(entry.key).second) {
      problems.add(error(Code::NameCollision, entry.key_span, "'{}' is recorded already", entry.key)
                       .help("give the expression another name"));
    } else if (auto read = read_expression(entry, job, problems)) {
      job.training.expressions.push_back(std::move(*read));
    }
  }
}

void read_early_stop(const Node& training, Job& job, Diagnostics& problems) {
  const Node* node = training.find("early_stop");
  if (node == nullptr || node->is_null()) return;
  EarlyStopKeys keys;
  Diagnostics told_already;  // by the binding of all of `training`
  config::bind_record(record_spec(&keys), *node, &keys, told_already);
  if (told_already.has_errors()) return;
  EarlyStop out{keys.metric,
                false,
                keys.patience,
                keys.min_delta,
                keys.threshold,
                keys.min_epochs,
                read_trends(*node, keys.stalled, keys.converged, job, problems)};
  if (keys.metric.empty() && out.trends.empty()) {
    if (node->find("stalled") == nullptr && node->find("converged") == nullptr)
      problems.add(error(Code::MissingKey, node->span, "'early_stop' has nothing to look at")
                       .help("give `metric: val/loss`, or a trend: stalled: val/loss"));
    return;
  }
  if (!keys.metric.empty()) {
    const Node* named = node->find("metric");
    const Span at = named != nullptr ? named->span : node->span;
    if (!is_computed(job, keys.metric, at, problems)) return;
    out.higher_is_better =
        keys.mode.empty() ? job.training.higher_is_better(keys.metric) : keys.mode == "max";
  }
  job.training.early_stop = std::move(out);
}

}  // namespace fdl::job
