#pragma once

#include <nlohmann/json_fwd.hpp>

#include "lib/monitor/fold.h"

// The JSON of docs/adr/0061 that pages, reports and scripts read.
namespace fdl::monitor {

nlohmann::ordered_json to_json(const Series& series);
nlohmann::ordered_json to_json(const Status& status);
// What has nothing to say is left out.
nlohmann::ordered_json to_json(const Part& part);

// One line, with what is no UTF-8 replaced.
std::string to_line(const nlohmann::ordered_json& json);

}  // namespace fdl::monitor
