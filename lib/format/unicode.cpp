#include "lib/format/unicode.h"

#include <array>
#include <cstdlib>
#include <memory>
#include <utf8proc.h>

#include "lib/format/text.h"

namespace fdl::format {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

utf8proc_category_t category(char32_t c) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

bool is_between(char32_t c, char32_t low, char32_t high) { return c >= low && c <= high; }

}  // namespace

Points to_points(std::string_view utf8) {
  Points out;
  const auto* at = reinterpret_cast<const utf8proc_uint8_t*>(utf8.data());
  auto left = static_cast<utf8proc_ssize_t>(utf8.size());
  while (left > 0) {
    utf8proc_int32_t point = 0;
    utf8proc_ssize_t size = utf8proc_iterate(at, left, &point);
    if (size <= 0) {
      point = static_cast<utf8proc_int32_t>(kReplacement);
      size = 1;
    }
    out.push_back(static_cast<char32_t>(point));
    at += size;
    left -= size;
  }
  return out;
}

std::string to_utf8(const Points& points) {
  std::string out;
  for (const char32_t c : points) out += to_utf8(c);
  return out;
}

bool is_letter(char32_t c) {
  const auto own = category(c);
  return own >= UTF8PROC_CATEGORY_LU && own <= UTF8PROC_CATEGORY_LO;
}
bool is_number(char32_t c) {
  const auto own = category(c);
  return own >= UTF8PROC_CATEGORY_ND && own <= UTF8PROC_CATEGORY_NO;
}
bool is_mark(char32_t c) { return category(c) == UTF8PROC_CATEGORY_MN; }
bool is_other(char32_t c) {
  const auto own = category(c);
  return own == UTF8PROC_CATEGORY_CN ||
         (own >= UTF8PROC_CATEGORY_CC && own <= UTF8PROC_CATEGORY_CO);
}
bool is_punctuation(char32_t c) {
  const bool is_ascii_symbol = is_between(c, 33, 47) || is_between(c, 58, 64) ||
                               is_between(c, 91, 96) || is_between(c, 123, 126);
  const auto own = category(c);
  return is_ascii_symbol || (own >= UTF8PROC_CATEGORY_PC && own <= UTF8PROC_CATEGORY_PO);
}
bool is_space(char32_t c) {
  return is_between(c, 0x09, 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         is_between(c, 0x2000, 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
         c == 0x205F || c == 0x3000;
}
bool is_chinese(char32_t c) {
  constexpr std::array<std::array<char32_t, 2>, 8> kBlocks = {{{0x4E00, 0x9FFF},
                                                               {0x3400, 0x4DBF},
                                                               {0x20000, 0x2A6DF},
                                                               {0x2A700, 0x2B73F},
                                                               {0x2B740, 0x2B81F},
                                                               {0x2B920, 0x2CEAF},
                                                               {0xF900, 0xFAFF},
                                                               {0x2F800, 0x2FA1F}}};
  for (const auto& [low, high] : kBlocks) {
    if (is_between(c, low, high)) return true;
  }
  return false;
}

Points lower_case(const Points& points) {
  Points out;
  constexpr char32_t kDottedCapitalI = 0x130;  // the one letter whose small form is two points
  for (const char32_t c : points) {
    if (c == kDottedCapitalI) {
      out.push_back('i');
      out.push_back(0x307);
      continue;
    }
    out.push_back(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
  }
  return out;
}

Points normalized(const Points& points, NormalForm form) {
  const std::string utf8 = to_utf8(points);
  int options = UTF8PROC_STABLE;
  const bool is_composed = form == NormalForm::Nfc || form == NormalForm::Nfkc;
  options |= is_composed ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE;
  if (form == NormalForm::Nfkc || form == NormalForm::Nfkd) options |= UTF8PROC_COMPAT;
  utf8proc_uint8_t* raw = nullptr;
  const auto size = utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(utf8.data()),
                                 static_cast<utf8proc_ssize_t>(utf8.size()), &raw,
                                 static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owned(raw, &std::free);
  if (size < 0) return points;
  return to_points({reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size)});
}

}  // namespace fdl::format
