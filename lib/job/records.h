#pragma once

#include <array>

#include "lib/catalog/passes.h"
#include "lib/config/bind.h"
#include "lib/config/tree.h"

// The keys of `data`, `training` and `output`, as they are written. job.cpp turns them into the
// typed job; parts that name entries of the catalogue stay trees until then.
namespace fdl::job {

struct LoaderKeys {
  std::int64_t workers = 1;
  std::int64_t prefetch = 4;
  bool shuffle = true;
  bool drop_last = false;
  config::Node sampler;
  std::string cache = "auto";
};
// What `cache` may be, in the order of Cache.
inline constexpr std::array<const char*, 4> kCaches = {"auto", "memory", "disk", "none"};
const config::RecordSpec& record_spec(const LoaderKeys*);

struct TransformKeys {
  config::Node all, train, eval, batch;
};
const config::RecordSpec& record_spec(const TransformKeys*);

struct FoldKeys {
  std::int64_t k = 5;
  std::int64_t index = 0;
};
const config::RecordSpec& record_spec(const FoldKeys*);

// What stands beside the source of a part of the data.
struct SplitKeys {
  std::string slice;
  std::optional<std::int64_t> shuffle_seed;
  FoldKeys fold;
  std::string limit;
};
const config::RecordSpec& record_spec(const SplitKeys*);

struct DataKeys {
  config::Node train, val, test;
  TransformKeys transforms;
  config::Node pad;
  LoaderKeys loader;
  bool allow_overlap = false;
};
const config::RecordSpec& record_spec(const DataKeys*);

struct ValidateKeys {
  std::string every = "1 epoch";
};
const config::RecordSpec& record_spec(const ValidateKeys*);

struct TrendKeys {
  std::string metric;
  std::int64_t window = 5;
  double tolerance = 1e-4;
};
const config::RecordSpec& record_spec(const TrendKeys*);

struct EarlyStopKeys {
  std::string metric;
  std::string mode;
  std::int64_t patience = 5;
  double min_delta = 0;
  std::optional<double> threshold;
  std::int64_t min_epochs = 0;
  TrendKeys stalled, converged;
};
const config::RecordSpec& record_spec(const EarlyStopKeys*);

struct ClipKeys {
  std::string match;
  std::optional<double> norm;
  double norm_type = 2;
  std::optional<double> value;
};
const config::RecordSpec& record_spec(const ClipKeys*);

struct EmaKeys {
  double decay = 0.999;
  bool warmup = true;
  std::int64_t every = 1;
  bool evaluate = true;
};
const config::RecordSpec& record_spec(const EmaKeys*);

struct SpikeKeys {
  double z = 6;
  std::int64_t window = 50;
  std::string action = "warn";
};
const config::RecordSpec& record_spec(const SpikeKeys*);

struct WatchdogKeys {
  double factor = 10;
  double least = 1;
  std::int64_t window = 50;
};
const config::RecordSpec& record_spec(const WatchdogKeys*);

// A number of samples, or `auto`: as many as the memory allows.
struct BatchSize {
  std::int64_t num_samples = 32;
  bool is_auto = false;

  // As a number that may be absent, for its range.
  bool has_value() const { return !is_auto; }
  std::int64_t operator*() const { return num_samples; }
};

struct UntilKeys {
  std::optional<std::int64_t> epochs, steps;
  std::string metric;
  std::optional<double> reaches;
  TrendKeys stalled, converged;
};
const config::RecordSpec& record_spec(const UntilKeys*);

struct PhaseKeys {
  std::string name;
  config::Node freeze, thaw, lr, optimizer, data;
  UntilKeys until;
};
const config::RecordSpec& record_spec(const PhaseKeys*);

struct TeacherKeys {
  std::string from;
};
const config::RecordSpec& record_spec(const TeacherKeys*);

struct CompileKeys : catalog::Passes {
  std::string mode = "auto";
};
const config::RecordSpec& record_spec(const CompileKeys*);

struct TrainingKeys {
  std::optional<std::int64_t> epochs;
  std::optional<std::int64_t> steps;
  BatchSize batch_size;
  std::int64_t accumulate = 1;
  std::int64_t seed = 42;
  std::string max_time;
  std::string precision = "f32";
  std::string device = "auto";
  config::Node loss, metrics, expressions;
  TeacherKeys teacher;
  config::Node optimizer, schedule, phases, clip;
  EmaKeys ema;
  config::Node nan;
  SpikeKeys spikes;
  WatchdogKeys watchdog;
  ValidateKeys validate;
  EarlyStopKeys early_stop;
  std::string deterministic = "true";
  CompileKeys compile;
  std::optional<std::int64_t> overfit;
  bool smoke = false;
};
const config::RecordSpec& record_spec(const TrainingKeys*);

struct BestKeys {
  std::string metric;
  std::string mode;
  std::int64_t n = 1;
};
const config::RecordSpec& record_spec(const BestKeys*);

struct KeepKeys {
  std::int64_t last = 1;
  BestKeys best;
};
const config::RecordSpec& record_spec(const KeepKeys*);

struct CheckpointKeys {
  std::string every = "1 epoch";
  bool initial = false;
  KeepKeys keep;
};
const config::RecordSpec& record_spec(const CheckpointKeys*);

struct SweepKeys {
  config::Node over;
  std::string method = "grid";
  std::string metric;
  std::string mode;
  std::int64_t n = 0;
  std::int64_t seed = 0;
  std::int64_t factor = 3;
};
const config::RecordSpec& record_spec(const SweepKeys*);

struct SampleKeys {
  std::int64_t n = 0;
  std::string every;
  std::int64_t length = 200;
};
const config::RecordSpec& record_spec(const SampleKeys*);

struct ObserveKeys {
  config::Node values;
  std::string every = "1 epoch";
};
const config::RecordSpec& record_spec(const ObserveKeys*);

struct OutputKeys {
  std::string dir = "runs";
  CheckpointKeys checkpoint;
  SampleKeys samples;
  ObserveKeys observe;
  std::optional<std::int64_t> monitor;
  bool tensorboard = false;
};
const config::RecordSpec& record_spec(const OutputKeys*);

}  // namespace fdl::job

namespace fdl::config {

template <>
struct ValueTraits<job::BatchSize> {
  static std::string type() { return "an integer or 'auto'"; }
  static Form form() {
    return Form::one_of({{Form::Kind::Integer}, {Form::Kind::Text, {}, 0, SIZE_MAX, {"auto"}}});
  }
  static bool read(const Node& node, job::BatchSize& out) {
    out.is_auto = node.is_scalar() && node.text == "auto";
    return out.is_auto || ValueTraits<std::int64_t>::read(node, out.num_samples);
  }
  static std::string show(const job::BatchSize& value) {
    return value.is_auto ? "auto" : std::to_string(value.num_samples);
  }
};

}  // namespace fdl::config
