// Drawings as text for Graphviz, Mermaid and people.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "lib/base/html.h"
#include "lib/graph/drawing.h"

namespace fdl::graph {
namespace {

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

std::string group_label(const Drawing& drawing, const std::vector<std::string>& groups) {
  const auto note = drawing.group_notes.find(id_of(groups));
  return note != drawing.group_notes.end() ? groups.back() + " · " + note->second : groups.back();
}

std::string indent(std::size_t depth) { return std::string(2 * depth + 2, ' '); }

double share_of(const Drawing& drawing, const Box& box) {
  return drawing.most_ms > 0 ? *box.ms / drawing.most_ms : 0;
}

std::string time_text(const Drawing& drawing, const Box& box) {
  return fmt::format("{:.3f} ms, {:.1f} %", *box.ms,
                     drawing.all_ms > 0 ? 100 * *box.ms / drawing.all_ms : 0);
}

bool is_dark(double share) { return share > 0.6; }

// Fill, border and shape of a box: what trains stands out, and a measured one shows its time.
std::string dot_style(const Drawing& drawing, const Box& box) {
  std::string out;
  switch (box.kind) {
    case Box::Kind::Input:
    case Box::Kind::Output:
      out = "shape=box, style=\"rounded,filled\", fillcolor=\"#e3f4e6\", color=\"#6aa874\"";
      break;
    case Box::Kind::State:
      out = "shape=box, style=\"rounded,filled\", fillcolor=\"#f3e6f4\", color=\"#a97bb0\"";
      break;
    case Box::Kind::Join:
      out =
          "shape=ellipse, style=filled, fillcolor=\"#fdf1dc\", color=\"#d3a95f\", "
          "margin=\"0.04,0.02\"";
      break;
    case Box::Kind::Group:
      out = "shape=box3d, style=filled, fillcolor=\"#e6ebf5\", color=\"#7f93b8\"";
      break;
    case Box::Kind::Module:
      out = box.trains ? "fillcolor=\"#d7e5fb\", color=\"#4f78bd\""
                       : "fillcolor=\"#f5f7fb\", color=\"#a9b8d0\"";
  }
  if (!box.ms) return out;
  const double share = share_of(drawing, box);
  return out + fmt::format(", fillcolor=\"{}\"{}", heat_colour(share),
                           is_dark(share) ? ", fontcolor=white" : "");
}

std::string dot_label(const Drawing& drawing, const Box& box) {
  std::string out = "<b>" + html_escaped(box.title) + "</b>";
  const char* small = box.ms && is_dark(share_of(drawing, box)) ? "#ffffff" : "#51607a";
  const auto line = [&](const std::string& text) {
    out += fmt::format("<br/><font point-size=\"9\" color=\"{}\">{}</font>", small,
                       html_escaped(text));
  };
  if (!box.detail.empty()) line(box.detail);
  if (box.ms) line(time_text(drawing, box));
  return out;
}

constexpr std::array<double, 5> kLegendShares = {0, 0.25, 0.5, 0.75, 1};

std::string dot_legend(const Drawing& drawing) {
  if (drawing.most_ms <= 0) return "";
  std::string out =
      "  subgraph \"cluster legend\" {\n    label=\"measured time per step\"; style=rounded; "
      "color=\"#d0d7e3\"; fontsize=10;\n";
  std::string cells;
  for (const double share : kLegendShares)
    cells += fmt::format("<td bgcolor=\"{}\"><font color=\"{}\">{:.3f} ms</font></td>",
                         heat_colour(share), is_dark(share) ? "white" : "black",
                         share * drawing.most_ms);
  return out +
         "    legend [shape=plain, style=\"\", label=<<table border=\"0\" cellborder=\"0\" "
         "cellspacing=\"0\" cellpadding=\"5\"><tr>" +
         cells + "</tr></table>>];\n  }\n";
}

}  // namespace

std::string heat_colour(double share) {
  struct Colour {
    double red, green, blue;
  };
  constexpr std::array<Colour, 5> kScale = {
      {{255, 247, 236}, {253, 212, 158}, {252, 141, 89}, {215, 48, 31}, {127, 0, 0}}};
  const double at = std::clamp(share, 0.0, 1.0) * (kScale.size() - 1);
  const std::size_t low = std::min<std::size_t>(static_cast<std::size_t>(at), kScale.size() - 2);
  const double part = at - static_cast<double>(low);
  const auto mix = [&](double Colour::*channel) {
    return static_cast<int>(kScale[low].*channel * (1 - part) + kScale[low + 1].*channel * part +
                            0.5);
  };
  return fmt::format("#{:02x}{:02x}{:02x}", mix(&Colour::red), mix(&Colour::green),
                     mix(&Colour::blue));
}

std::string to_dot(const Drawing& drawing) {
  std::string out = fmt::format(
      "digraph {} {{\n  rankdir=TB; compound=true; nodesep=0.3; ranksep=0.35; "
      "fontname=\"Helvetica\";\n  node [shape=box, style=\"rounded,filled\", "
      "fontname=\"Helvetica\", fontsize=11, penwidth=1.1, margin=\"0.14,0.06\"];\n  edge "
      "[fontname=\"Helvetica\", fontsize=8, fontcolor=\"#6b7688\", color=\"#8a94a6\", "
      "arrowsize=0.6];\n",
      quoted(drawing.name.empty() ? "model" : drawing.name));
  out += dot_legend(drawing);
  walk_groups(
      drawing, {},
      [&](const std::vector<std::string>& groups) {
        const std::string pad = indent(groups.size() - 1);
        const bool repeats = drawing.group_notes.count(id_of(groups)) != 0;
        out += fmt::format(
            "{}subgraph {} {{\n{}  label={}; style=\"rounded,filled\"; fillcolor=\"{}\"; "
            "color=\"{}\"; fontname=\"Helvetica\"; fontsize=10; fontcolor=\"#3f4d66\"; "
            "labeljust=l;\n",
            pad, quoted("cluster_" + id_of(groups)), pad, quoted(group_label(drawing, groups)),
            repeats                  ? "#fbf6ea"
            : groups.size() % 2 == 1 ? "#f8f9fc"
                                     : "#f0f3f9",
            repeats ? "#d8bf8a" : "#c4cddd");
      },
      [&](const std::vector<std::string>& groups) { out += indent(groups.size() - 1) + "}\n"; },
      [&](std::size_t i, std::size_t depth) {
        const Box& box = drawing.boxes[i];
        out += fmt::format("{}n{} [label=<{}>, {}];\n", indent(depth), i, dot_label(drawing, box),
                           dot_style(drawing, box));
      });
  for (const Line& line : drawing.lines) {
    out += line.is_turn ? fmt::format(
                              "  n{} -> n{} [label={}, style=dashed, constraint=false, "
                              "color=\"#b98b2f\", fontcolor=\"#b98b2f\"];\n",
                              line.from, line.to, quoted(" " + line.turns))
                        : fmt::format("  n{} -> n{} [label={}];\n", line.from, line.to,
                                      quoted(" " + line.label));
  }
  return out + "}\n";
}

std::string to_mermaid(const Drawing& drawing) {
  std::string out = "flowchart TD\n", styles;
  const auto safe = [](std::string text) {
    std::replace(text.begin(), text.end(), '"', '\'');
    return text;
  };
  walk_groups(
      drawing, {},
      [&](const std::vector<std::string>& groups) {
        out += fmt::format("{}subgraph {}[\"{}\"]\n", indent(groups.size() - 1),
                           "g_" + id_of(groups), safe(group_label(drawing, groups)));
      },
      [&](const std::vector<std::string>& groups) { out += indent(groups.size() - 1) + "end\n"; },
      [&](std::size_t i, std::size_t depth) {
        const Box& box = drawing.boxes[i];
        std::string label = box.detail.empty() ? box.title : box.title + "<br/>" + box.detail;
        if (box.ms) label += "<br/>" + time_text(drawing, box);
        out += box.kind == Box::Kind::Join
                   ? fmt::format("{}n{}((\"{}\"))\n", indent(depth), i, safe(label))
                   : fmt::format("{}n{}[\"{}\"]\n", indent(depth), i, safe(label));
        if (!box.ms) return;
        const double share = share_of(drawing, box);
        styles += fmt::format("  style n{} fill:{},color:{}\n", i, heat_colour(share),
                              is_dark(share) ? "#ffffff" : "#000000");
      });
  for (const Line& line : drawing.lines) {
    out += fmt::format("  n{} {}|\"{}\"| n{}\n", line.from, line.is_turn ? "-.->" : "-->",
                       safe(line.is_turn ? line.turns : line.label), line.to);
  }
  if (drawing.most_ms > 0) {
    out += "  subgraph legend[\"measured time per step\"]\n";
    for (std::size_t i = 0; i < kLegendShares.size(); ++i) {
      out += fmt::format("    k{}[\"{:.3f} ms\"]\n", i, kLegendShares[i] * drawing.most_ms);
      styles += fmt::format("  style k{} fill:{},color:{}\n", i, heat_colour(kLegendShares[i]),
                            is_dark(kLegendShares[i]) ? "#ffffff" : "#000000");
    }
    out += "  end\n";
  }
  return out + styles;
}

std::string to_lines(const Drawing& drawing) {
  std::string out;
  const bool timed = drawing.most_ms > 0;
  const std::string no_time(timed ? 20 : 0, ' ');
  walk_groups(
      drawing, {},
      [&](const std::vector<std::string>& groups) {
        out += no_time + std::string(2 * (groups.size() - 1), ' ') + group_label(drawing, groups) +
               "\n";
      },
      [](const std::vector<std::string>&) {},
      [&](std::size_t i, std::size_t depth) {
        const Box& box = drawing.boxes[i];
        if (box.ms && timed)
          out += fmt::format("{:>9.3f} ms {:>5.1f} %  ", *box.ms, 100 * *box.ms / drawing.all_ms);
        else
          out += no_time;
        out += std::string(2 * depth, ' ') + box.title;
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
