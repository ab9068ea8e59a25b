#include "lib/serve/routes.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/config/yaml.h"
#include "lib/monitor/page.h"
#include "lib/monitor/part_json.h"
#include "lib/runs/control.h"
#include "lib/runs/document.h"
#include "lib/runs/settings.h"
#include "lib/serve/gate.h"

namespace fdl::serve {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using runs::Feed;

using Milliseconds = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

constexpr Milliseconds kReadPeriod{100};
constexpr Seconds kKeptUnused{60};
constexpr Milliseconds kPatience{500};  // of a stream, between two looks at whether it is over
constexpr Seconds kHeartbeat{10};       // when there is nothing else to send
constexpr std::size_t kMostPoints = 20'000;
constexpr std::uint64_t kLogBytes = 256 << 10;
constexpr std::size_t kMostNote = 8 << 10;

Response json(const ordered_json& body) {
  return {200, "application/json", monitor::to_line(body) + "\n"};
}

Response failure(const Diagnostic& d, int status = 404) {
  return refusal(status, d.message, d.help_text);
}

double number_of(const Request& request, const char* key, double otherwise) {
  return config::parse_number(request.parameter(key)).value_or(otherwise);
}

// One server-sent event. JSON on one line has no line's end in it.
std::string sent(const char* name, const Feed::Next& next) {
  std::string out;
  if (next.kind == Feed::Next::Kind::Part) out = "id: " + to_string(next.end) + "\n";
  return out + "event: " + name + "\ndata: " + next.json + "\n\n";
}

const char* type_of(const std::string& name) {
  constexpr std::pair<std::string_view, const char*> kTypes[] = {
      {".png", "image/png"}, {".json", "application/json"}, {".jsonl", "application/json"}};
  for (const auto& [ending, type] : kTypes) {
    if (name.ends_with(ending)) return type;
  }
  return "text/plain; charset=utf-8";
}

}  // namespace

Feeds::Feeds() : thread_([this] { read_on(); }) {}

Feeds::~Feeds() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Feeds::forget_unused() {
  std::erase_if(held_, [](const auto& one) {
    return one.second.feed.use_count() == 1 && Clock::now() - one.second.used > kKeptUnused;
  });
}

void Feeds::read_now() {
  std::unique_lock lock(mutex_);
  const std::map<std::string, Held> now = held_;
  lock.unlock();
  for (const auto& [id, held] : now) held.feed->read_on();
}

void Feeds::read_on() {
  std::unique_lock lock(mutex_);
  while (!is_over_) {
    forget_unused();
    std::vector<std::shared_ptr<Feed>> now;
    for (const auto& [id, held] : held_) now.push_back(held.feed);
    lock.unlock();
    for (const std::shared_ptr<Feed>& feed : now) feed->read_on();
    now.clear();
    lock.lock();
    if (held_.empty())
      wake_.wait(lock, [&] { return is_over_ || !held_.empty(); });
    else
      wake_.wait_for(lock, kReadPeriod, [&] { return is_over_; });
  }
}

std::shared_ptr<Feed> Feeds::of(const std::string& id, const fs::path& run) {
  std::unique_lock lock(mutex_);
  if (const auto found = held_.find(id); found != held_.end()) {
    found->second.used = Clock::now();
    return found->second.feed;
  }
  lock.unlock();  // a long run takes a while to read: others go on meanwhile
  auto feed = std::make_shared<Feed>(run);
  lock.lock();
  Held& held = held_.try_emplace(id, Held{feed, Clock::now()}).first->second;
  wake_.notify_all();
  return held.feed;
}

Routes::Routes(runs::RunList& runs, std::string opened) : runs_(runs), opened_(std::move(opened)) {}

std::shared_ptr<Feed> Routes::feed(const Request& request, const fs::path& run) {
  return feeds_.of(request.parameter("id"), run);
}

void Routes::stop() {
  feeds_.read_now();
  is_over_ = true;
}

Response Routes::answer(const Request& request) {
  if (request.path == "/") return {200, "text/html; charset=utf-8", monitor::live_page()};
  if (request.path == "/metrics")
    return {200, "text/plain; version=0.0.4; charset=utf-8", prometheus_text(runs_, feeds_)};
  if (request.path == "/api/runs") return list();
  if (request.path == "/api/diff") return differences(request);
  const std::string id = request.parameter("id");
  const auto run = runs_.find(id);
  if (!request.path.starts_with("/api/"))
    return refusal(404, fmt::format("there is nothing at '{}'", request.path), "the page is at /");
  if (!run) return refusal(404, fmt::format("there is no run '{}'", id), "/api/runs lists them");
  if (request.method == "POST") return post(request, *run);
  if (request.path == "/api/run") return document(request, *run);
  if (request.path == "/api/events") return events(request, *run);
  if (request.path == "/api/series") return series(request, *run);
  if (request.path == "/api/sample") return sample(request, *run);
  if (request.path == "/api/log")
    return {200, "text/plain; charset=utf-8", runs::end_of_log(*run, kLogBytes)};
  if (request.path == "/api/graph") {
    const Result<std::string> drawn = runs::graph_svg(*run);
    return drawn ? Response{200, "image/svg+xml", *drawn} : failure(drawn.error());
  }
  return refusal(404, fmt::format("there is nothing at '{}'", request.path), "the page is at /");
}

Response Routes::list() {
  return json({{"folder", runs_.folder().string()},
               {"version", FDL_VERSION},
               {"opened", opened_},
               {"may_change", true},
               {"runs", runs_.summaries()}});
}

