#include "commands/reference/reference.h"

#include "lib/base/closest.h"

namespace fdl::commands {
namespace {

// `|` would end the cell.
std::string cell(std::string text) {
  for (std::size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2)
    text.insert(at, "\\");
  return text;
}

std::string default_of(const config::FieldSpec& field) {
  if (field.is_required) return "required";
  if (field.is_inferred) return "inferred";
  if (field.record != nullptr || field.default_text.empty() || field.default_text == "null")
    return "";
  return "`" + field.default_text + "`";
}

}  // namespace

std::string field_table(const config::RecordSpec& record) {
  if (record.fields.empty()) return "";
  std::string out = "| name | type | default | meaning |\n|---|---|---|---|\n";
  for (const config::FieldSpec& field : record.fields) {
    std::string meaning = field.doc;
    if (!field.choices.empty()) meaning += " One of " + one_of(field.choices, 100) + ".";
    if (!field.range.empty()) meaning += " Must be " + field.range + ".";
    if (field.is_main) meaning += " A bare value sets this one.";
    const std::string name =
        "`" + field.name + "`" + (field.alias.empty() ? "" : ", `" + field.alias + "`");
    out += fmt::format("| {} | {} | {} | {} |\n", name, cell(field.type), cell(default_of(field)),
                       cell(meaning));
  }
  return out;
}

std::vector<Page> reference_pages() {
  std::vector<Page> out = language_pages();
  for (Page& page : catalog_pages()) out.push_back(std::move(page));
  std::string index =
      "# Reference\n\nMade by `fdl docs --write` from the program's own declarations.\n\n";
  for (const Page& page : out) {
    if (page.path.filename() == "index.md" || !page.path.has_parent_path()) {
      const std::string title = page.text.substr(2, page.text.find('\n') - 2);
      index += fmt::format("- [{}]({})\n", title, page.path.string());
    }
  }
  index += "- [JSON Schema](fdl.schema.json) for editors\n";
  out.insert(out.begin(), {"README.md", index});
  out.push_back({"fdl.schema.json", manifest_schema()});
  return out;
}

}  // namespace fdl::commands
