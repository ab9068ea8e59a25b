// yaml-cpp gives events with marks; the tree is built here because its own loses duplicate keys,
// gives an alias the place of its anchor, and reads `no` as a boolean.
#include "lib/config/yaml.h"

#include <map>
#include <sstream>
#include <utility>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include "lib/base/check.h"
#include "lib/base/files.h"

namespace fdl::config {
namespace {

// Thrown out of the event handler to stop yaml-cpp; caught in read_yaml only.
struct Stop {
  Diagnostic reason;
};

std::size_t count_nodes(const Node& node) {
  std::size_t count = 1;
  for (const Node& item : node.items) count += count_nodes(item);
  for (const Entry& entry : node.entries) count += count_nodes(entry.value);
  return count;
}

class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const Source> source, Diagnostics& problems)
      : source_(std::move(source)),
        problems_(problems),
        line_end_(std::min(source_->text.find('\n'), source_->text.size())) {}

  Node take_root() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.span = span_at(mark, 0);
    place(std::move(node), anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_tag(mark, tag);
    // A multi-line scalar is marked up to the end of its first line.
    const Span start = span_at(mark, 0);
    const auto rest = static_cast<int>(length_of_line(start.line)) - start.column + 1;
    const bool quoted = tag == "!";
    const int length = static_cast<int>(value.size()) + (quoted ? 2 : 0);
    Node node = make_scalar(value, span_at(mark, std::min(length, std::max(rest, 1))), quoted);
    place(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Kind::List, mark, tag, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Kind::Map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Span at = span_at(mark, 1);
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end())
      throw Stop{error(Code::UnknownAlias, at, "an alias stands inside the value it names")};
    Node copy = found->second;
    written_ += 1;
    expanded_ += count_nodes(copy);
    if (expanded_ > kMostAliasExpansion * written_) {
      throw Stop{error(Code::AliasExpansion, at,
                       "aliases expand this file to more than {} times "
                       "the values written in it",
                       kMostAliasExpansion)
                     .help("repeat less, or use `modules:` and `use:`")};
    }
    if (static_cast<int>(open_.size()) + depth_of(copy) > kDeepestNesting) throw Stop{too_deep(at)};
    copy.via.push_back(copy.span);
    copy.span = at;
    attach(std::move(copy));
  }

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor = 0;
    std::optional<Entry> key;  // a map's key that waits for its value
  };

  // Lines come in order, so that looking them up from where the last one was costs the file once.
  std::size_t length_of_line(int line) {
    const std::string& text = source_->text;
    for (; line_ < line && line_end_ < text.size(); ++line_) {
      line_begin_ = line_end_ + 1;
      line_end_ = std::min(text.find('\n', line_begin_), text.size());
    }
    if (line_ != line) return source_->line_text(line).size();
    const bool has_return = line_end_ > line_begin_ && text[line_end_ - 1] == '\r';
    return line_end_ - line_begin_ - (has_return ? 1 : 0);
  }

  static Diagnostic too_deep(const Span& at) {
    return error(Code::TooDeep, at, "this file nests deeper than {} levels", kDeepestNesting)
        .help("flatten it, or use `modules:` and `use:`");
  }

  Span span_at(const YAML::Mark& mark, int length) const {
    return {source_, mark.line + 1, mark.column + 1, length};
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    problems_.add(error(Code::BadTag, span_at(mark, 1), "YAML tags such as '{}' are not read", tag)
                      .help("remove the tag; the type follows from the key"));
  }

  void open(Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_tag(mark, tag);
    if (static_cast<int>(open_.size()) >= kDeepestNesting) throw Stop{too_deep(span_at(mark, 1))};
    Open next;
    next.node.kind = kind;
    next.node.span = span_at(mark, 1);
    next.anchor = anchor;
    open_.push_back(std::move(next));
  }

  void close() {
    Open done = std::move(open_.back());
    open_.pop_back();
    place(std::move(done.node), done.anchor);
  }

  void place(Node node, YAML::anchor_t anchor) {
    ++written_;
    if (anchor != 0) anchors_[anchor] = node;
    attach(std::move(node));
  }

  void attach(Node node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.is_list()) {
      parent.node.items.push_back(std::move(node));
    } else if (!parent.key) {
      begin_entry(parent, node);
    } else {
      Entry entry = std::move(*parent.key);
      parent.key.reset();
      entry.value = std::move(node);
      add_entry(parent, std::move(entry));
    }
  }

  void begin_entry(Open& parent, const Node& key) {
    Entry entry;
    entry.key_span = key.span;
    entry.key = key.text;
    if (!key.is_scalar() || key.text.empty()) {
      problems_.add(error(Code::BadKey, key.span, "a key must be a word, not {}", describe(key)));
      entry.key.clear();
    }
    const auto ends_in = [&](char mark) {
      return !key.quoted && entry.key.size() > 1 && entry.key.back() == mark;
    };
    if (ends_in('+')) entry.mode = EntryMode::Append;
    if (ends_in('!')) entry.mode = EntryMode::Replace;
    if (entry.mode != EntryMode::Merge) entry.key.pop_back();
    parent.key = std::move(entry);
  }

  void add_entry(Open& parent, Entry entry) {
    if (entry.key.empty()) return;  // reported when it was read
    // Linear look-up would make a map of n keys cost n^2, and n is the user's to choose.
    auto& seen = keys_[open_.size()];
    if (parent.node.entries.empty()) seen.clear();
    const auto [it, is_new] = seen.emplace(entry.key, entry.key_span);
    if (is_new) {
      parent.node.entries.push_back(std::move(entry));
      return;
    }
    problems_.add(error(Code::DuplicateKey, entry.key_span, "the key '{}' stands twice in this map",
                        entry.key)
                      .note_at(it->second, "it stood here first")
                      .help("keep one of the two"));
  }

  std::shared_ptr<const Source> source_;
  Diagnostics& problems_;
  Node root_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::map<std::size_t, std::map<std::string, Span>> keys_;  // per depth, of the map open there
  int line_ = 1;
  std::size_t line_begin_ = 0;
  std::size_t line_end_;
  std::size_t written_ = 0;
  std::size_t expanded_ = 0;
};

