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

Result<SampleRange> select_samples(const DataSplit& split, const SourceInfo& info) {
  Result<SampleRange> range = read_slice(split.slice, info.num_samples, split.span);
  if (!range || info.window == 0) return range;
  if (split.shuffle_seed) {
    return fail(error(Code::BadSlice, split.span,
                      "`shuffle_seed` cannot permute a text before it is sliced")
                    .help("leave it out; training visits the windows in random order"));
  }
  if (num_samples_in(*range, info) > 0) return range;
  return fail(error(Code::BadSlice, split.span,
                    "'{}' has {} tokens, too few for one window of {} and the token after it",
                    split.name, range->size(), info.window)
                  .help("make the slice longer, or the window shorter"));
}

}  // namespace fdl::job
