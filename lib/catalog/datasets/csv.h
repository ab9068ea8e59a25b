#pragma once

#include <string>
#include <vector>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

// What `csv` and `jsonl` have in common.
struct TableParams {
  std::string file;
  std::vector<std::string> missing = {""};
  std::string tokenizer;
  config::Node fields;
};

inline constexpr const char* kTokenizerDoc =
    "A tokenizer.json as Hugging Face has it, or its folder. The field `text`, and those of "
    "`type: text`, become the tokens of their column, with those that the tokenizer puts at the "
    "ends; where the model has no input of that name but `input_ids`, `token_type_ids` and "
    "`attention_mask`, these.";

struct CsvParams : TableParams {
  std::string delimiter = ",";
  bool header = true;
};

inline EntrySpec csv_spec() {
  using P = CsvParams;
  return declare_entry<P>(
             "csv",
             "Rows of a file of comma-separated values, read as they are needed. Each further key "
             "names a field: its value is a column, a list of columns (one vector of f32), or a "
             "map "
             "with `column:` or `columns:` and options. Without any, each column is a field.")
      .param("file", static_cast<std::string P::*>(&P::file), "The table.", config::required,
             config::main_field)
      .param("delimiter", &P::delimiter, "What separates cells: one character.")
      .param("header", &P::header,
             "Whether the first line names the columns; else they are 0, 1 and so on.")
      .param("missing", static_cast<std::vector<std::string> P::*>(&P::missing),
             "Texts that stand for no value.")
      .param("tokenizer", static_cast<std::string P::*>(&P::tokenizer), kTokenizerDoc)
      .other_keys()
      .source("RFC 4180");
}

}  // namespace fdl::catalog
