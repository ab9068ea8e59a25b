#include "lib/format/json_text.h"

#include <nlohmann/json.hpp>

namespace fdl::format {

std::optional<std::string> json_string(std::string_view text) {
  using Json = nlohmann::json;
  const Json value(text);
  // Of the handlers for bad UTF-8, the strict one throws. These two differ exactly when there is
  // some.
  std::string quoted = value.dump(-1, ' ', false, Json::error_handler_t::ignore);
  if (quoted != value.dump(-1, ' ', false, Json::error_handler_t::replace)) return std::nullopt;
  return quoted;
}

std::string shortened(std::string_view text) {
  constexpr std::size_t kSide = 60;
  if (text.size() <= 2 * kSide) return std::string(text);
  return std::string(text.substr(0, kSide)) + "..." + std::string(text.substr(text.size() - kSide));
}

bool is_plain_file_name(const std::string& name) {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".." &&
         name.find('/') == std::string::npos && name.find('\0') == std::string::npos &&
         json_string(name).has_value();
}

}  // namespace fdl::format
