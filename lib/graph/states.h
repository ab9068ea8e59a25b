#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/config/bind.h"

namespace fdl::graph {

// An entry of `state:`, as it is written.
struct StateKeys {
  std::vector<std::int64_t> shape;
  std::string dtype = "f32";
  config::Node init;
  std::string reset = "sequence";
  std::optional<std::int64_t> bptt;
};
const config::RecordSpec& record_spec(const StateKeys*);

// Its keys, for help, defaults and docs.
const config::RecordSpec& state_record();

}  // namespace fdl::graph
