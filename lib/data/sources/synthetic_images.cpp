// Pictures: patterns of waves, and boxes on a ground.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <numeric>

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>

#include "lib/data/sources/synthetic.h"

namespace fdl::data {
namespace {

using tensor::RandomStream;
using Sizes = std::vector<std::int64_t>;

constexpr int kWaves = 3;
constexpr double kNoise = 0.1;

std::uint64_t lane(std::int64_t number) { return static_cast<std::uint64_t>(number); }

// The first field that is a picture: floating-point, [channels, axes...].
std::size_t picture(const std::vector<job::Field>& fields) {
  std::size_t i = 0;
  while (!is_floating(fields[i].type.dtype) || fields[i].type.shape.size() < 2) ++i;
  return i;
}

// The place of element `index` along each axis.
void place_of(std::int64_t index, const Sizes& sizes, Sizes& place) {
  for (std::size_t axis = sizes.size(); axis-- > 0;) {
    place[axis] = index % sizes[axis];
    index /= sizes[axis];
  }
}

// Draws one value for each element: value(channel, its place's number among those of a channel).
template <typename F>
void fill(float* to, std::int64_t num_channels, std::int64_t num_places, RandomStream& noise,
          F value) {
  for (std::int64_t channel = 0; channel < num_channels; ++channel) {
    for (std::int64_t i = 0; i < num_places; ++i) {
      const double exact = value(static_cast<std::size_t>(channel), static_cast<std::size_t>(i));
      *to++ = static_cast<float>(exact + kNoise * noise.normal());
    }
  }
}

std::int64_t product_of(const Sizes& sizes) {
  return std::accumulate(sizes.begin(), sizes.end(), std::int64_t{1}, std::multiplies<>());
}

// A sum of plane waves, the pattern of one class; in [-0.9, 0.9].
struct Pattern {
  struct Wave {
    std::vector<double> frequencies;  // along each axis, in turns over its whole size
    std::vector<double> amplitudes;   // of each channel
    double phase = 0;
  };
  std::vector<Wave> waves;

  Pattern(RandomStream stream, const Sizes& sizes) {
    for (int i = 0; i < kWaves; ++i) {
      Wave wave;
      for (std::size_t axis = 1; axis < sizes.size(); ++axis)
        wave.frequencies.push_back(static_cast<double>(stream.below(9)) / 2 - 2);
      for (std::int64_t channel = 0; channel < sizes.front(); ++channel)
        wave.amplitudes.push_back((0.5 + 0.5 * stream.uniform()) * 0.9 / kWaves);
      wave.phase = stream.uniform();
      waves.push_back(std::move(wave));
    }
  }

  // Each wave at each place, without its amplitude: [places][kWaves].
  std::vector<double> heights(const Sizes& axes, double shift) const {
    Sizes place(axes.size());
    std::vector<double> out;
    const std::int64_t num_places = product_of(axes);
    out.reserve(static_cast<std::size_t>(num_places) * kWaves);
    for (std::int64_t i = 0; i < num_places; ++i) {
      place_of(i, axes, place);
      for (const Wave& wave : waves) {
        double turns = wave.phase + shift;
        for (std::size_t axis = 0; axis < axes.size(); ++axis)
          turns += wave.frequencies[axis] * static_cast<double>(place[axis]) /
                   static_cast<double>(axes[axis]);
        out.push_back(std::sin(2 * std::numbers::pi * turns));
      }
    }
    return out;
  }
};

// A box of a class: from a corner, along each axis.
struct Box {
  Sizes begin, end;
  std::int64_t label = 0;

  Box(RandomStream& stream, const Sizes& axes, std::int64_t own_label) : label(own_label) {
    for (const std::int64_t size : axes) {
      const std::int64_t least = std::max<std::int64_t>(size / 4, 1);
      const auto extent =
          least + static_cast<std::int64_t>(stream.below(static_cast<std::uint64_t>(least) + 1));
      const auto room = static_cast<std::uint64_t>(std::max<std::int64_t>(size - extent, 0));
      begin.push_back(static_cast<std::int64_t>(stream.below(room + 1)));
      end.push_back(begin.back() + extent);
    }
  }
  bool holds(const Sizes& place) const {
    for (std::size_t i = 0; i < place.size(); ++i) {
      if (place[i] < begin[i] || place[i] >= end[i]) return false;
    }
    return true;
  }
};

std::vector<FieldValues> other_inputs(const Drawer& d) {
  std::vector<FieldValues> out;
  for (std::size_t i = 0; i + 1 < d.fields.size(); ++i) {
    const bool is_picture = i == picture(d.fields);
    const job::Field& field = d.fields[i];
    out.push_back(d.values(field, is_picture ? d.empty(field).to(at::kFloat) : d.any(field)));
  }
  return out;
}

// draw(i) of each sample, on all threads: samples do not depend on each other.
template <typename F>
void for_samples(const Drawer& d, F draw) {
  at::parallel_for(0, d.params.samples, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) draw(i);
  });
}

