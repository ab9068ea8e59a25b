#pragma once

#include "lib/catalog/datasets/csv.h"

namespace fdl::catalog {

struct ParquetParams : TableParams {};

inline EntrySpec parquet_spec() {
  using P = ParquetParams;
  return declare_entry<P>(
             "parquet",
             "Rows of a Parquet file, whole in memory; for a fdl that was built with Apache Arrow. "
             "Each further key names a field, as for `csv`. Without any, each column is a field. A "
             "column of lists of numbers is a field with an axis, which may differ from row to "
             "row.")
      .param("file", static_cast<std::string P::*>(&P::file), "The table.", config::required,
             config::main_field)
      .param("missing", static_cast<std::vector<std::string> P::*>(&P::missing),
             "Texts that stand for no value, beside null.")
      .param("tokenizer", static_cast<std::string P::*>(&P::tokenizer), kTokenizerDoc)
      .other_keys()
      .source("parquet.apache.org");
}

}  // namespace fdl::catalog
