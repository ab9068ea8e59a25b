#pragma once

#include <optional>
#include <string>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct TextParams {
  std::string file;
  std::string unit = "characters";
  std::optional<std::int64_t> window;
  std::optional<std::int64_t> stride;
  std::string vocabulary = "train";
  std::string tokenizer;
  std::string target = "next";
};

inline EntrySpec text_spec() {
  using config::at_least;
  using P = TextParams;
  return declare_entry<P>("text",
                          "Windows of a text file, plain or gzip, for predicting the next token; "
                          "fields tokens and target. A slice counts tokens, so that no two parts "
                          "share any.")
      .param("file", &P::file, "The text, in UTF-8 where tokens are characters.", config::required,
             config::main_field)
      .param("unit", &P::unit, "What a token is.", config::choices({"characters", "bytes"}))
      .param("window", &P::window,
             "Tokens in a sample; else the size, or the bound, of the axis of the model's input "
             "`tokens`.",
             at_least(1))
      .param("stride", &P::stride, "Tokens from one sample to the next; else the window.",
             at_least(1))
      .param(
          "vocabulary", &P::vocabulary,
          "Where the characters are taken from: the training part, in which the others must then "
          "find all of theirs, or the whole file of the training part.",
          config::choices({"train", "file"}))
      .param(
          "tokenizer", &P::tokenizer,
          "A tokenizer.json as Hugging Face has it, byte-level BPE or WordPiece: tokens are then "
          "its, whatever `unit` is.")
      .param(
          "target", &P::target,
          "What the target is: the token after each one, or the same ones, as for masked tokens.",
          config::choices({"next", "same"}))
      .source("fdl");
}

}  // namespace fdl::catalog
