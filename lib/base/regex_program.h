#pragma once

#include "lib/base/regex.h"

// Inside this folder: the pattern's text as a program for regex.cpp.
namespace fdl {

struct RegexProgram {
  std::vector<Regex::Instruction> instructions;
  std::size_t num_groups = 0;
};

tl::expected<RegexProgram, std::string> compile_regex(std::string_view pattern);

}  // namespace fdl
