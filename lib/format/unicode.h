#pragma once

#include <string>
#include <string_view>
#include <vector>

// What kind a code point is, and text in other forms; the Unicode version is utf8proc's.
namespace fdl::format {

using Points = std::vector<char32_t>;

// The code points of UTF-8; bytes that are none become U+FFFD.
Points to_points(std::string_view utf8);
std::string to_utf8(const Points& points);

bool is_letter(char32_t c);       // L*
bool is_number(char32_t c);       // N*
bool is_mark(char32_t c);         // Mn
bool is_other(char32_t c);        // C*: control, format, private, unassigned
bool is_punctuation(char32_t c);  // P*, and the ASCII symbols
bool is_space(char32_t c);        // White_Space
bool is_chinese(char32_t c);      // the blocks that BERT puts spaces around

Points lower_case(const Points& points);

enum class NormalForm { Nfc, Nfd, Nfkc, Nfkd };
Points normalized(const Points& points, NormalForm form);

}  // namespace fdl::format
