// What reaches the dashboard: records of runs, and requests.
#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "lib/base/check.h"
#include "lib/base/files.h"
#include "lib/base/scratch_folder.h"
#include "lib/monitor/event_reader.h"
#include "lib/monitor/live_lines.h"
#include "lib/monitor/part_json.h"
#include "lib/monitor/plot.h"
#include "lib/monitor/thin.h"
#include "lib/serve/gate.h"
#include "lib/serve/routes.h"
#include "tests/fuzz/targets.h"

namespace fdl::fuzz {
namespace {

std::string_view take_line(std::string_view& bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(std::min(end + 1, bytes.size()));
  return line;
}

void look_at(const monitor::Part& part) {
  for (const auto& [name, series] : part.series) {
    FDL_CHECK(series.time_s.size() == series.size() && series.value.size() == series.size());
    const monitor::Series thin = monitor::thinned(series, 8);
    constexpr std::size_t kMost = 2 + 3 * 3;  // of each stretch two, and one that is no number
    FDL_CHECK(thin.size() <= std::min(series.size(), kMost));
    (void)monitor::between(series, monitor::Axis::Time, 0, 10);
    for (const bool is_log : {false, true}) {
      monitor::PlotSpec spec;
      spec.title = name;
      spec.is_log = is_log;
      (void)monitor::plot_text({{name, thin}}, spec, true);
      (void)monitor::plot_svg({{name, thin}}, spec);
    }
  }
  // A page reads it: it must be JSON.
  FDL_CHECK(!nlohmann::json::parse(monitor::to_line(to_json(part)), nullptr, false).is_discarded());
}

// One run, which requests are about.
struct House {
  House() : scratch(*ScratchFolder::make("fuzz")), list(scratch.path()), routes(list, "") {
    const std::filesystem::path run = scratch.path() / "m/one";
    FDL_CHECK(make_folders(run / "samples").has_value());
    FDL_CHECK(
        write_atomic(run / "manifest.yml", "training: {epochs: 1}  # fdl.yml:1\n").has_value());
    FDL_CHECK(write_atomic(run / "samples/step-1.txt", "text").has_value());
    FDL_CHECK(write_atomic(run / "events.jsonl",
                           "{\"event\":\"start\",\"time_s\":1}\n"
                           "{\"event\":\"epoch\",\"time_s\":2,\"step\":1,\"val/loss\":3}\n")
                  .has_value());
    routes.stop();  // streams give what there is, and wait for nothing
  }
  ScratchFolder scratch;
  runs::RunList list;
  serve::Routes routes;
};

}  // namespace

void events(std::string_view bytes) {
  monitor::Fold fold, again;
  monitor::Part whole;
  monitor::LiveLines live;
  bool is_second = false;
  std::vector<monitor::Part> halves(2);
  while (!bytes.empty()) {
    const std::string_view line = take_line(bytes);
    (void)monitor::parse_position(line);
    const auto event = monitor::parse_event(line);
    if (!event) continue;
    const auto back = monitor::parse_event(to_json_line(*event));
    FDL_CHECK(back && back->kind == event->kind && back->texts.size() == event->texts.size());
    const monitor::Part part = fold.take(*event);
    whole.add(part);
    halves[is_second ? 1 : 0].add(again.take(*event));
    is_second = is_second || line.size() % 3 == 0;
    live.take(*event);
    for (const std::string& shown : live.lines(40, true))
      FDL_CHECK(monitor::num_characters(shown) <= 40);
  }
  halves[0].add(halves[1]);
  FDL_CHECK(monitor::to_line(to_json(halves[0])) == monitor::to_line(to_json(whole)));
  look_at(whole);
}

// A line with the method and one with the path, then parameters and headers ("name=value" and
// "name: value"), then, after an empty line, the body.
void requests(std::string_view bytes) {
  static House house;
  const bool knows_token = bytes.find("secret") != std::string_view::npos;
  const serve::Gate gate("127.0.0.1", 3000, "secret");
  serve::Request request;
  request.method = take_line(bytes);
  request.path = take_line(bytes);
  for (std::string_view line = take_line(bytes); !line.empty(); line = take_line(bytes)) {
    const std::size_t equals = line.find('='), colon = line.find(": ");
    if (colon < equals)
      request.headers.emplace(line.substr(0, colon), line.substr(colon + 2));
    else if (equals != std::string_view::npos)
      request.query.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  request.body = bytes;
  if (request.path == "/api/graph") return;  // starts a program
  const auto refused = gate.refuse(request);
  FDL_CHECK(request.method != "POST" || refused || request.header("x-fdl-token") == "secret");
  const serve::Response answer = house.routes.answer(request);
  FDL_CHECK(answer.status == 200 || (answer.status >= 400 && answer.status < 500));
  FDL_CHECK(knows_token || answer.body.find("secret") == std::string::npos);
  std::string piece;
  for (int i = 0; answer.stream && i < 4; ++i) {
    if (!answer.stream(piece)) break;
  }
}

}  // namespace fdl::fuzz
