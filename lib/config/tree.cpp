#include "lib/config/tree.h"

#include <algorithm>
#include <charconv>

namespace fdl::config {

const Node* Node::find(std::string_view key) const {
  const Entry* entry = find_entry(key);
  return entry != nullptr ? &entry->value : nullptr;
}

Node* Node::find(std::string_view key) {
  return const_cast<Node*>(static_cast<const Node*>(this)->find(key));
}

const Entry* Node::find_entry(std::string_view key) const {
  const auto it =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.key == key; });
  return it != entries.end() ? &*it : nullptr;
}

bool Node::erase(std::string_view key) {
  return std::erase_if(entries, [&](const Entry& e) { return e.key == key; }) > 0;
}

Node& Node::at_or_add(std::string_view key, const Span& key_span) {
  if (!is_map()) {
    *this = Node{};
    kind = Kind::Map;
    span = key_span;
  }
  if (Node* found = find(key)) return *found;
  entries.push_back({std::string(key), key_span, {}, EntryMode::Merge});
  entries.back().value.span = key_span;
  return entries.back().value;
}

std::string describe(const Node& node) {
  constexpr std::size_t kLongest = 60;
  switch (node.kind) {
    case Kind::Null:
      return "nothing";
    case Kind::List:
      return "a list";
    case Kind::Map:
      return "a map";
    case Kind::Scalar:
      break;
  }
  if (node.text.size() > kLongest) return "'" + node.text.substr(0, kLongest) + "...'";
  return "'" + node.text + "'";
}

int depth_of(const Node& node) {
  int deepest = 0;
  for (const Node& item : node.items) deepest = std::max(deepest, depth_of(item));
  for (const Entry& entry : node.entries) deepest = std::max(deepest, depth_of(entry.value));
  return node.is_list() || node.is_map() ? deepest + 1 : 0;
}

Node make_scalar(std::string text, Span span, bool quoted) {
  Node node;
  node.kind = Kind::Scalar;
  node.text = std::move(text);
  node.span = std::move(span);
  node.quoted = quoted;
  return node;
}

std::vector<std::string> split_path(std::string_view dotted) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t dot = dotted.find('.');
    parts.emplace_back(dotted.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    dotted.remove_prefix(dot + 1);
  }
}

const Node* find_path(const Node& root, std::string_view dotted) {
  const Node* node = &root;
  for (const std::string& part : split_path(dotted)) {
    if (node->is_list()) {
      std::size_t index = 0;
      const auto [end, code] = std::from_chars(part.data(), part.data() + part.size(), index);
      if (code != std::errc() || end != part.data() + part.size()) return nullptr;
      if (index >= node->items.size()) return nullptr;
      node = &node->items[index];
    } else {
      node = node->find(part);
      if (node == nullptr) return nullptr;
    }
  }
  return node;
}

}  // namespace fdl::config
