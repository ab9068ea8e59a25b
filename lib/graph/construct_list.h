#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

// What may stand in a step beside modules: constructs in a module's place, and keys that any step
// may have. Messages, merging and the reference derive from these lists.
namespace fdl::graph {

struct ConstructSpec {
  std::string_view name;
  std::string_view summary;
  std::string_view form;     // what stands under the key
  std::string_view example;  // steps as YAML, on a stream of f32[8]
};
std::span<const ConstructSpec> constructs();
std::vector<std::string> construct_names();

struct StepKeySpec {
  std::string_view name;
  std::string_view doc;
};
std::span<const StepKeySpec> step_keys();
const std::vector<std::string>& common_step_keys();

// What `precision:` may be: that to which parameters, which are f32, can be cast.
const std::vector<std::string>& precision_names();

}  // namespace fdl::graph