bool is_utf8(std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t extra = 0;
    if (lead >= 0x80) {
      if (lead >= 0xF0 && lead <= 0xF4)
        extra = 3;
      else if (lead >= 0xE0 && lead < 0xF0)
        extra = 2;
      else if (lead >= 0xC2 && lead < 0xE0)
        extra = 1;
      else
        return false;
    }
    for (std::size_t k = 1; k <= extra; ++k) {
      if (i + k >= text.size()) return false;
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0U) != 0x80U) return false;
    }
    i += extra + 1;
  }
  return true;
}

// Refuses texts that yaml-cpp must not see at all.
std::optional<Diagnostic> unreadable(const std::shared_ptr<const Source>& source) {
  const std::string& text = source->text;
  const Span top{source, 0, 0, 0};
  if (text.size() > kLongestManifestBytes) {
    return error(Code::TooLarge, top, "'{}' is longer than 4 MiB", source->name)
        .help("a manifest describes a job; data belongs into data files");
  }
  if (text.find('\0') != std::string::npos || !is_utf8(text)) {
    return error(Code::NotText, top, "'{}' is not a text file", source->name)
        .help("a manifest is UTF-8 text; is this the file you meant?");
  }
  return std::nullopt;
}

Diagnostic syntax_error(const std::shared_ptr<const Source>& source, const YAML::Exception& e) {
  Span at{source, std::max(e.mark.line, 0) + 1, std::max(e.mark.column, 0) + 1, 1};
  if (e.msg.starts_with(YAML::ErrorMsg::UNKNOWN_ANCHOR))
    return error(Code::UnknownAlias, at, "an alias names no anchor before it in this file")
        .help("write `&name` at the value that `*name` repeats");
  return error(Code::YamlSyntax, at, "this is not YAML: {}", e.msg)
      .help("check the indentation, quotes and brackets here and just above");
}

}  // namespace

std::optional<Node> read_yaml(std::shared_ptr<const Source> source, Diagnostics& problems) {
  if (auto refused = unreadable(source)) {
    problems.add(std::move(*refused));
    return std::nullopt;
  }
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  const bool marked = source->text.compare(0, kByteOrderMark.size(), kByteOrderMark) == 0;
  std::istringstream stream(marked ? source->text.substr(kByteOrderMark.size()) : source->text);
  TreeBuilder builder(source, problems);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return Node{};
    Node root = builder.take_root();
    TreeBuilder second(source, problems);
    if (parser.HandleNextDocument(second)) {
      problems.add(
          error(Code::ManyDocuments, second.take_root().span, "a second YAML document starts here")
              .help("remove the '---' that starts it"));
    }
    return root;
  } catch (const Stop& stop) {
    problems.add(stop.reason);
  } catch (const YAML::Exception& e) {
    problems.add(syntax_error(source, e));
  }
  return std::nullopt;
}

std::optional<Node> read_manifest_file(const std::string& path, const std::string& shown_name,
                                       Diagnostics& problems) {
  Result<std::string> text = read_file(path, kLongestManifestBytes + 1);
  std::error_code code;
  if (!text && std::filesystem::is_regular_file(path, code) &&
      std::filesystem::file_size(path, code) > kLongestManifestBytes && !code) {
    text = std::string(kLongestManifestBytes + 1, ' ');  // refused below, with the proper words
  }
  if (!text) {
    problems.add(text.error());
    return std::nullopt;
  }
  auto source = std::make_shared<Source>(Source{shown_name, std::move(*text), true});
  std::optional<Node> root = read_yaml(source, problems);
  if (!root) return std::nullopt;
  if (root->is_null()) {
    problems.add(error(Code::EmptyManifest, {source, 0, 0, 0}, "'{}' is empty", shown_name)
                     .help("a manifest has at least a `model:` or `commands:`"));
    return std::nullopt;
  }
  if (!root->is_map()) {
    problems.add(error(Code::NotAMap, root->span, "a manifest must be a map of sections, not {}",
                       describe(*root))
                     .help("write `model:`, `data:`, `training:`, ... at the left margin"));
    return std::nullopt;
  }
  return root;
}

}  // namespace fdl::config
