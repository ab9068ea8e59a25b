#include "lib/format/tokenizer.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "lib/base/closest.h"
#include "lib/base/files.h"
#include "lib/format/input_file.h"
#include "lib/format/text.h"
#include "lib/format/tokenizer_parts.h"

namespace fdl::format {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMostBytes = std::uint64_t{256} << 20;
constexpr std::int64_t kMostTokens = std::int64_t{1} << 24;
constexpr std::size_t kMostGaps = 100'000;  // numbers without a word

const Json& child(const Json& from, const char* key) {
  static const Json kNothing;
  const auto found = from.find(key);
  return found != from.end() ? *found : kNothing;
}

bool flag(const Json& from, const char* key) {
  const Json& value = child(from, key);
  return value.is_boolean() && value.get<bool>();
}

// A number of a token; empty when it is none.
std::optional<std::int64_t> number_in(const Json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() >= kMostTokens) return std::nullopt;
  return value.get<std::int64_t>();
}

void set_word(std::vector<std::string>& words, std::int64_t number, const std::string& word) {
  const auto at = static_cast<std::size_t>(number);
  if (at >= words.size()) words.resize(at + 1);
  words[at] = word;
}

Result<Vocabulary> read_vocabulary(const Json& model, const TokenizerFile& file) {
  const Json& vocab = child(model, "vocab");
  if (!vocab.is_object()) return fail(file.damaged("its model has no map 'vocab'"));
  Vocabulary out;
  for (const auto& [word, value] : vocab.items()) {
    const auto number = number_in(value);
    if (!number)
      return fail(
          file.damaged(fmt::format("the token '{}' has no number below {}", word, kMostTokens)));
    out[word] = *number;
  }
  return out;
}

Result<std::vector<AddedToken>> read_added(const Json& root, const TokenizerFile& file) {
  std::vector<AddedToken> out;
  const Json& list = child(root, "added_tokens");
  if (list.is_null()) return out;
  for (const Json& item : list) {
    const Json& content = child(item, "content");
    const auto number = number_in(child(item, "id"));
    if (!item.is_object() || !content.is_string() ||
        content.get_ref<const std::string&>().empty() || !number)
      return fail(file.damaged("one of its added_tokens has no content or no id"));
    out.push_back({to_points(content.get_ref<const std::string&>()), *number,
                   flag(item, "single_word"), flag(item, "lstrip"), flag(item, "rstrip"),
                   flag(item, "normalized")});
  }
  std::stable_sort(out.begin(), out.end(), [](const AddedToken& a, const AddedToken& b) {
    return a.content.size() > b.content.size();
  });
  return out;
}

// A byte-level word as the text that it stands for, where that is text.
std::string shown(const std::string& word) {
  const auto bytes = bytes_of_characters(word);
  if (!bytes) return word;
  const Points points = to_points(*bytes);
  const bool is_text = std::find(points.begin(), points.end(), char32_t{0xFFFD}) == points.end();
  return is_text ? *bytes : word;
}

bool is_word(char32_t c) { return is_letter(c) || is_number(c) || c == '_'; }

// The added token that stands at a place of a text, or null.
const AddedToken* added_at(const std::unordered_map<char32_t, std::vector<AddedToken>>& added,
                           const Points& text, std::size_t at, bool is_normalized) {
  const auto list = added.find(text[at]);
  if (list == added.end()) return nullptr;
  for (const AddedToken& one : list->second) {
    const std::size_t end = at + one.content.size();
    if (one.is_normalized != is_normalized || end > text.size()) continue;
    if (!std::equal(one.content.begin(), one.content.end(),
                    text.begin() + static_cast<std::ptrdiff_t>(at)))
      continue;
    const bool touches_word =
        (at > 0 && is_word(text[at - 1])) || (end < text.size() && is_word(text[end]));
    if (!one.is_single_word || !touches_word) return &one;
  }
  return nullptr;
}

}  // namespace

Diagnostic TokenizerFile::damaged(const std::string& why) const {
  return error(Code::DataCorrupt, {}, "'{}' is no tokenizer: {}", name, why)
      .help("it must be a tokenizer.json as Hugging Face's `tokenizers` writes it");
}

Diagnostic TokenizerFile::unknown(const std::string& what, const std::string& kind,
                                  const std::vector<std::string>& known) const {
  return error(Code::NotAChoice, {}, "'{}' has the {} '{}', which fdl does not know", name, what,
               kind)
      .help("it knows {}", one_of(known));
}

