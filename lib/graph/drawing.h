#pragma once

#include <string>
#include <vector>

#include "lib/graph/graph.h"

// A graph as boxes, lines and nested groups, and that as text for Graphviz, Mermaid or people.
namespace fdl::graph {

struct Box {
  enum class Kind { Input, Output, State, Module, Join, Group };
  Kind kind = Kind::Module;
  std::string path;                 // unique
  std::vector<std::string> groups;  // around it, outermost first
  std::string title;                // "conv2d"
  std::string detail;               // "320 parameters"
};

struct Line {
  int from = 0, to = 0;  // indices of boxes
  std::string label;     // the type that flows: "f32[B, 10]"
  bool is_turn =
      false;  // from the end of a loop's body to its start, or to what the next call reads
};

struct Drawing {
  std::string name;
  std::vector<Box> boxes;
  std::vector<Line> lines;
};

// With depth > 0, what lies deeper than so many segments of a path is drawn as one box.
Drawing draw(const Graph& graph, int depth);

std::string to_dot(const Drawing& drawing);
std::string to_mermaid(const Drawing& drawing);
// One line per box, indented by groups, with where its inputs come from.
std::string to_lines(const Drawing& drawing);

}  // namespace fdl::graph
