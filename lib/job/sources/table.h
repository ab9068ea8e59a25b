#pragma once

#include <memory>
#include <unordered_map>

#include "lib/format/table.h"
#include "lib/format/tokenizer.h"
#include "lib/job/job.h"

// The fields of a table, as `csv` and `jsonl` have them. The inspector settles what each column is;
// the reader in lib/data turns records into numbers by the same function that the check uses.
namespace fdl::job {

struct TableField {
  enum class Type { Number, Integer, Class, List, Text };
  std::string name;
  std::vector<std::size_t> columns;  // of the table
  bool is_vector = false;            // a list of columns
  Type type = Type::Number;
  bool is_typed = false;               // by the manifest; else by the training part
  bool is_whole = false;               // of a List: all its numbers are whole
  double largest = 0;                  // of such a List, in the training part
  std::optional<std::string> fill;     // in the place of a missing value
  std::optional<double> fill_number;   // the same, read
  std::vector<std::string> classes;    // of a Class, by number
  bool has_classes = false;            // given by the manifest
  bool takes_unknown = false;          // other classes share one number after the last
  std::optional<std::int64_t> length;  // of a List, where all are of one length
  std::int64_t longest = 0;            // of a List or Text, in the part that is read
  std::shared_ptr<const format::Tokenizer> tokenizer;  // of a Text
  std::optional<std::int64_t> max_tokens;
  bool is_zeros = false;  // of a Text: as many zeros as it has tokens
  std::unordered_map<std::string, std::size_t> numbers;  // of `classes`
  Span span;

  // Whether its samples may differ in length.
  bool is_ragged() const { return type == Type::Text || (type == Type::List && !length); }
  std::int64_t num_classes() const {
    return static_cast<std::int64_t>(classes.size()) + (takes_unknown ? 1 : 0);
  }
};

struct TableDetails {
  format::Table table;
  std::vector<std::string> missing;
  std::vector<TableField> fields;
  std::filesystem::path tokenizer_file = {};  // where there is one
};

// The numbers that a record has for a field, appended to `out`. Errors: FDL5102 with line and
// column: no number, a missing value, a class that is not among the known ones, a list of another
// length.
Result<void> read_field(const TableDetails& details, const TableField& field,
                        const format::Record& record, std::vector<double>& out);

}  // namespace fdl::job
