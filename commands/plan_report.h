#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/plan/plan.h"

namespace fdl::commands {

// What `fdl explain` shows of a model.
struct PlanReport {
  plan::Plan plan;
  std::string graph_hash;
  std::int64_t batch_size = 1;
  struct State {
    std::string path, type, reset;
    std::int64_t bptt = 0;  // 0: a whole sequence
  };
  std::vector<State> states;
  std::vector<std::size_t> nodes;             // those to show, by their place in plan.nodes
  bool is_part = false;                       // only what a path named
  std::optional<std::int64_t> largest_batch;  // that fits the memory asked about
};

std::string plan_json(const PlanReport& report);
std::string plan_text(const PlanReport& report);

// "8GiB", "512 MB", "1e9": bytes; empty when it cannot be read.
std::optional<std::int64_t> parse_bytes(const std::string& text);
// "97.5 MiB", "8.18 G".
std::string show_bytes(std::int64_t bytes);
std::string show_count(std::int64_t count);

}  // namespace fdl::commands
