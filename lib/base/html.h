#pragma once

#include <string>
#include <string_view>

namespace fdl {

// `text` as the text of an HTML or XML element, or of an attribute in double quotes.
std::string html_escaped(std::string_view text);

}  // namespace fdl
