#include "lib/config/show.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "lib/config/bind.h"
#include "lib/config/interpolate.h"
#include "lib/config/number.h"

namespace fdl::config {
namespace {

constexpr std::size_t kWidestInline = 80;
constexpr std::size_t kWidestColumn = 50;  // bodies longer than this do not move the comments
constexpr std::size_t kNarrowestColumn = 12;
constexpr std::size_t kLongestImplicitKey = 1000;  // YAML allows 1024 characters before the colon

// Whether a plain scalar with this text would be read back as something other than the text.
bool needs_quotes(const Node& node) {
  const std::string& t = node.text;
  if (node.quoted) return true;
  if (t.empty()) return true;
  if (t == "~" || t == "null" || t == "Null" || t == "NULL") return true;
  const auto is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (std::any_of(t.begin(), t.end(), is_control)) return true;
  if (t.find_first_of("\"\\") != std::string::npos) return true;
  if (t.find(": ") != std::string::npos || t.find(" #") != std::string::npos || t.back() == ':')
    return true;
  if (std::string_view("-?:,[]{}#&*!|>'%@` ").find(t.front()) != std::string_view::npos)
    return !(t.front() == '-' && parse_number(t));
  return t.back() == ' ' || t.find_first_of(",[]{}") != std::string::npos;
}

std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string scalar_text(const Node& node) {
  if (node.is_null()) return "null";
  return needs_quotes(node) ? quoted(node.text) : node.text;
}

std::string key_text(const Entry& entry) {
  const std::string& key = entry.key;
  if (needs_quotes(make_scalar(key, {})) || key.back() == '+' || key.back() == '!')
    return quoted(key);
  if (entry.mode == EntryMode::Append) return key + "+";
  return entry.mode == EntryMode::Replace ? key + "!" : key;
}

Node with_escaped_references(const Node& root) {
  Node out = root;
  const std::vector<std::string>& late = late_sections();
  for (Entry& entry : out.entries) {
    if (std::find(late.begin(), late.end(), entry.key) == late.end())
      escape_references(entry.value);
  }
  return out;
}

bool is_leaf(const Node& node) {
  return node.is_scalar() || node.is_null() || (node.is_list() && node.items.empty()) ||
         (node.is_map() && node.entries.empty());
}

// Empty when it cannot stand on one line.
std::string inline_text(const Node& node) {
  if (node.is_list() && node.items.empty()) return "[]";
  if (node.is_map() && node.entries.empty()) return "{}";
  if (is_leaf(node)) return scalar_text(node);
  if (!node.is_list()) return "";
  std::string out;
  for (const Node& item : node.items) {
    if (!item.is_scalar()) return "";
    out += (out.empty() ? "" : ", ") + scalar_text(item);
  }
  out = "[" + out + "]";
  return out.size() <= kWidestInline ? out : "";
}

struct Line {
  std::string body;
  std::string comment;
};

class Printer {
 public:
  void print(const Node& node, std::size_t indent) {
    if (node.is_map()) {
      for (const Entry& e : node.entries) {
        std::string head = std::string(indent, ' ') + key_text(e);
        if (head.size() > indent + kLongestImplicitKey) {
          lines.push_back({head.insert(indent, "? "), ""});
          head = std::string(indent, ' ');
        }
        print_value(head + ":", e.value, indent);
      }
    } else {
      for (const Node& item : node.items) print_item(item, indent);
    }
  }

  std::vector<Line> lines;

 private:
  void print_value(const std::string& head, const Node& value, std::size_t indent) {
    const std::string body = inline_text(value);
    if (!body.empty()) {
      lines.push_back({head + " " + body, origin_of(value)});
      return;
    }
    lines.push_back({head, ""});
    print(value, indent + 2);
  }

  void print_item(const Node& item, std::size_t indent) {
    const std::string dash = std::string(indent, ' ') + "-";
    const std::string body = inline_text(item);
    if (!body.empty()) {
      lines.push_back({dash + " " + body, origin_of(item)});
      return;
    }
    // The first line of the nested value joins the dash.
    const std::size_t first = lines.size();
    print(item, indent + 2);
    lines[first].body.replace(0, indent + 2, dash + " ");
  }
};

nlohmann::ordered_json leaf_json(const Node& node) {
  if (node.is_null()) return nullptr;
  if (node.is_list()) return nlohmann::ordered_json::array();
  if (node.is_map()) return nlohmann::ordered_json::object();
  if (!node.quoted) {
    if (const auto boolean = parse_bool(node.text)) return *boolean;
    if (const auto integer = parse_integer(node.text)) return *integer;
    const auto number = parse_number(node.text);
    if (number && std::isfinite(*number)) return *number;  // JSON has no word for the others
  }
  return node.text;
}

nlohmann::ordered_json json_of(const Node& node, bool origins) {
  if (is_leaf(node)) {
    if (!origins) return leaf_json(node);
    return {{"value", leaf_json(node)}, {"origin", origin_of(node)}};
  }
  nlohmann::ordered_json out;
  for (const Node& item : node.items) out.push_back(json_of(item, origins));
  for (const Entry& entry : node.entries) out[entry.key] = json_of(entry.value, origins);
  return out;
}

}  // namespace

std::string origin_of(const Node& node) {
  std::string out = node.span.where_line();
  for (const Span& via : node.via) {
    const std::string place = via.where_line();
    if (!place.empty() && place != out) {
      out += " via " + place;
      break;  // the nearest source tells enough; longer chains show step by step
    }
  }
  return out;
}

std::string to_yaml_with_origins(const Node& root, const std::vector<Deletion>& deletions) {
  Printer printer;
  printer.print(with_escaped_references(root), 0);
  std::size_t column = kNarrowestColumn;
  for (const Line& line : printer.lines) {
    if (line.body.size() <= kWidestColumn) column = std::max(column, line.body.size());
  }
  std::string out;
  for (const Line& line : printer.lines) {
    out += line.body;
    if (!line.comment.empty()) {
      const std::size_t gap = line.body.size() < column ? column - line.body.size() : 0;
      out += std::string(gap + 2, ' ') + "# " + line.comment;
    }
    out += "\n";
  }
  for (const Deletion& d : deletions)
    out +=
        fmt::format("# {} ({}) was deleted by {}\n", d.path, d.was.where_line(), d.by.where_line());
  return out;
}

std::string to_json(const Node& root, bool origins, int indent) {
  return json_of(root, origins)
      .dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

std::string shown_text(const std::string& text) {
  return needs_quotes(make_scalar(text, {})) ? quoted(text) : text;
}

std::string to_plain(const Node& node) {
  if (node.is_scalar()) return node.text + "\n";
  const std::string body = inline_text(node);
  if (!body.empty()) return body + "\n";
  Printer printer;
  printer.print(node, 0);
  std::string out;
  for (const Line& line : printer.lines) out += line.body + "\n";
  return out;
}

}  // namespace fdl::config
