#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The rules of `training` that change or watch single updates.
namespace fdl::job {

// Numbers that the forward and backward pass compute in; parameters stay f32.
enum class Precision { F32, BF16, F16 };

// `training.device`: where the model computes.
struct DeviceChoice {
  enum class Kind { Auto, Cpu, Cuda } kind = Kind::Auto;
  int index = 0;  // of a CUDA device

  // "auto", "cpu", "cuda" or "cuda:1"; empty of another text.
  static std::optional<DeviceChoice> parse(std::string_view text);
};

// One rule of `training.clip`, over the gradients of some parameters together.
struct ClipRule {
  std::vector<std::string> paths;  // of trained tensors
  std::optional<double> norm;      // their norm is at most this
  double norm_type = 2;            // infinity: the largest absolute value
  std::optional<double> value;     // each element's absolute value is at most this; before `norm`
};

// `training.ema`: averages of the weights, which forget the old ones exponentially.
struct Ema {
  double decay = 0.999;
  bool warmup = true;      // decay is at most (1 + n) / (10 + n) at the n-th update
  std::int64_t every = 1;  // updates
  bool evaluates = true;   // validation measures the averages too

  // The share that stays of the average at its n-th renewal, from 0.
  double decay_at(std::int64_t n) const;
};

// `training.nan`: what happens at an update whose loss or gradients are not finite.
struct NanRule {
  enum class Action { Stop, Skip, Ignore } action = Action::Stop;
  std::int64_t most_skipped = 3;  // of a run
};

// `training.spikes`: losses far above those before them.
struct SpikeRule {
  double z = 6;              // standard deviations above the mean
  std::int64_t window = 50;  // of so many updates before
  enum class Action { Warn, Skip, Stop } action = Action::Warn;
};

// `training.watchdog`: steps that take far longer than those before are told of.
struct WatchdogRule {
  double factor = 10;        // times the median
  double least_s = 1;        // below which no step is slow
  std::int64_t window = 50;  // of so many steps before
};

}  // namespace fdl::job
