#include "lib/graph/drawing.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "lib/config/tree.h"

namespace fdl::graph {
namespace {

constexpr std::string_view kMergeNames[] = {"add", "mean", "mul", "max", "min", "stack", "concat"};

class Painter {
 public:
  Painter(const Graph& graph, int depth) : graph_(graph), depth_(depth) {}

  Drawing paint() {
    out_.name = graph_.name;
    for (const NamedValue& input : graph_.inputs) {
      makers_[input.value] = add(end_box(Box::Kind::Input, "input.", input));
    }
    for (const State& state : graph_.states)
      makers_[state.read] = add(end_box(Box::Kind::State, "state.", {state.path, state.read}));
    block(graph_.root);
    for (const State& state : graph_.states)
      connect(state.written, makers_[state.read], "next call");
    for (const NamedValue& output : graph_.outputs) {
      const int box = add(end_box(Box::Kind::Output, "output.", output));
      connect(output.value, box);
    }
    return std::move(out_);
  }

 private:
  std::string text_of(ValueId value) const {
    return to_string(graph_.values[static_cast<std::size_t>(value)].type);
  }

  Box end_box(Box::Kind kind, const std::string& prefix, const NamedValue& end) const {
    Box out;
    out.kind = kind;
    out.path = prefix + end.name;
    out.title = end.name;
    out.detail = text_of(end.value);
    return out;
  }

  int add(Box box) {
    const auto [it, is_new] = boxes_.emplace(box.path, static_cast<int>(out_.boxes.size()));
    if (is_new) out_.boxes.push_back(std::move(box));
    return it->second;
  }

  // The box of a node, or of the group that it is drawn as.
  int box_of(const Node& node) {
    Box box;
    box.groups = config::split_path(node.path);
    if (depth_ > 0 && box.groups.size() > static_cast<std::size_t>(depth_)) {
      box.groups.resize(static_cast<std::size_t>(depth_));
      for (const std::string& segment : box.groups)
        box.detail += (box.detail.empty() ? "" : ".") + segment;
      box.kind = Box::Kind::Group;
      box.path = "group." + box.detail;
      box.title = box.groups.back();
    } else {
      const bool is_module = node.kind == Node::Kind::Module;
      box.kind = is_module ? Box::Kind::Module : Box::Kind::Join;
      box.path = node.path;
      box.title = is_module ? node.spec->name()
                  : node.kind == Node::Kind::Merge
                      ? std::string(kMergeNames[static_cast<std::size_t>(node.merge)])
                      : std::string(to_string(node.kind));
      if (is_module) box.detail = detail_of(node);
    }
    box.groups.pop_back();
    for (const auto& [depth, name] : frames_) {
      const bool named = depth < box.groups.size() && box.groups[depth] == name;
      if (depth <= box.groups.size() && !named)
        box.groups.insert(box.groups.begin() + static_cast<std::ptrdiff_t>(depth), name);
    }
    const int index = add(std::move(box));
    Box& drawn = out_.boxes[static_cast<std::size_t>(index)];
    if (drawn.nodes.empty() || drawn.nodes.back() != node.path) drawn.nodes.push_back(node.path);
    drawn.trains = drawn.trains || num_parameters(node) > 0;
    return index;
  }

  std::int64_t num_parameters(const Node& node) const {
    std::int64_t count = 0;
    for (const int index : node.tensors) {
      const OwnedTensor& tensor = graph_.tensors[static_cast<std::size_t>(index)];
      count += tensor.is_buffer ? 0 : tensor.num_elements();
    }
    return count;
  }

  std::string detail_of(const Node& node) const {
    const std::int64_t count = num_parameters(node);
    return count > 0 ? fmt::format("{} ({} parameters)", node.path, count) : node.path;
  }

