// Prints a libFuzzer dictionary: the words that the catalogue and the language know.
#include <cstdio>
#include <set>
#include <string>

#include "lib/catalog/catalog.h"
#include "lib/graph/build.h"
#include "lib/graph/construct_list.h"
#include "lib/job/job.h"
#include "lib/job/records.h"

namespace {

using Words = std::set<std::string>;

void add_record(const fdl::config::RecordSpec& record, Words& words) {
  for (const fdl::config::FieldSpec& field : record.fields) {
    words.insert(field.name);
    words.insert(field.alias);
    words.insert(field.choices.begin(), field.choices.end());
    if (field.record != nullptr) add_record(*field.record, words);
  }
}

Words all_words() {
  using fdl::catalog::EntryKind;
  Words words = {"model", "inputs",       "outputs",     "commands", "inherit-from", "repeat",
                 "split", "also",         "loop",        "times",    "body",         "add",
                 "mul",   "concat",       "params",      "${",       "${params.",    "${env:",
                 "// ",   "f32[",         "T<=",         "skip",     "main",         "dim",
                 "slice", "[*, ",         "] -> [",      "flow",     "F32",          "dtype",
                 "shape", "data_offsets", "__metadata__"};
  for (const std::string& name : fdl::catalog::module_names()) {
    words.insert({name, fdl::catalog::find_module(name)->example});
    add_record(fdl::catalog::find_module(name)->record, words);
  }
  for (const EntryKind kind :
       {EntryKind::Loss, EntryKind::Metric, EntryKind::Optimizer, EntryKind::Schedule,
        EntryKind::Dataset, EntryKind::Transform, EntryKind::BatchTransform, EntryKind::Sampler,
        EntryKind::Parametrization}) {
    for (const std::string& name : fdl::catalog::entry_names(kind)) {
      words.insert(name);
      add_record(fdl::catalog::find_entry(kind, name)->record, words);
    }
  }
  const auto& step_keys = fdl::graph::common_step_keys();
  words.insert(step_keys.begin(), step_keys.end());
  const auto& sections = fdl::job::merge_rules().preset_sections;
  words.insert(sections.begin(), sections.end());
  add_record(record_spec(static_cast<const fdl::job::DataKeys*>(nullptr)), words);
  add_record(fdl::job::split_record(), words);
  add_record(fdl::job::training_record(), words);
  add_record(fdl::job::output_record(), words);
  words.erase("");
  return words;
}

}  // namespace

int main() {
  for (const std::string& word : all_words()) {
    std::string quoted;
    for (const char c : word)
      quoted += (c == '"' || c == '\\') ? std::string("\\") + c : std::string(1, c);
    std::printf("\"%s\"\n", quoted.c_str());
  }
}
