#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "lib/format/tokenizer.h"
#include "lib/format/unicode.h"

// The steps that a tokenizer is made of. Inside this folder only.
namespace fdl::format {

using Tokens = std::vector<std::int64_t>;
using Vocabulary = std::unordered_map<std::string, std::int64_t>;

// Where a description stands, for messages.
struct TokenizerFile {
  std::string name;
  Diagnostic damaged(const std::string& why) const;
  Diagnostic unknown(const std::string& what, const std::string& kind,
                     const std::vector<std::string>& known) const;
};

// Text to text. tokenizer_text.cpp
class Normalizer {
 public:
  static Result<Normalizer> read(const nlohmann::json& about, const TokenizerFile& file);
  Points apply(Points text) const;

 private:
  enum class Kind { Bert, Lower, Strip, Nfc, Nfd, Nfkc, Nfkd };
  struct Step {
    Kind kind = Kind::Bert;
    bool clean = true, chinese = true, strip = true, lower = true;  // of Bert
  };
  static Result<Step> read_step(const nlohmann::json& about, const TokenizerFile& file);
  static Points apply_step(const Step& step, const Points& text);
  std::vector<Step> steps_;
};

// Text to words. tokenizer_text.cpp
class PreTokenizer {
 public:
  static Result<PreTokenizer> read(const nlohmann::json& about, const TokenizerFile& file);
  // Of byte-level ones the words are in the alphabet of 256 characters that stand for bytes.
  std::vector<std::string> apply(const Points& text) const;
  bool is_byte_level() const { return kind_ == Kind::ByteLevel; }

 private:
  enum class Kind { Whole, ByteLevel, Bert, Whitespace };
  Kind kind_ = Kind::Whole;
  bool adds_space_ = true, splits_ = true;  // of ByteLevel
};

// What stands before and behind a text at a model's input. tokenizer_ends.cpp
struct TextEnds {
  Tokens before, behind;
  // `about` is `post_processor`, or null.
  static Result<TextEnds> read(const nlohmann::json& about, std::size_t num_words,
                               const TokenizerFile& file);
};

// The character that stands for a byte in byte-level vocabularies, and the bytes that characters
// stand for; empty where one stands for none.
// Source: Radford et al. 2019, the published encoder of GPT-2.
char32_t character_of_byte(std::uint8_t byte);
std::optional<std::string> bytes_of_characters(std::string_view word);

// Words to tokens. tokenizer_models.cpp
class WordModel {
 public:
  virtual ~WordModel() = default;
  virtual void add(const std::string& word, Tokens& out) const = 0;
};
Result<std::unique_ptr<WordModel>> read_word_model(const nlohmann::json& about,
                                                   const Vocabulary& vocabulary,
                                                   const TokenizerFile& file);

// A token that is found in the text as it stands.
struct AddedToken {
  Points content;
  std::int64_t number = 0;
  bool is_single_word = false, strips_left = false, strips_right = false, is_normalized = false;
};

struct Tokenizer::Parts {
  Normalizer normalizer;
  PreTokenizer pre_tokenizer;
  std::unique_ptr<WordModel> model;
  // By their first character, the longest first.
  std::unordered_map<char32_t, std::vector<AddedToken>> added;
  std::vector<std::string> words;
  TextEnds ends;

  void encode(const Points& text, Tokens& out) const;

 private:
  void encode_normalized(const Points& text, Tokens& out) const;
  template <typename Rest>
  void split_at_added(const Points& text, bool is_normalized, Tokens& out, Rest rest) const;
};

}  // namespace fdl::format
