#include "lib/monitor/tables_csv.h"

#include <cctype>

#include "lib/base/files.h"
#include "lib/monitor/event_reader.h"

namespace fdl::monitor {
namespace {

// "val/confusion_matrix" as "val-confusion_matrix"; a name is a person's text and may hold
// anything.
std::string file_name(const std::string& key) {
  std::string out = key;
  for (char& c : out) {
    const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    if (!is_plain) c = '-';
  }
  return out + ".csv";
}

std::string quoted(const std::string& label) {
  if (label.find_first_of(",\"\r\n") == std::string::npos) return label;
  std::string out = "\"";
  for (const char c : label) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string csv_of(const Table& table) {
  std::string out = "target";
  for (const std::string& label : table.labels) out += "," + quoted(label);
  out += "\n";
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    out += quoted(i < table.labels.size() ? table.labels[i] : "");
    for (const double value : table.rows[i]) out += fmt::format(",{}", value);
    out += "\n";
  }
  return out;
}

}  // namespace

Result<void> write_tables_csv(const std::filesystem::path& events,
                              const std::filesystem::path& run) {
  std::map<std::string, Table> last;
  for (const Event& event : read_events(events, {"steps", "resources"})) {
    for (const auto& [key, table] : event.tables) last[key] = table;
  }
  if (last.empty()) return {};
  FDL_TRY(make_folders(run / "tables"));
  for (const auto& [key, table] : last)
    FDL_TRY(write_atomic(run / "tables" / file_name(key), csv_of(table)));
  return {};
}

}  // namespace fdl::monitor