Response Routes::document(const Request& request, const fs::path& run) {
  ordered_json out = {{"id", request.parameter("id")}};
  out.update(feed(request, run)->document());
  out["summary"] = {{"id", request.parameter("id")}};
  out["summary"].update(runs::to_json(runs::summarize(run)));
  out.update(runs::about_run(run));
  return json(out);
}

Response Routes::events(const Request& request, const fs::path& run) {
  const std::string last = request.header("last-event-id");
  const std::string from = last.empty() ? request.parameter("from") : last;
  auto at = monitor::parse_position(from);
  if (!from.empty() && !at)
    return refusal(400, fmt::format("'{}' is no position", from),
                   "/api/run gives one as \"position\"");
  Response out{200, "text/event-stream", "", {}};
  using Clock = std::chrono::steady_clock;
  out.stream = [this, feed = feed(request, run), here = at.value_or(monitor::Position()),
                state = std::string(), quiet_since = Clock::now()](std::string& piece) mutable {
    const Feed::Next next = feed->next(here, state, is_over_ ? Milliseconds(0) : kPatience);
    using Kind = Feed::Next::Kind;
    if (next.kind == Kind::Part) {
      here = next.end;
      piece = sent("part", next);
    } else if (next.kind == Kind::Status) {
      state = feed->status().state;
      piece = sent("status", next);
    } else if (next.kind == Kind::Reset) {
      piece = sent("reset", next);
      return false;
    } else if (is_over_) {  // all that there is was sent
      return false;
    } else if (Clock::now() - quiet_since > kHeartbeat) {
      piece = ": alive\n\n";
    }
    if (!piece.empty()) quiet_since = Clock::now();
    return true;
  };
  return out;
}

Response Routes::series(const Request& request, const fs::path& run) {
  runs::Stretch wanted;
  const auto [begin, end] = request.query.equal_range("name");
  for (auto name = begin; name != end; ++name) wanted.names.push_back(name->second);
  wanted.axis = request.parameter("x") == "time" ? monitor::Axis::Time : monitor::Axis::Step;
  wanted.from = number_of(request, "from", -HUGE_VAL);
  wanted.to = number_of(request, "to", HUGE_VAL);
  const double points = number_of(request, "points", 2000);
  wanted.points = static_cast<std::size_t>(std::clamp(points, 4.0, double{kMostPoints}));
  return json(feed(request, run)->series(wanted));
}

Response Routes::differences(const Request& request) {
  std::vector<runs::Settings> columns;
  const auto [begin, end] = request.query.equal_range("id");
  for (auto id = begin; id != end; ++id) {
    const auto run = runs_.find(id->second);
    if (!run)
      return refusal(404, fmt::format("there is no run '{}'", id->second), "/api/runs lists them");
    const Result<runs::Settings> found = runs::settings_of(*run);
    if (!found) return failure(found.error());
    columns.push_back(*found);
  }
  ordered_json rows = ordered_json::array();
  for (const runs::Row& row : runs::rows_of(columns)) {
    if (!row.differs()) continue;
    ordered_json values = ordered_json::array();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const bool has = columns[i].count(row.name) != 0;
      values.push_back(has ? ordered_json(row.values[i]) : ordered_json(nullptr));
    }
    rows.push_back({{"path", row.name}, {"values", std::move(values)}});
  }
  return json({{"rows", std::move(rows)}});
}

// A name is looked up among those that are there, and never joined to a path before.
Response Routes::sample(const Request& request, const fs::path& run) {
  const std::string name = request.parameter("name");
  const std::vector<std::string> names = runs::samples_of(run);
  if (std::find(names.begin(), names.end(), name) == names.end())
    return refusal(404, fmt::format("there is no sample '{}'", name), "/api/run lists them");
  const Result<std::string> bytes = read_file(run / "samples" / name, 64 << 20);
  return bytes ? Response{200, type_of(name), *bytes} : failure(bytes.error());
}

Response Routes::post(const Request& request, const fs::path& run) {
  if (request.path == "/api/note") return note(request, run);
  const bool stops = request.path == "/api/stop";
  if (!stops && request.path != "/api/save")
    return refusal(404, fmt::format("nothing is changed at '{}'", request.path),
                   "/api/stop, /api/save and /api/note change something");
  const Result<void> asked = stops ? runs::stop(run) : runs::save_now(run);
  return asked ? json({{"done", true}}) : failure(asked.error(), 409);
}

Response Routes::note(const Request& request, const fs::path& run) {
  const auto given = nlohmann::json::parse(request.body, nullptr, false);
  job::RunNotes notes = job::read_notes(run);
  bool is_right = given.is_object() && request.body.size() <= kMostNote;
  const auto take = [&](const char* key, std::string& to) {
    if (!is_right || !given.contains(key)) return;
    is_right = given[key].is_string();
    if (is_right) to = given[key].get<std::string>();
  };
  take("name", notes.name);
  take("note", notes.note);
  if (is_right && given.contains("tags")) {
    notes.tags.clear();
    is_right = given["tags"].is_array();
    for (const auto& tag : is_right ? given["tags"] : nlohmann::json::array()) {
      is_right = is_right && tag.is_string();
      if (is_right) notes.tags.push_back(tag.get<std::string>());
    }
  }
  if (!is_right || notes.name.find_first_of("/@") != std::string::npos)
    return refusal(400, "this is no note",
                   "a JSON object of at most 8 KiB with \"name\" (without '/' and '@'), \"note\" "
                   "and \"tags\"");
  const Result<void> written = job::write_notes(run, notes);
  return written ? json({{"done", true}}) : failure(written.error(), 500);
}

}  // namespace fdl::serve
