#include "lib/runs/feed.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/job/run_folder.h"
#include "lib/monitor/part_json.h"
#include "lib/runs/summary.h"

namespace fdl::runs {
namespace {

using monitor::Position;
using nlohmann::ordered_json;

constexpr std::size_t kPointsOfDocument = 4000;      // of each series: two for a pixel
constexpr std::size_t kKeptBytes = 1 << 20;          // of parts that were sent
constexpr std::uint64_t kFarBehindBytes = 4U << 20;  // of records: the document is shorter
constexpr std::uint64_t kReadBytes = 16U << 20;      // at a time

}  // namespace

std::string last_words(const std::filesystem::path& run) {
  const Result<std::string> text = read_file(run / "log.txt");
  if (!text || text->empty()) return "";
  std::string out = *text;
  while (!out.empty() && out.back() == '\n') out.pop_back();
  std::size_t begin = out.size();
  for (int lines = 0; lines < 20 && begin != std::string::npos && begin > 0; ++lines)
    begin = out.rfind('\n', begin - 1);
  return begin == std::string::npos || begin == 0 ? out : out.substr(begin + 1);
}

Feed::Feed(std::filesystem::path run) : run_(std::move(run)), reader_(run_ / "events.jsonl") {
  read_on();
}

void Feed::take_state(bool is_held) {
  const std::string state = state_of(whole_.status, is_held);
  if (state == state_) return;
  state_ = state;
  last_words_ = state == "killed" || state == "failed" ? last_words(run_) : "";
  changed_.notify_all();
}

void Feed::take(std::vector<monitor::EventReader::Placed> events) {
  if (events.empty()) return;
  monitor::Part part;
  for (const auto& placed : events) part.add(fold_.take(placed.event));
  whole_.add(part);
  part.status.state.clear();  // the lock has the last word
  const Position begin = sent_.empty() ? Position() : sent_.back().end;
  sent_.push_back({begin, events.back().end, monitor::to_line(to_json(part))});
  sent_bytes_ += sent_.back().json.size();
  while (sent_.size() > 1 && sent_bytes_ > kKeptBytes) {
    sent_bytes_ -= sent_.front().json.size();
    sent_.pop_front();
  }
  changed_.notify_all();
}

void Feed::read_on() {
  const std::lock_guard lock(mutex_);
  // Before reading: what a run recorded last is then read before it counts as killed.
  const bool is_held = job::is_running(run_);
  for (;;) {
    auto events = reader_.read_new(kReadBytes);
    if (!events) {  // cut back to a checkpoint: from the beginning again
      reader_ = monitor::EventReader(run_ / "events.jsonl");
      fold_ = {};
      whole_ = {};
      sent_.clear();
      sent_bytes_ = 0;
      changed_.notify_all();
      continue;
    }
    if (events->empty()) break;
    take(*std::move(events));
  }
  take_state(is_held);
}

monitor::Status Feed::status() {
  const std::lock_guard lock(mutex_);
  return status_now();
}

monitor::Status Feed::status_now() const {
  monitor::Status out = whole_.status;
  out.state = state_;
  out.last_words = last_words_;
  return out;
}

ordered_json Feed::document_now(std::size_t points_of_series) const {
  monitor::Part shown = {{}, whole_.marks, whole_.tables, status_now()};
  for (const auto& [name, series] : whole_.series)
    shown.series[name] = thinned(series, points_of_series);
  ordered_json out = to_json(shown);
  out["position"] = to_string(reader_.position());
  return out;
}

ordered_json Feed::document() {
  const std::lock_guard lock(mutex_);
  return document_now(kPointsOfDocument);
}

ordered_json Feed::document_within(std::size_t points_in_all) {
  const std::lock_guard lock(mutex_);
  const auto in_all = [&](std::size_t points_of_series) {
    std::size_t out = 0;
    for (const auto& [name, series] : whole_.series)
      out += std::min(series.size(), points_of_series);
    return out;
  };
  std::size_t fits = 4, does_not = points_in_all + 1;  // the most that fits lies between
  while (does_not - fits > 1) {
    const std::size_t middle = fits + (does_not - fits) / 2;
    (in_all(middle) <= points_in_all ? fits : does_not) = middle;
  }
  return document_now(fits);
}

ordered_json Feed::series(const Stretch& wanted) {
  const std::lock_guard lock(mutex_);
  monitor::Part shown;
  for (const std::string& name : wanted.names) {
    const auto found = whole_.series.find(name);
    if (found == whole_.series.end()) continue;
    shown.series[name] =
        thinned(between(found->second, wanted.axis, wanted.from, wanted.to), wanted.points);
  }
  ordered_json out = to_json(shown);
  if (!out.contains("series")) out["series"] = ordered_json::object();
  return out;
}

std::map<std::string, double> Feed::last_values() {
  const std::lock_guard lock(mutex_);
  std::map<std::string, double> out;
  for (const auto& [name, series] : whole_.series) out[name] = series.value.back();
  return out;
}

// From the records themselves, for somebody who comes from another server or from long ago.
Feed::Next Feed::catch_up(const Position& at) {
  monitor::EventReader reader(run_ / "events.jsonl");
  monitor::Fold fold;
  monitor::Part part;
  const Position& here = reader_.position();  // no further: the rest comes with its own part
  while (reader.position().bytes < here.bytes) {
    const auto events = reader.read_new(std::min(kReadBytes, here.bytes - reader.position().bytes));
    if (!events || reader.position().file != here.file) return {Next::Kind::Reset, {}, "{}"};
    if (events->empty()) break;
    for (const auto& placed : *events) {
      const monitor::Part one = fold.take(placed.event);
      if (placed.end.bytes > at.bytes && placed.end.bytes <= here.bytes) part.add(one);
    }
  }
  part.status.state.clear();
  return {Next::Kind::Part, here, monitor::to_line(to_json(part))};
}

Feed::Next Feed::next_now(const Position& at, const std::string& state) {
  const Position& here = reader_.position();
  const bool is_ours = (at.file == here.file || at == Position()) && at.bytes <= here.bytes;
  if (!is_ours) return {Next::Kind::Reset, {}, "{}"};
  if (at.bytes < here.bytes) {
    for (const Sent& sent : sent_) {
      if (sent.begin == at) return {Next::Kind::Part, sent.end, sent.json};
    }
    if (here.bytes - at.bytes > kFarBehindBytes) return {Next::Kind::Reset, {}, "{}"};
    return catch_up(at);
  }
  if (state == state_) return {};
  monitor::Status now;
  now.state = state_;
  now.last_words = last_words_;
  return {Next::Kind::Status, {}, monitor::to_line({{"status", to_json(now)}})};
}

Feed::Next Feed::next(const Position& at, const std::string& state,
                      std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  std::unique_lock lock(mutex_);
  for (;;) {
    Next found = next_now(at, state);
    if (found.kind != Next::Kind::Nothing) return found;
    if (changed_.wait_until(lock, until) == std::cv_status::timeout) return {};
  }
}

}  // namespace fdl::runs
