#include <charconv>
#include <cmath>

#include "lib/job/job.h"

namespace fdl::job {
namespace {

// One end of a slice as a number of samples; empty when it cannot be read.
std::optional<std::int64_t> read_end(std::string_view text, std::int64_t num_samples) {
  const bool percent = !text.empty() && text.back() == '%';
  if (percent) {
    text.remove_suffix(1);
    const auto share = config::parse_number(text);
    if (!share || !(*share >= 0 && *share <= 100)) return std::nullopt;
    return static_cast<std::int64_t>(std::floor(static_cast<double>(num_samples) * *share / 100.0));
  }
  std::int64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

}  // namespace

Result<SampleRange> read_slice(const std::string& text, std::int64_t num_samples,
                               const Span& span) {
  if (text.empty()) return SampleRange{0, num_samples};
  const std::size_t colon = text.find(':');
  std::optional<std::int64_t> begin = 0, end = num_samples;
  if (colon != std::string::npos) {
    if (colon > 0) begin = read_end(std::string_view(text).substr(0, colon), num_samples);
    if (colon + 1 < text.size())
      end = read_end(std::string_view(text).substr(colon + 1), num_samples);
  }
  if (colon == std::string::npos || !begin || !end) {
    return fail(error(Code::BadSlice, span, "the slice '{}' cannot be read", text)
                    .help("write \"start:stop\" in samples or percent: \":55000\", \"90%:\""));
  }
  if (*end > num_samples || *begin >= *end) {
    return fail(error(Code::BadSlice, span, "the slice '{}' selects samples {} to {} of {}", text,
                      *begin, *end, num_samples)
                    .help("the start must come before the stop, and the stop may be at most {}",
                          num_samples));
  }
  return SampleRange{*begin, *end};
}

std::int64_t num_samples_in(const SampleRange& range, const SourceInfo& info) {
  if (info.window == 0) return range.size();
  const std::int64_t room = range.size() - info.window - 1;
  return room < 0 ? 0 : room / info.stride + 1;
}

std::int64_t num_samples_in(const SampleRanges& ranges, const SourceInfo& info) {
  std::int64_t out = 0;
  for (const SampleRange& range : ranges) out += num_samples_in(range, info);
  return out;
}

Result<SampleRanges> select_places(const DataSplit& split, std::int64_t num_samples) {
  const Result<SampleRange> slice = read_slice(split.slice, num_samples, split.span);
  if (!slice) return fail(slice.error());
  if (!split.fold) return SampleRanges{*slice};
  const std::int64_t k = split.fold->k, index = split.fold->index;
  if (slice->size() < k) {
    return fail(error(Code::BadSlice, split.span, "{} samples cannot be cut into {} folds",
                      slice->size(), k)
                    .help("lower `k`, or make the slice longer"));
  }
  const auto cut = [&](std::int64_t i) {
    // size * i / k, without its size: both parts of it are below 2^63.
    return slice->begin + slice->size() / k * i + slice->size() % k * i / k;
  };
  const SampleRange fold{cut(index), cut(index + 1)};
  if (split.name != "train") return SampleRanges{fold};
  SampleRanges rest;
  if (fold.begin > slice->begin) rest.push_back({slice->begin, fold.begin});
  if (fold.end < slice->end) rest.push_back({fold.end, slice->end});
  return rest;
}

Result<SampleRanges> select_samples(const DataSplit& split, const SourceInfo& info) {
  Result<SampleRanges> ranges = select_places(split, info.num_samples);
  if (!ranges || info.window == 0) return ranges;
  if (split.shuffle_seed) {
    return fail(error(Code::BadSlice, split.span,
                      "`shuffle_seed` cannot permute a text before it is sliced")
                    .help("leave it out; training visits the windows in random order"));
  }
  std::int64_t num_tokens = 0, num_windows = 0;
  for (const SampleRange& range : *ranges) {
    num_tokens += range.size();
    num_windows += num_samples_in(range, info);
  }
  if (num_windows > 0) return ranges;
  return fail(error(Code::BadSlice, split.span,
                    "'{}' has {} tokens, too few for one window of {} and the token after it",
                    split.name, num_tokens, info.window)
                  .help("make the slice longer, or the window shorter"));
}

}  // namespace fdl::job
