#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/span.h"

namespace fdl::config {

enum class Kind { Null, Scalar, List, Map };

struct Entry;

// A value of a manifest with the place it was written at. Scalars stay text: which type they
// have is decided by the declaration that receives them.
struct Node {
  Kind kind = Kind::Null;
  std::string text;     // of a scalar
  bool quoted = false;  // a scalar that was written in quotes or as a block: always a string
  bool broken = false;  // its `${...}` could not be resolved, which has been reported: say no more
  Span span;
  std::vector<Span> via;  // further places that made the value: an alias, an interpolation's source
  std::vector<Node> items;     // of a list
  std::vector<Entry> entries;  // of a map, in the order of the file

  bool is_null() const { return kind == Kind::Null; }
  bool is_scalar() const { return kind == Kind::Scalar; }
  bool is_list() const { return kind == Kind::List; }
  bool is_map() const { return kind == Kind::Map; }

  // The value under `key`, or null when this is no map or has no such key.
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  // The entry under `key`, or null.
  const Entry* find_entry(std::string_view key) const;
  bool has(std::string_view key) const { return find(key) != nullptr; }
  // Removes the key; whether it was there.
  bool erase(std::string_view key);
  // The value under `key`, made (null) when absent. The node becomes a map.
  Node& at_or_add(std::string_view key, const Span& key_span);
};

// How an entry of an upper layer acts on the one below it.
enum class EntryMode { Merge, Append, Replace };  // `key:`, `key+:`, `key!:`

struct Entry {
  std::string key;
  Span key_span;
  Node value;
  EntryMode mode = EntryMode::Merge;
};

// "a map", "a list", "nothing" or "'text'": for messages that say what was found.
std::string describe(const Node& node);

// How many lists and maps nest, the node included.
int depth_of(const Node& node);

Node make_scalar(std::string text, Span span, bool quoted = false);

// The value at a dotted path, list items by index ("training.phases.0.until"); null when absent.
const Node* find_path(const Node& root, std::string_view dotted);

std::vector<std::string> split_path(std::string_view dotted);

}  // namespace fdl::config
