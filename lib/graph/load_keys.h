#pragma once

#include <string>

#include "lib/config/bind.h"

// The keys of `load:`.
namespace fdl::graph {

struct LoadKeys {
  std::string from;
  std::string prefix;
  config::Node rename;
  bool strict = true;
};
const config::RecordSpec& record_spec(const LoadKeys*);

const config::RecordSpec& load_record();

}  // namespace fdl::graph
