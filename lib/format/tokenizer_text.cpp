// How a tokenizer changes text and cuts it into words.
#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "lib/format/text.h"
#include "lib/format/tokenizer_parts.h"

namespace fdl::format {
namespace {

using Json = nlohmann::json;

bool flag(const Json& from, const char* key, bool otherwise) {
  const auto found = from.find(key);
  return found != from.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

std::string type_in(const Json& from) {
  const auto found = from.find("type");
  return found != from.end() && found->is_string() ? found->get<std::string>() : "";
}

bool is_ignorable(char32_t c) {
  return c == 0 || c == 0xFFFD || (is_other(c) && c != '\t' && c != '\n' && c != '\r');
}

Points cleaned(const Points& text) {
  Points out;
  for (const char32_t c : text) {
    if (!is_ignorable(c)) out.push_back(is_space(c) ? U' ' : c);
  }
  return out;
}

Points spaced(const Points& text) {
  Points out;
  for (const char32_t c : text) {
    const bool is_alone = is_chinese(c);
    if (is_alone) out.push_back(' ');
    out.push_back(c);
    if (is_alone) out.push_back(' ');
  }
  return out;
}

Points stripped(const Points& text) {
  Points out;
  std::copy_if(text.begin(), text.end(), std::back_inserter(out),
               [](char32_t c) { return !is_mark(c); });
  return out;
}

// The word that begins at `from`, as GPT-2 cuts text:
//   's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
// Source: Radford et al. 2019, the published encoder of GPT-2.
std::size_t word_end(const Points& text, std::size_t from) {
  constexpr std::array<std::u32string_view, 7> kEndings = {U"'s", U"'t",  U"'re", U"'ve",
                                                           U"'m", U"'ll", U"'d"};
  const std::u32string_view rest(text.data() + from, text.size() - from);
  for (const std::u32string_view ending : kEndings) {
    if (rest.starts_with(ending)) return from + ending.size();
  }
  const auto is_sign = [](char32_t c) { return !is_space(c) && !is_letter(c) && !is_number(c); };
  const auto run = [&](std::size_t at, auto is_part) {
    while (at < text.size() && is_part(text[at])) ++at;
    return at;
  };
  const std::size_t first = rest.front() == ' ' && rest.size() > 1 ? from + 1 : from;
  if (is_letter(text[first])) return run(first, is_letter);
  if (is_number(text[first])) return run(first, is_number);
  if (is_sign(text[first])) return run(first, is_sign);
  const std::size_t end = run(from, is_space);
  // The last space of several goes with the word after it.
  return end < text.size() && end - from > 1 ? end - 1 : end;
}

std::string in_characters(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += to_utf8(character_of_byte(static_cast<std::uint8_t>(byte)));
  return out;
}

bool is_printed(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

const std::array<char32_t, 256>& characters_of_bytes() {
  static const std::array<char32_t, 256> table = [] {
    std::array<char32_t, 256> out{};
    char32_t next = 256;
    for (unsigned byte = 0; byte < 256; ++byte)
      out[byte] = is_printed(byte) ? static_cast<char32_t>(byte) : next++;
    return out;
  }();
  return table;
}

}  // namespace

char32_t character_of_byte(std::uint8_t byte) { return characters_of_bytes()[byte]; }

std::optional<std::string> bytes_of_characters(std::string_view word) {
  const auto& table = characters_of_bytes();
  std::string out;
  for (const char32_t c : to_points(word)) {
    const auto found = std::find(table.begin(), table.end(), c);
    if (found == table.end()) return std::nullopt;
    out += static_cast<char>(found - table.begin());
  }
  return out;
}

Result<Normalizer::Step> Normalizer::read_step(const Json& about, const TokenizerFile& file) {
  const std::string type = type_in(about);
  const std::vector<std::string> known = {
      "BertNormalizer", "Lowercase", "StripAccents", "NFC", "NFD", "NFKC", "NFKD"};
  const auto found = std::find(known.begin(), known.end(), type);
  if (found == known.end()) return fail(file.unknown("normalizer", type, known));
  Step out;
  out.kind = static_cast<Kind>(found - known.begin());
  out.clean = flag(about, "clean_text", true);
  out.chinese = flag(about, "handle_chinese_chars", true);
  out.lower = flag(about, "lowercase", true);
  out.strip = flag(about, "strip_accents", out.lower);
  return out;
}

Result<Normalizer> Normalizer::read(const Json& about, const TokenizerFile& file) {
  Normalizer out;
  if (about.is_null()) return out;
  if (!about.is_object()) return fail(file.damaged("its normalizer is no map"));
  const auto list = about.find("normalizers");
  if (type_in(about) != "Sequence" || list == about.end()) {
    const Result<Step> step = read_step(about, file);
    if (!step) return fail(step.error());
    out.steps_.push_back(*step);
    return out;
  }
  for (const auto& item : *list) {
    if (!item.is_object()) return fail(file.damaged("one of its normalizers is no map"));
    const Result<Step> step = read_step(item, file);
    if (!step) return fail(step.error());
    out.steps_.push_back(*step);
  }
  return out;
}

Points Normalizer::apply_step(const Step& step, const Points& text) {
  switch (step.kind) {
    case Kind::Lower:
      return lower_case(text);
    case Kind::Strip:
      return stripped(text);
    case Kind::Nfc:
      return normalized(text, NormalForm::Nfc);
    case Kind::Nfd:
      return normalized(text, NormalForm::Nfd);
    case Kind::Nfkc:
      return normalized(text, NormalForm::Nfkc);
    case Kind::Nfkd:
      return normalized(text, NormalForm::Nfkd);
    case Kind::Bert:
      break;
  }
  Points out = step.clean ? cleaned(text) : text;
  if (step.chinese) out = spaced(out);
  if (step.strip) out = stripped(normalized(out, NormalForm::Nfd));
  if (step.lower) out = lower_case(out);
  return out;
}

Points Normalizer::apply(Points text) const {
  for (const Step& step : steps_) text = apply_step(step, text);
  return text;
}

Result<PreTokenizer> PreTokenizer::read(const Json& about, const TokenizerFile& file) {
  PreTokenizer out;
  if (about.is_null()) return out;
  if (!about.is_object()) return fail(file.damaged("its pre_tokenizer is no map"));
  const std::string type = type_in(about);
  const std::vector<std::string> known = {"ByteLevel", "BertPreTokenizer", "WhitespaceSplit"};
  const auto found = std::find(known.begin(), known.end(), type);
  if (found == known.end()) return fail(file.unknown("pre_tokenizer", type, known));
  out.kind_ = static_cast<Kind>(found - known.begin() + 1);
  out.adds_space_ = flag(about, "add_prefix_space", true);
  out.splits_ = flag(about, "use_regex", true);
  return out;
}

std::vector<std::string> PreTokenizer::apply(const Points& text) const {
  std::vector<std::string> out;
  if (text.empty()) return out;
  if (kind_ == Kind::Whole) return {to_utf8(text)};
  if (kind_ == Kind::ByteLevel) {
    Points own = text;
    if (adds_space_ && own.front() != ' ') own.insert(own.begin(), U' ');
    for (std::size_t from = 0; from < own.size();) {
      const std::size_t end = splits_ ? word_end(own, from) : own.size();
      out.push_back(in_characters(to_utf8(Points(own.begin() + static_cast<std::ptrdiff_t>(from),
                                                 own.begin() + static_cast<std::ptrdiff_t>(end)))));
      from = end;
    }
    return out;
  }
  Points word;
  const auto end_word = [&] {
    if (!word.empty()) out.push_back(to_utf8(word));
    word.clear();
  };
  for (const char32_t c : text) {
    const bool is_alone = kind_ == Kind::Bert && is_punctuation(c);
    if (is_space(c) || is_alone) end_word();
    if (is_space(c)) continue;
    word.push_back(c);
    if (is_alone) end_word();
  }
  end_word();
  return out;
}

}  // namespace fdl::format
