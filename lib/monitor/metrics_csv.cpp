#include "lib/monitor/metrics_csv.h"

#include <set>

#include "lib/base/files.h"
#include "lib/monitor/event_reader.h"

namespace fdl::monitor {

Result<void> write_metrics_csv(const std::filesystem::path& events,
                               const std::filesystem::path& csv) {
  std::vector<Event> rows = read_events(events, {"steps", "resources"});
  std::erase_if(rows, [](const Event& e) { return e.kind != "epoch"; });
  std::set<std::string> columns;
  for (const Event& row : rows) {
    for (const auto& [key, value] : row.numbers) columns.insert(key);
  }
  columns.erase("epoch");
  columns.erase("step");
  std::string text = "epoch,step";
  for (const std::string& column : columns) text += "," + column;
  text += "\n";
  for (const Event& row : rows) {
    text += fmt::format("{},{}", row.number("epoch").value_or(0), row.number("step").value_or(0));
    for (const std::string& column : columns) {
      const auto value = row.number(column);
      text += value ? fmt::format(",{}", *value) : ",";
    }
    text += "\n";
  }
  return write_atomic(csv, text);
}

}  // namespace fdl::monitor
