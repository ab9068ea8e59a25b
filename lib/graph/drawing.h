#pragma once

#include <map>
#include <optional>
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
  std::string detail;               // "conv2d_0 (320 parameters)"
  bool trains = false;              // owns parameters
  std::vector<std::string> nodes;   // the paths of those it stands for
  std::optional<double> ms;         // measured, see add_times
};

struct Line {
  int from = 0, to = 0;  // indices of boxes
  std::string label;     // the type that flows: "f32[B, 10]"
  // From the end of a loop's body to its start, or to what the next call reads.
  bool is_turn = false;
  std::string turns;  // of such a line: "8 times"
};

struct Drawing {
  std::string name;
  std::vector<Box> boxes;
  std::vector<Line> lines;
  std::map<std::string, std::string> group_notes;  // by the group's path: "8 times"
  double most_ms = 0;                              // of a box, when there are times
  double all_ms = 0;
};

// With depth > 0, what lies deeper than so many segments of a path is drawn as one box.
Drawing draw(const Graph& graph, int depth);

// Gives the boxes measured times, by the paths of nodes; all formats then show them.
void add_times(Drawing& drawing, const std::map<std::string, double>& ms_by_path);

// "#rrggbb" on the scale of times, from 0 (pale) to 1 (dark).
std::string heat_colour(double share);

std::string to_dot(const Drawing& drawing);
std::string to_mermaid(const Drawing& drawing);
// One line per box, indented by groups, with where its inputs come from.
std::string to_lines(const Drawing& drawing);

}  // namespace fdl::graph
