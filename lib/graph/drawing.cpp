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
      makers_[input.value] =
          add({Box::Kind::Input, "input." + input.name, {}, input.name, text_of(input.value)});
    }
    for (const State& state : graph_.states) {
      makers_[state.read] =
          add({Box::Kind::State, "state." + state.path, {}, state.path, text_of(state.read)});
    }
    block(graph_.root);
    for (const State& state : graph_.states)
      connect(state.written, makers_[state.read], /*is_turn=*/true);
    for (const NamedValue& output : graph_.outputs) {
      const int box =
          add({Box::Kind::Output, "output." + output.name, {}, output.name, text_of(output.value)});
      connect(output.value, box);
    }
    return std::move(out_);
  }

 private:
  std::string text_of(ValueId value) const {
    return to_string(graph_.values[static_cast<std::size_t>(value)].type);
  }

  int add(Box box) {
    const auto [it, is_new] = boxes_.emplace(box.path, static_cast<int>(out_.boxes.size()));
    if (is_new) out_.boxes.push_back(std::move(box));
    return it->second;
  }

  // The box of a node, or of the group that it is drawn as.
  int box_of(const Node& node) {
    std::vector<std::string> segments = config::split_path(node.path);
    if (depth_ > 0 && segments.size() > static_cast<std::size_t>(depth_)) {
      segments.resize(static_cast<std::size_t>(depth_));
      std::string path;
      for (const std::string& segment : segments) path += (path.empty() ? "" : ".") + segment;
      const std::string title = segments.back();
      segments.pop_back();
      return add({Box::Kind::Group, "group." + path, segments, title, path});
    }
    segments.pop_back();
    if (node.kind == Node::Kind::Module)
      return add({Box::Kind::Module, node.path, segments, node.spec->name(), detail_of(node)});
    const std::string title = node.kind == Node::Kind::Merge
                                  ? std::string(kMergeNames[static_cast<std::size_t>(node.merge)])
                                  : std::string(to_string(node.kind));
    return add({Box::Kind::Join, node.path, segments, title, ""});
  }

  std::string detail_of(const Node& node) const {
    std::int64_t count = 0;
    for (const int index : node.tensors) {
      const OwnedTensor& tensor = graph_.tensors[static_cast<std::size_t>(index)];
      count += tensor.is_buffer ? 0 : tensor.num_elements();
    }
    return count > 0 ? fmt::format("{} ({} parameters)", node.path, count) : node.path;
  }

  void connect(ValueId value, int box, bool is_turn = false) {
    const auto from = makers_.find(value);
    if (from == makers_.end() || (from->second == box && !is_turn)) return;
    for (const Line& line : out_.lines) {
      if (line.from == from->second && line.to == box && line.is_turn == is_turn) return;
    }
    out_.lines.push_back({from->second, box, text_of(value), is_turn});
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
    for (const ValueId input : node.inputs) {
      if (input != kAbsent) connect(input, box);
    }
    for (const Block& inner : node.blocks) {
      makers_[inner.inputs.front()] = makers_[node.inputs.back()];
      block(inner);
      connect(inner.outputs.front(), box);
    }
    for (const ValueId output : node.outputs) makers_[output] = box;
  }

  // The body stands where the loop stands; a dashed line goes from its end to its start.
  void loop(const Node& node) {
    for (const Block& inner : node.blocks) {
      makers_[inner.inputs.front()] = makers_[node.inputs.front()];
      turns_.insert({inner.inputs.front(), true});
      block(inner);
    }
    const Block& body = node.blocks.front();
    for (const int start : starts_[body.inputs.front()])
      connect(body.outputs.front(), start, /*is_turn=*/true);
    for (const ValueId output : node.outputs) makers_[output] = makers_[body.outputs.front()];
  }

  const Graph& graph_;
  const int depth_;
  Drawing out_;
  std::map<std::string, int> boxes_;
  std::map<ValueId, int> makers_;
  std::map<ValueId, bool> turns_;               // what goes round in a loop
  std::map<ValueId, std::vector<int>> starts_;  // the boxes that read it
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// Boxes in the order of the drawing, nested groups opened and closed around them.
template <typename Open, typename Close, typename Each>
void walk_groups(const Drawing& drawing, const std::vector<std::string>& around, Open open,
                 Close close, Each each) {
  std::vector<std::string> done;
  for (std::size_t i = 0; i < drawing.boxes.size(); ++i) {
    const Box& box = drawing.boxes[i];
    const bool inside = box.groups.size() >= around.size() &&
                        std::equal(around.begin(), around.end(), box.groups.begin());
    if (!inside) continue;
    if (box.groups.size() == around.size()) {
      each(i, around.size());
      continue;
    }
    const std::string& name = box.groups[around.size()];
    if (std::find(done.begin(), done.end(), name) != done.end()) continue;
    done.push_back(name);
    std::vector<std::string> deeper = around;
    deeper.push_back(name);
    open(deeper);
    walk_groups(drawing, deeper, open, close, each);
    close(deeper);
  }
}

