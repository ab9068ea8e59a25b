#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/catalog/entry_spec.h"

namespace fdl::catalog {

struct TokenShardsParams {
  std::string path;
  std::string dtype = "u16";
  std::int64_t vocab = 0;
  std::optional<std::int64_t> window;
  std::optional<std::int64_t> stride;
};

inline EntrySpec token_shards_spec() {
  using config::at_least;
  using P = TokenShardsParams;
  return declare_entry<P>(
             "token_shards",
             "Windows of files of token numbers, for predicting the next token, read as they are "
             "needed; fields tokens and target. Files are plain little-endian numbers, or have the "
             "header of 256 i32 that begins with 20240520. A slice counts tokens.")
      .param("path", &P::path, "A file, or a folder whose .bin files are taken in order of name.",
             config::required, config::main_field)
      .param("dtype", &P::dtype, "What a token is in the files.", config::choices({"u16", "u32"}))
      .param("vocab", &P::vocab, "How many different tokens there are.", config::required,
             at_least(1))
      .param("window", &P::window,
             "Tokens in a sample; else the size, or the bound, of the axis of the model's input "
             "`tokens`.",
             at_least(1))
      .param("stride", &P::stride, "Tokens from one sample to the next; else the window.",
             at_least(1))
      .source("fdl");
}

}  // namespace fdl::catalog
