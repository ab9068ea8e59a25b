#include "commands/command.h"
#include "commands/reference/reference.h"
#include "lib/graph/construct_list.h"
#include "lib/graph/load_keys.h"
#include "lib/graph/states.h"
#include "lib/job/job.h"

namespace fdl::commands {
namespace {

std::string yaml_block(std::string_view text) { return fmt::format("\n```yaml\n{}```\n", text); }

Page construct_page() {
  std::string out =
      "# Constructs\n\nA step of a `flow` is a word, or a map with one module or construct and any "
      "of the keys below beside it.\n\n## Keys of every step\n\n| key | meaning |\n|---|---|\n";
  for (const graph::StepKeySpec& key : graph::step_keys())
    out += fmt::format("| `{}` | {} |\n", key.name, key.doc);
  out +=
      "\n## Keys of load\n\nThe `load` of a model also takes `path`, a subtree or a pattern, or is "
      "a list.\n\n" +
      field_table(graph::load_record());
  for (const graph::ConstructSpec& construct : graph::constructs()) {
    out += fmt::format("\n## {}\n\n{}\n\nUnder the key: {}.\n", construct.name, construct.summary,
                       construct.form);
    if (!construct.example.empty()) out += yaml_block(construct.example);
  }
  return {"constructs.md", out};
}

// A section's keys, and those of the maps in it.
void add_section(const config::RecordSpec& record, const std::string& path, std::string& out) {
  out += fmt::format("\n## {}\n\n{}\n\n{}", path, record.summary, field_table(record));
  for (const config::FieldSpec& field : record.fields) {
    if (field.record != nullptr) add_section(*field.record, path + "." + field.name, out);
  }
}

Page section_page() {
  std::string out = "# Keys of a job\n";
  add_section(job::data_record(), "data", out);
  add_section(job::split_record(), "data.PART", out);
  add_section(job::training_record(), "training", out);
  add_section(job::output_record(), "output", out);
  add_section(job::sweep_record(), "sweep", out);
  add_section(graph::state_record(), "model.state.TAG", out);
  return {"keys.md", out};
}

Page error_page() {
  std::string out = "# Error codes\n\n| code | what it says | more |\n|---|---|---|\n";
  for (const CodeEntry& entry : all_codes())
    out += fmt::format("| {} | {} | {} |\n", to_string(entry.code), entry.title, entry.explanation);
  return {"errors.md", out};
}

Page command_page() {
  std::string out = "# Commands\n";
  for (const CommandSpec& spec : all_commands())
    out += fmt::format("\n## {}\n\n```text\n{}```\n", spec.name, spec.help());
  return {"commands.md", out};
}

}  // namespace

std::vector<Page> language_pages() {
  return {command_page(), section_page(), construct_page(), error_page()};
}

}  // namespace fdl::commands