  // What the blocks of a loop or switch are drawn in: a group where the node itself stands.
  void open_frame(const Node& node, const std::string& note) {
    std::vector<std::string> segments = config::split_path(node.path);
    std::string path;
    std::size_t extra = 0;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      for (const auto& [depth, name] : frames_) {
        if (depth != i + extra || segments[i] == name) continue;
        path += (path.empty() ? "" : ".") + name;
        ++extra;
      }
      path += (path.empty() ? "" : ".") + segments[i];
    }
    frames_.emplace_back(segments.size() - 1 + extra, segments.back());
    out_.group_notes[path] = note;
  }

  void connect(ValueId value, int box, const std::string& turns = "") {
    const auto from = makers_.find(value);
    const bool is_turn = !turns.empty();
    if (from == makers_.end() || (from->second == box && !is_turn)) return;
    for (const Line& line : out_.lines) {
      if (line.from == from->second && line.to == box && line.is_turn == is_turn) return;
    }
    out_.lines.push_back({from->second, box, text_of(value), is_turn, turns});
    if (turns_.count(value) != 0) starts_[value].push_back(box);
  }

  void block(const Block& block) {
    for (const Node& node : block.nodes) {
      if (node.kind == Node::Kind::Loop)
        loop(node);
      else
        plain(node);
    }
  }

  void plain(const Node& node) {
    const int box = box_of(node);
    // The stream, which is the last, goes through the blocks.
    const std::size_t num_direct = node.inputs.size() - (node.blocks.empty() ? 0 : 1);
    for (std::size_t i = 0; i < num_direct; ++i) {
      if (node.inputs[i] != kAbsent) connect(node.inputs[i], box);
    }
    if (!node.blocks.empty())
      open_frame(node,
                 node.kind == Node::Kind::Gate ? "weighted experts" : "one branch per sample");
    for (const Block& inner : node.blocks) {
      makers_[inner.inputs.front()] = makers_[node.inputs.back()];
      block(inner);
      connect(inner.outputs.front(), box);
    }
    if (!node.blocks.empty()) frames_.pop_back();
    for (const ValueId output : node.outputs) makers_[output] = box;
  }

  static std::string turns_of(const Node& node) {
    if (node.condition == Node::Condition::None) return fmt::format("{} times", node.times);
    const bool is_while = node.condition == Node::Condition::While;
    return fmt::format("{}, at most {} times", is_while ? "while" : "until", node.times);
  }

  // The body stands where the loop stands; a dashed line goes from its end to its start.
  void loop(const Node& node) {
    open_frame(node, turns_of(node));
    for (const Block& inner : node.blocks) {
      makers_[inner.inputs.front()] = makers_[node.inputs.front()];
      turns_.insert({inner.inputs.front(), true});
      block(inner);
    }
    frames_.pop_back();
    const Block& body = node.blocks.front();
    for (const int start : starts_[body.inputs.front()])
      connect(body.outputs.front(), start, turns_of(node));
    for (const ValueId output : node.outputs) makers_[output] = makers_[body.outputs.front()];
  }

  const Graph& graph_;
  const int depth_;
  Drawing out_;
  std::map<std::string, int> boxes_;
  std::map<ValueId, int> makers_;
  std::map<ValueId, bool> turns_;                            // what goes round in a loop
  std::map<ValueId, std::vector<int>> starts_;               // the boxes that read it
  std::vector<std::pair<std::size_t, std::string>> frames_;  // loops and switches: depth, name
};

}  // namespace

Drawing draw(const Graph& graph, int depth) { return Painter(graph, depth).paint(); }

void add_times(Drawing& drawing, const std::map<std::string, double>& ms_by_path) {
  drawing.most_ms = drawing.all_ms = 0;
  for (Box& box : drawing.boxes) {
    if (box.nodes.empty()) continue;
    box.ms = 0;
    for (const std::string& node : box.nodes) {
      const auto found = ms_by_path.find(node);
      if (found != ms_by_path.end()) *box.ms += found->second;
    }
    drawing.most_ms = std::max(drawing.most_ms, *box.ms);
    drawing.all_ms += *box.ms;
  }
}

}  // namespace fdl::graph
