#include "lib/job/sections.h"

#include <algorithm>

#include "lib/base/closest.h"
#include "lib/graph/construct_list.h"
#include "lib/job/splits.h"

namespace fdl::job {

namespace {

// What a preset may change, and the rest of a manifest.
const std::vector<std::string>& job_sections() {
  static const std::vector<std::string> kSections = {"params", "modules",  "model",
                                                     "data",   "training", "output"};
  return kSections;
}

// A command is a text to run, or a map: a preset, or `run:`.
void check_commands(const config::Node& root, Diagnostics& problems) {
  const config::Node* commands = root.find("commands");
  if (commands == nullptr || commands->is_null()) return;
  if (!commands->is_map())
    problems.add(config::wrong_type(*commands, "commands", "a map of names to commands"));
  for (const config::Entry& entry : commands->entries) {
    if (entry.value.is_list())
      problems.add(config::wrong_type(entry.value, entry.key,
                                      "a text to run, or a map of sections that it changes"));
  }
}

}  // namespace

const config::MergeRules& merge_rules() {
  static const config::MergeRules rules = [] {
    const std::vector<std::string> split_keys = split_record().names();
    std::vector<std::string> loss_keys = catalog::compared_names(catalog::EntryKind::Loss);
    for (const char* key : {"weight", "name"}) loss_keys.emplace_back(key);
    config::MergeRules out;
    out.variants = {{"training.optimizer", {}},
                    {"training.schedule", {}},
                    {"training.loss", loss_keys},
                    {"data.train", split_keys},
                    {"data.val", split_keys, is_one_set},
                    {"data.test", split_keys, is_one_set},
                    {"data.val.*", split_keys, is_named_set},
                    {"data.test.*", split_keys, is_named_set},
                    {"**.flow.*", graph::common_step_keys()},
                    {"**.body.*", graph::common_step_keys()},
                    {"**.state.*.init", {}}};
    out.preset_sections = job_sections();
    return out;
  }();
  return rules;
}

void check_sections(const config::Node& root, Diagnostics& problems) {
  static const std::vector<std::string> kSections = [] {
    std::vector<std::string> out = {"description"};
    out.insert(out.end(), job_sections().begin(), job_sections().end());
    out.insert(out.end(), {"sweep", "commands", "inherit-from"});
    return out;
  }();
  const config::Node* description = root.find("description");
  if (description != nullptr && !description->is_scalar() && !description->is_null())
    problems.add(config::wrong_type(*description, "description", "a text"));
  check_commands(root, problems);
  for (const config::Entry& entry : root.entries) {
    if (std::find(kSections.begin(), kSections.end(), entry.key) != kSections.end()) continue;
    Diagnostic d = error(Code::UnknownKey, entry.key_span, "unknown section '{}'", entry.key);
    if (const auto near = closest(entry.key, kSections))
      d = std::move(d).help("did you mean '{}'?", *near);
    problems.add(std::move(d).note("sections are {}", one_of(kSections)));
  }
}

}  // namespace fdl::job