template <typename Rest>
void Tokenizer::Parts::split_at_added(const Points& text, bool is_normalized, Tokens& out,
                                      Rest rest) const {
  std::size_t from = 0;
  const auto give = [&](std::size_t end) {
    if (end > from)
      rest(Points(text.begin() + static_cast<std::ptrdiff_t>(from),
                  text.begin() + static_cast<std::ptrdiff_t>(end)));
  };
  for (std::size_t at = 0; at < text.size();) {
    const AddedToken* found = added_at(added, text, at, is_normalized);
    if (found == nullptr) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (found->strips_left && end > from && is_space(text[end - 1])) --end;
    give(end);
    out.push_back(found->number);
    at += found->content.size();
    while (found->strips_right && at < text.size() && is_space(text[at])) ++at;
    from = at;
  }
  give(text.size());
}

void Tokenizer::Parts::encode_normalized(const Points& text, Tokens& out) const {
  for (const std::string& word : pre_tokenizer.apply(text)) model->add(word, out);
}

void Tokenizer::Parts::encode(const Points& text, Tokens& out) const {
  split_at_added(text, false, out, [&](const Points& part) {
    split_at_added(normalizer.apply(part), true, out,
                   [&](const Points& rest) { encode_normalized(rest, out); });
  });
}

Result<Tokenizer> Tokenizer::parse(std::string_view text, const std::string& name) {
  const TokenizerFile file{name};
  const Json root = Json::parse(text, nullptr, false);
  if (!root.is_object()) return fail(file.damaged("it is no JSON map"));
  const Json& model = child(root, "model");
  if (!model.is_object()) return fail(file.damaged("it has no 'model'"));
  auto parts = std::make_shared<Parts>();
  Result<Normalizer> normalizer = Normalizer::read(child(root, "normalizer"), file);
  if (!normalizer) return fail(normalizer.error());
  Result<PreTokenizer> pre_tokenizer = PreTokenizer::read(child(root, "pre_tokenizer"), file);
  if (!pre_tokenizer) return fail(pre_tokenizer.error());
  const Result<Vocabulary> vocabulary = read_vocabulary(model, file);
  if (!vocabulary) return fail(vocabulary.error());
  auto words = read_word_model(model, *vocabulary, file);
  if (!words) return fail(words.error());
  auto added = read_added(root, file);
  if (!added) return fail(added.error());
  parts->normalizer = *std::move(normalizer);
  parts->pre_tokenizer = *pre_tokenizer;
  parts->model = *std::move(words);
  const std::size_t most = vocabulary->size() + added->size() + kMostGaps;
  for (const auto& [word, number] : *vocabulary) {
    if (static_cast<std::size_t>(number) >= most)
      return fail(
          file.damaged(fmt::format("the token '{}' has the number {}, but there are only {} "
                                   "tokens",
                                   word, number, vocabulary->size())));
    set_word(parts->words, number, parts->pre_tokenizer.is_byte_level() ? shown(word) : word);
  }
  for (const AddedToken& one : *added) {
    if (static_cast<std::size_t>(one.number) >= most)
      return fail(
          file.damaged(fmt::format("an added token has the number {}, but there are only {} "
                                   "tokens",
                                   one.number, vocabulary->size())));
    set_word(parts->words, one.number, to_utf8(one.content));
    parts->added[one.content.front()].push_back(one);
  }
  Result<TextEnds> ends = TextEnds::read(child(root, "post_processor"), parts->words.size(), file);
  if (!ends) return fail(ends.error());
  parts->ends = *std::move(ends);
  return Tokenizer(std::move(parts));
}

Result<Tokenizer> Tokenizer::open(const std::filesystem::path& path) {
  const Result<InputFile> file = InputFile::open(path, Code::DataMissing);
  if (!file) return fail(file.error());
  const Result<std::string> text = read_file(path, kMostBytes);
  if (!text) return fail(text.error());
  return parse(*text, path.string());
}

std::vector<std::int64_t> Tokenizer::encode(std::string_view text) const {
  Tokens out;
  parts_->encode(to_points(text), out);
  return out;
}

std::vector<std::int64_t> Tokenizer::encode_whole(std::string_view text,
                                                  std::optional<std::size_t> most) const {
  const TextEnds& ends = parts_->ends;
  Tokens out = ends.before, own = encode(text);
  const std::size_t num_ends = ends.before.size() + ends.behind.size();
  if (most && own.size() + num_ends > *most) own.resize(*most > num_ends ? *most - num_ends : 0);
  out.insert(out.end(), own.begin(), own.end());
  out.insert(out.end(), ends.behind.begin(), ends.behind.end());
  return out;
}

const std::vector<std::string>& Tokenizer::words() const { return parts_->words; }

}  // namespace fdl::format
