// What a tokenizer puts before and behind a text: `post_processor`.
#include <nlohmann/json.hpp>

#include "lib/format/tokenizer_parts.h"

namespace fdl::format {
namespace {

using Json = nlohmann::json;

const Json& child(const Json& from, const char* key) {
  static const Json kNothing;
  if (!from.is_object()) return kNothing;
  const auto found = from.find(key);
  return found != from.end() ? *found : kNothing;
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

bool add_number(const Json& value, std::size_t num_words, Tokens& out) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() >= num_words) return false;
  out.push_back(value.get<std::int64_t>());
  return true;
}

// {"single": [{"SpecialToken": {"id": "[CLS]"}}, {"Sequence": {"id": "A"}}, ...],
//  "special_tokens": {"[CLS]": {"ids": [101]}}}
bool read_template(const Json& about, std::size_t num_words, TextEnds& out) {
  bool is_behind = false;
  for (const Json& piece : child(about, "single")) {
    if (child(piece, "Sequence").is_object()) {
      is_behind = true;
      continue;
    }
    const std::string name = text_of(child(child(piece, "SpecialToken"), "id"));
    const Json& ids = child(child(child(about, "special_tokens"), name.c_str()), "ids");
    if (!ids.is_array() || ids.empty()) return false;
    for (const Json& id : ids) {
      if (!add_number(id, num_words, is_behind ? out.behind : out.before)) return false;
    }
  }
  return is_behind;
}

// {"cls": ["[CLS]", 101], "sep": ["[SEP]", 102]}
bool read_pair(const Json& about, std::size_t num_words, TextEnds& out) {
  const Json &first = child(about, "cls"), &last = child(about, "sep");
  return first.is_array() && first.size() == 2 && last.is_array() && last.size() == 2 &&
         add_number(first[1], num_words, out.before) && add_number(last[1], num_words, out.behind);
}

}  // namespace

Result<TextEnds> TextEnds::read(const Json& about, std::size_t num_words,
                                const TokenizerFile& file) {
  TextEnds out;
  if (about.is_null()) return out;
  const std::string kind = text_of(child(about, "type"));
  if (kind == "ByteLevel") return out;
  if (kind == "Sequence") {
    for (const Json& one : child(about, "processors")) {
      const std::string inner = text_of(child(one, "type"));
      if (inner == "Sequence") return fail(file.damaged("its post_processor is a list of lists"));
      Result<TextEnds> ends = read(one, num_words, file);
      if (!ends) return ends;
      out.before.insert(out.before.begin(), ends->before.begin(), ends->before.end());
      out.behind.insert(out.behind.end(), ends->behind.begin(), ends->behind.end());
    }
    return out;
  }
  const bool is_pair = kind == "BertProcessing" || kind == "RobertaProcessing";
  if (!is_pair && kind != "TemplateProcessing")
    return fail(file.unknown(
        "post-processor", kind,
        {"TemplateProcessing", "BertProcessing", "RobertaProcessing", "ByteLevel", "Sequence"}));
  const bool is_read =
      is_pair ? read_pair(about, num_words, out) : read_template(about, num_words, out);
  if (!is_read) return fail(file.damaged("its post_processor names tokens that it does not have"));
  return out;
}

}  // namespace fdl::format