// `drawn` in the dtype of its field.
void finish(FieldValues& drawn) {
  if (drawn.field.type.dtype == catalog::DType::F64) drawn.values = drawn.values.to(at::kDouble);
  if (drawn.field.type.dtype == catalog::DType::F16) drawn.values = drawn.values.to(at::kHalf);
  if (drawn.field.type.dtype == catalog::DType::BF16) drawn.values = drawn.values.to(at::kBFloat16);
}

}  // namespace

// Each class has a pattern of waves; a sample is it, shifted a little, with noise.
std::vector<FieldValues> draw_images(const Drawer& d) {
  const at::Tensor labels = d.labels();
  std::vector<FieldValues> out = other_inputs(d);
  FieldValues& image = out[picture(d.fields)];
  const Sizes sizes = d.sizes(image.field), axes(sizes.begin() + 1, sizes.end());
  const tensor::StreamKey own = d.key.with(image.field.name);
  const std::int64_t num_places = product_of(axes);
  auto* to = image.values.mutable_data_ptr<float>();
  const auto draw = [&](std::int64_t i) {
    const std::int64_t label = labels.const_data_ptr<std::int64_t>()[i];
    const Pattern pattern(RandomStream(own.with("patterns"), lane(label)), sizes);
    RandomStream stream(own.with("samples"), lane(i));
    const std::vector<double> heights = pattern.heights(axes, 0.1 * (stream.uniform() - 0.5));
    fill(to + i * sizes.front() * num_places, sizes.front(), num_places, stream,
         [&](std::size_t channel, std::size_t at) {
           double sum = 0;
           for (std::size_t w = 0; w < kWaves; ++w)
             sum += pattern.waves[w].amplitudes[channel] * heights[at * kWaves + w];
           return sum;
         });
  };
  for_samples(d, draw);
  finish(image);
  out.push_back(d.values(d.target(), labels));
  return out;
}

// One box of each class above 0 on a ground of class 0, later ones over earlier ones; each class
// has its own colour.
std::vector<FieldValues> draw_segmentation(const Drawer& d) {
  std::vector<FieldValues> out = other_inputs(d);
  FieldValues& image = out[picture(d.fields)];
  const Sizes sizes = d.sizes(image.field), axes(sizes.begin() + 1, sizes.end());
  const tensor::StreamKey own = d.key.with(image.field.name);
  Sizes all = axes;
  all.insert(all.begin(), d.params.samples);
  const std::int64_t num_places = product_of(axes);
  const at::Tensor truth = at::empty(all, at::kLong);
  auto* to = image.values.mutable_data_ptr<float>();
  auto* classes = truth.mutable_data_ptr<std::int64_t>();
  const auto num_channels = static_cast<std::size_t>(sizes.front());
  std::vector<double> colours(static_cast<std::size_t>(d.params.classes) * num_channels);
  RandomStream colour(own.with("colours"));
  for (double& one : colours) one = colour.normal();
  for_samples(d, [&](std::int64_t i) {
    RandomStream stream(own.with("samples"), lane(i));
    std::vector<Box> boxes;
    for (std::int64_t label = 1; label < d.params.classes; ++label)
      boxes.emplace_back(stream, axes, label);
    auto* labels = classes + i * num_places;
    Sizes place(axes.size());
    for (std::int64_t at = 0; at < num_places; ++at) {
      place_of(at, axes, place);
      const auto box = std::find_if(boxes.rbegin(), boxes.rend(),
                                    [&](const Box& one) { return one.holds(place); });
      labels[at] = box == boxes.rend() ? 0 : box->label;
    }
    fill(to + i * sizes.front() * num_places, sizes.front(), num_places, stream,
         [&](std::size_t channel, std::size_t at) {
           return colours[static_cast<std::size_t>(labels[at]) * num_channels + channel];
         });
  });
  finish(image);
  out.push_back(d.values(d.target(), truth));
  return out;
}

}  // namespace fdl::data
