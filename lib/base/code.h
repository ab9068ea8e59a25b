#pragma once

#include <span>
#include <string>
#include <string_view>

namespace fdl {

// Every diagnostic's stable code. The list, with titles and explanations, is lib/base/codes.inc.
enum class Code : int {
#define FDL_CODE(name, number, title, explanation) name = number,
#include "lib/base/codes.inc"
#undef FDL_CODE
};

struct CodeEntry {
  Code code;
  std::string_view title;
  std::string_view explanation;
};

std::span<const CodeEntry> all_codes();

// "FDL2003".
std::string to_string(Code code);

}  // namespace fdl
