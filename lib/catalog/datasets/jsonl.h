#pragma once

#include "lib/catalog/datasets/csv.h"

namespace fdl::catalog {

struct JsonlParams : TableParams {};

inline EntrySpec jsonl_spec() {
  using P = JsonlParams;
  return declare_entry<P>(
             "jsonl",
             "Objects of a file of JSON lines, read as they are needed. Each further key names a "
             "field: its value is a key of the objects, a list of keys (one vector of f32), or a "
             "map "
             "with `column:` or `columns:` and options. Without any, each key is a field. A list "
             "of "
             "numbers is a field with an axis, which may differ from object to object.")
      .param("file", static_cast<std::string P::*>(&P::file), "The objects.", config::required,
             config::main_field)
      .param("missing", static_cast<std::vector<std::string> P::*>(&P::missing),
             "Texts that stand for no value, beside null and absent keys.")
      .param("tokenizer", static_cast<std::string P::*>(&P::tokenizer), kTokenizerDoc)
      .other_keys()
      .source("jsonlines.org");
}

}  // namespace fdl::catalog
