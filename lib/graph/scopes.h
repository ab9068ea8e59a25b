#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/span.h"
#include "lib/config/interpolate.h"
#include "lib/graph/graph.h"

namespace fdl::graph {

// The value of a stream that an earlier problem made unknown: later steps are still checked for
// names and keys, but not for shapes.
inline constexpr ValueId kUnknown = -1;

// The nearest scope that has a segment: names within it must differ, and unnamed modules are
// counted here by kind. Constructs without a segment share their parent's.
class PathScope {
 public:
  explicit PathScope(std::string prefix) : prefix_(std::move(prefix)) {}
  // "prefix.name", or "name" at the top.
  std::string join(const std::string& name) const;
  // The next "<kind>_<n>".
  std::string next(const std::string& kind);

 private:
  std::string prefix_;
  std::map<std::string, int> counters_;
};

// The tags that are seen at one place: those of its own flow, then of the flows around it.
class TagScope {
 public:
  struct Tag {
    ValueId value = kUnknown;
    Span span;
    int state = -1;  // of a state its index in Graph::states; its value is what it is by then
  };
  explicit TagScope(const TagScope* parent) : parent_(parent) {}
  const Tag* find(const std::string& name) const;
  const Tag* find_here(const std::string& name) const;  // without the flows around it
  // The former tag of that name in this very scope, when there is one; else it is added.
  std::optional<Tag> define(const std::string& name, Tag tag);
  std::vector<std::string> names() const;
  std::vector<std::string> names_here() const;

 private:
  const TagScope* parent_;
  std::map<std::string, Tag> tags_;
};

enum class Freeze { No, Parameters, All };  // All: running statistics too

// Where a step stands.
struct Place {
  Block* block = nullptr;
  std::shared_ptr<PathScope> path;
  TagScope* tags = nullptr;
  const config::NameScope* names = nullptr;
  Freeze freeze = Freeze::No;
  // The dtype that floating-point values are read in; as they are, without one.
  std::optional<catalog::DType> precision = {};
  // Inside a step with `precision`, but not in the steps in it: the dtype of what it gives.
  std::optional<catalog::DType> gives = {};
  std::vector<int> recompute = {};  // Node::recompute of what is added here
};

}  // namespace fdl::graph
