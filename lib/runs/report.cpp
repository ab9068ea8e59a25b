#include "lib/runs/report.h"

#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "lib/monitor/page.h"
#include "lib/monitor/part_json.h"
#include "lib/runs/document.h"
#include "lib/runs/feed.h"
#include "lib/runs/summary.h"

namespace fdl::runs {
namespace {

using nlohmann::ordered_json;

constexpr std::size_t kSeriesBytes = 1'300'000;  // what is left of 2 MiB by the page, log and graph
constexpr std::size_t kBytesOfPoint = 28;        // a step, a time and a value, with commas
constexpr std::uint64_t kLogBytes = 64 << 10;

}  // namespace

Result<void> write_report(const std::filesystem::path& run) {
  const std::string id = run.filename().string();
  ordered_json summary = {{"id", id}};
  summary.update(to_json(summarize(run)));
  Feed feed(run);
  ordered_json document = {{"id", id}};
  document.update(feed.document_within(kSeriesBytes / kBytesOfPoint));
  document["summary"] = summary;
  document.update(about_run(run));
  document["samples"] = ordered_json::array();  // files that only a server could give
  ordered_json data = {{"runs", ordered_json::array({summary})},
                       {"opened", id},
                       {"documents", {{id, std::move(document)}}},
                       {"graphs", ordered_json::object()},
                       {"logs", {{id, end_of_log(run, kLogBytes)}}}};
  // Without Graphviz it is a report without a drawing.
  if (const Result<std::string> svg = graph_svg(run)) data["graphs"][id] = *svg;
  return write_atomic(run / "report.html", monitor::offline_page(monitor::to_line(data)));
}

}  // namespace fdl::runs