std::string id_of(const std::vector<std::string>& groups) {
  std::string out;
  for (const std::string& group : groups) out += (out.empty() ? "" : ".") + group;
  return out;
}

}  // namespace

Drawing draw(const Graph& graph, int depth) { return Painter(graph, depth).paint(); }

std::string to_dot(const Drawing& drawing) {
  std::string out = fmt::format(
      "digraph {} {{\n  rankdir=TB; compound=true;\n  node [shape=box, style=\"rounded,filled\", "
      "fillcolor=\"#eef3fb\", color=\"#5b7bb5\", fontname=\"Helvetica\", fontsize=11];\n  edge "
      "[fontname=\"Helvetica\", fontsize=9, color=\"#7a7a7a\"];\n",
      quoted(drawing.name.empty() ? "model" : drawing.name));
  const auto pad = [](std::size_t depth) { return std::string(2 * depth + 2, ' '); };
  walk_groups(
      drawing, {},
      [&](const std::vector<std::string>& groups) {
        out += fmt::format(
            "{}subgraph {} {{\n{}  label={}; style=rounded; color=\"#b8c4d6\"; "
            "fontname=\"Helvetica\"; fontsize=10;\n",
            pad(groups.size() - 1), quoted("cluster_" + id_of(groups)), pad(groups.size() - 1),
            quoted(groups.back()));
      },
      [&](const std::vector<std::string>& groups) { out += pad(groups.size() - 1) + "}\n"; },
      [&](std::size_t i, std::size_t depth) {
        const Box& box = drawing.boxes[i];
        std::string style;
        if (box.kind == Box::Kind::Join) style = ", shape=ellipse, fillcolor=\"#fdf1dc\"";
        if (box.kind == Box::Kind::Input || box.kind == Box::Kind::Output)
          style = ", fillcolor=\"#e3f4e6\"";
        if (box.kind == Box::Kind::State) style = ", fillcolor=\"#f3e6f4\"";
        if (box.kind == Box::Kind::Group) style = ", shape=box3d";
        const std::string label = box.detail.empty() ? box.title : box.title + "\\n" + box.detail;
        std::string text = quoted(label);
        for (std::size_t at = 0; (at = text.find("\\\\n", at)) != std::string::npos;)
          text.replace(at, 3, "\\n");
        out += fmt::format("{}n{} [label={}{}];\n", pad(depth), i, text, style);
      });
  for (const Line& line : drawing.lines) {
    out += fmt::format("  n{} -> n{} [label={}{}];\n", line.from, line.to, quoted(line.label),
                       line.is_turn ? ", style=dashed, constraint=false" : "");
  }
  return out + "}\n";
}

std::string to_mermaid(const Drawing& drawing) {
  std::string out = "flowchart TD\n";
  const auto pad = [](std::size_t depth) { return std::string(2 * depth + 2, ' '); };
  const auto safe = [](std::string text) {
    std::replace(text.begin(), text.end(), '"', '\'');
    return text;
  };
  walk_groups(
      drawing, {},
      [&](const std::vector<std::string>& groups) {
        out += fmt::format("{}subgraph {}[\"{}\"]\n", pad(groups.size() - 1), "g_" + id_of(groups),
                           safe(groups.back()));
      },
      [&](const std::vector<std::string>& groups) { out += pad(groups.size() - 1) + "end\n"; },
      [&](std::size_t i, std::size_t depth) {
        const Box& box = drawing.boxes[i];
        const std::string label = box.detail.empty() ? box.title : box.title + "<br/>" + box.detail;
        out += box.kind == Box::Kind::Join
                   ? fmt::format("{}n{}((\"{}\"))\n", pad(depth), i, safe(label))
                   : fmt::format("{}n{}[\"{}\"]\n", pad(depth), i, safe(label));
      });
  for (const Line& line : drawing.lines) {
    out += fmt::format("  n{} {}|\"{}\"| n{}\n", line.from, line.is_turn ? "-.->" : "-->",
                       safe(line.label), line.to);
  }
  return out;
}

std::string to_lines(const Drawing& drawing) {
  std::string out;
  const auto pad = [](std::size_t depth) { return std::string(2 * depth, ' '); };
  walk_groups(
      drawing, {},
      [&](const std::vector<std::string>& groups) {
        out += pad(groups.size() - 1) + groups.back() + "\n";
      },
      [](const std::vector<std::string>&) {},
      [&](std::size_t i, std::size_t depth) {
        const Box& box = drawing.boxes[i];
        out += pad(depth) + box.title;
        const std::string& detail = box.kind == Box::Kind::Join ? box.path : box.detail;
        if (!detail.empty()) out += "  " + detail;
        for (const Line& line : drawing.lines) {
          if (line.to != static_cast<int>(i)) continue;
          const Box& from = drawing.boxes[static_cast<std::size_t>(line.from)];
          out += fmt::format("  {} {} {}", line.is_turn ? "<~" : "<-", from.path, line.label);
        }
        out += "\n";
      });
  return out;
}

}  // namespace fdl::graph
