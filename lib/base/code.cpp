#include "lib/base/code.h"

namespace fdl {

std::span<const CodeEntry> all_codes() {
  static constexpr CodeEntry kCodes[] = {
#define FDL_CODE(name, number, title, explanation) {Code::name, title, explanation},
#include "lib/base/codes.inc"
#undef FDL_CODE
  };
  return kCodes;
}

std::string to_string(Code code) { return "FDL" + std::to_string(static_cast<int>(code)); }

}  // namespace fdl
