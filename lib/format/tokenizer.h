#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/result.h"

// Tokenizers as Hugging Face's tokenizer.json describes them: byte-level BPE, as GPT-2 has it, and
// WordPiece, as BERT has it.
namespace fdl::format {

class Tokenizer {
 public:
  // Errors: FDL5101 when there is no such file; FDL5102 where it is damaged; FDL2006 for a kind of
  // normalizer, pre-tokenizer or model that is not known; FDL5001.
  static Result<Tokenizer> open(const std::filesystem::path& path);
  // The same of a text; `name` stands for the file in messages.
  static Result<Tokenizer> parse(std::string_view json, const std::string& name);

  // The numbers of a text's tokens, without those that stand at the ends of a model's input. Tokens
  // that were added to the vocabulary are found in the text. Bytes that are not UTF-8 become
  // U+FFFD.
  std::vector<std::int64_t> encode(std::string_view text) const;

  // The same with them, as a model takes it. No more tokens than `most`, if that is given: those at
  // the ends stay, the text is cut at its end.
  std::vector<std::int64_t> encode_whole(std::string_view text,
                                         std::optional<std::size_t> most = {}) const;

  // Words by number; "" where a number has none.
  const std::vector<std::string>& words() const;

  // The inside, for the sources of this folder.
  struct Parts;

 private:
  explicit Tokenizer(std::shared_ptr<const Parts> parts) : parts_(std::move(parts)) {}
  std::shared_ptr<const Parts> parts_;
};

}  // namespace fdl::format
