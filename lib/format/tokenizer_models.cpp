// How a tokenizer cuts words into tokens.
#include <algorithm>
#include <mutex>
#include <queue>

#include <nlohmann/json.hpp>

#include "lib/format/text.h"
#include "lib/format/tokenizer_parts.h"

namespace fdl::format {
namespace {

using Json = nlohmann::json;

std::string text_in(const Json& from, const char* key, const std::string& otherwise) {
  const auto found = from.find(key);
  return found != from.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

bool is_set(const Json& from, const char* key) {
  const auto found = from.find(key);
  if (found == from.end() || found->is_null()) return false;
  if (found->is_boolean()) return found->get<bool>();
  if (found->is_string()) return !found->get<std::string>().empty();
  return !found->is_number() || found->get<double>() != 0;
}

std::vector<std::string> characters_of(const std::string& word) {
  std::vector<std::string> out;
  for (const char32_t c : to_points(word)) out.push_back(to_utf8(c));
  return out;
}

// Joins the two neighbours that were joined first when the vocabulary was made, again and again.
// Source: Sennrich, Haddow and Birch 2016, arXiv:1508.07909, algorithm 1.
class Bpe : public WordModel {
 public:
  struct Merge {
    std::int64_t rank = 0, number = 0;
  };

  static Result<std::unique_ptr<WordModel>> read(const Json& about, const Vocabulary& vocabulary,
                                                 const TokenizerFile& file) {
    for (const char* key :
         {"continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "dropout"}) {
      if (is_set(about, key))
        return fail(file.unknown("setting of its BPE model", key, {"unk_token", "ignore_merges"}));
    }
    auto out = std::unique_ptr<Bpe>(new Bpe(vocabulary));
    const std::string unknown = text_in(about, "unk_token", "");
    if (const auto found = vocabulary.find(unknown); found != vocabulary.end())
      out->unknown_ = found->second;
    out->fuses_unknown_ = is_set(about, "fuse_unk");
    out->ignores_merges_ = is_set(about, "ignore_merges");
    const auto merges = about.find("merges");
    if (merges == about.end() || !merges->is_array())
      return fail(file.damaged("its BPE model has no list of merges"));
    for (std::size_t i = 0; i < merges->size(); ++i) {
      const auto problem = out->add_merge((*merges)[i], static_cast<std::int64_t>(i));
      if (!problem.empty()) return fail(file.damaged(fmt::format("merge {} {}", i, problem)));
    }
    return std::unique_ptr<WordModel>(std::move(out));
  }

  void add(const std::string& word, Tokens& out) const override {
    {
      const std::lock_guard lock(mutex_);
      const auto known = known_.find(word);
      if (known != known_.end()) {
        out.insert(out.end(), known->second.begin(), known->second.end());
        return;
      }
    }
    const Tokens tokens = split(word);
    out.insert(out.end(), tokens.begin(), tokens.end());
    constexpr std::size_t kMostKnown = 100'000, kLongestKnown = 256;
    const std::lock_guard lock(mutex_);
    if (known_.size() < kMostKnown && word.size() <= kLongestKnown) known_[word] = tokens;
  }

 private:
  explicit Bpe(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}

  static std::uint64_t pair_of(std::int64_t a, std::int64_t b) {
    return static_cast<std::uint64_t>(a) << 32U | static_cast<std::uint64_t>(b);
  }

  // "a b" or ["a", "b"]; "" when it is fine.
  std::string add_merge(const Json& item, std::int64_t rank) {
    std::string left, right;
    if (item.is_string()) {
      const auto text = item.get<std::string>();
      const std::size_t space = text.find(' ');
      if (space == std::string::npos) return "has no space between its two parts";
      left = text.substr(0, space);
      right = text.substr(space + 1);
    } else if (item.is_array() && item.size() == 2 && item[0].is_string() && item[1].is_string()) {
      left = item[0].get<std::string>();
      right = item[1].get<std::string>();
    } else {
      return "is no pair of texts";
    }
    const auto a = vocabulary_.find(left), b = vocabulary_.find(right),
               both = vocabulary_.find(left + right);
    if (a == vocabulary_.end() || b == vocabulary_.end() || both == vocabulary_.end())
      return "names a token that is not in the vocabulary";
    merges_.emplace(pair_of(a->second, b->second), Merge{rank, both->second});
    return "";
  }

  Tokens start(const std::string& word) const {
    Tokens out;
    bool was_unknown = false;
    for (const std::string& character : characters_of(word)) {
      const auto found = vocabulary_.find(character);
      const bool is_unknown = found == vocabulary_.end();
      if (!is_unknown) out.push_back(found->second);
      if (is_unknown && unknown_ && !(fuses_unknown_ && was_unknown)) out.push_back(*unknown_);
      was_unknown = is_unknown;
    }
    return out;
  }

  // Two neighbours that can be joined; the first of the least rank comes out first.
  struct Candidate {
    std::int64_t rank = 0;
    std::size_t left = 0, right = 0;
    std::int64_t a = 0, b = 0, both = 0;  // as they were when it was found
    bool operator<(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : left > other.left;
    }
  };

  // What stands at each place, -1 where it was joined to its left, and its neighbours.
  struct Chain {
    Tokens tokens;
    std::vector<std::size_t> next, former;
  };

  void consider(const Chain& chain, std::size_t left, std::priority_queue<Candidate>& queue) const {
    const std::size_t right = chain.next[left];
    if (right >= chain.tokens.size()) return;
    const std::int64_t a = chain.tokens[left], b = chain.tokens[right];
    const auto found = merges_.find(pair_of(a, b));
    if (found != merges_.end())
      queue.push({found->second.rank, left, right, a, b, found->second.number});
  }

  // Joins the best pair in turn, in time n log n: a run of spaces may be a long word.
  Tokens split(const std::string& word) const {
    if (ignores_merges_) {
      const auto whole = vocabulary_.find(word);
      if (whole != vocabulary_.end()) return {whole->second};
    }
    Chain chain{start(word), {}, {}};
    const std::size_t size = chain.tokens.size();
    for (std::size_t i = 0; i < size; ++i) {
      chain.next.push_back(i + 1);
      chain.former.push_back(i > 0 ? i - 1 : size);
    }
    std::priority_queue<Candidate> queue;
    for (std::size_t i = 0; i < size; ++i) consider(chain, i, queue);
    while (!queue.empty()) {
      const Candidate best = queue.top();
      queue.pop();
      const bool is_there = chain.tokens[best.left] == best.a &&
                            chain.tokens[best.right] == best.b &&
                            chain.next[best.left] == best.right;
      if (!is_there) continue;
      chain.tokens[best.left] = best.both;
      chain.tokens[best.right] = -1;
      const std::size_t after = chain.next[best.right];
      chain.next[best.left] = after;
      if (after < size) chain.former[after] = best.left;
      consider(chain, best.left, queue);
      if (chain.former[best.left] < size) consider(chain, chain.former[best.left], queue);
    }
    std::erase(chain.tokens, -1);
    return std::move(chain.tokens);
  }

  const Vocabulary vocabulary_;
  std::unordered_map<std::uint64_t, Merge> merges_;
  std::optional<std::int64_t> unknown_;
  bool fuses_unknown_ = false, ignores_merges_ = false;
  mutable std::mutex mutex_;
  mutable std::unordered_map<std::string, Tokens> known_;
};

// Takes the longest token that the rest of the word begins with.
// Source: Devlin et al. 2018, arXiv:1810.04805, the published tokenizer.
class WordPiece : public WordModel {
 public:
  static Result<std::unique_ptr<WordModel>> read(const Json& about, const Vocabulary& vocabulary,
                                                 const TokenizerFile& file) {
    auto out = std::unique_ptr<WordPiece>(new WordPiece(vocabulary));
    out->prefix_ = text_in(about, "continuing_subword_prefix", "##");
    const std::string unknown = text_in(about, "unk_token", "[UNK]");
    const auto found = vocabulary.find(unknown);
    if (found == vocabulary.end())
      return fail(
          file.damaged(fmt::format("its unk_token '{}' is not in the vocabulary", unknown)));
    out->unknown_ = found->second;
    const auto longest = about.find("max_input_chars_per_word");
    constexpr std::size_t kMost = 1000;  // the time is the square of it
    if (longest != about.end() && longest->is_number_unsigned())
      out->longest_ = longest->get<std::size_t>();
    if (out->longest_ > kMost)
      return fail(file.damaged(fmt::format("its max_input_chars_per_word is above {}", kMost)));
    return std::unique_ptr<WordModel>(std::move(out));
  }

  void add(const std::string& word, Tokens& out) const override {
    const std::vector<std::string> characters = characters_of(word);
    const std::size_t before = out.size();
    std::size_t from = 0;
    while (characters.size() <= longest_ && from < characters.size()) {
      std::string rest = from > 0 ? prefix_ : "";
      for (std::size_t i = from; i < characters.size(); ++i) rest += characters[i];
      std::size_t end = characters.size();
      auto found = vocabulary_.find(rest);
      while (found == vocabulary_.end() && --end > from) {
        rest.resize(rest.size() - characters[end].size());
        found = vocabulary_.find(rest);
      }
      if (found == vocabulary_.end()) break;
      out.push_back(found->second);
      from = end;
    }
    if (from == characters.size()) return;
    out.resize(before);
    out.push_back(unknown_);
  }

 private:
  explicit WordPiece(const Vocabulary& vocabulary) : vocabulary_(vocabulary) {}
  const Vocabulary vocabulary_;
  std::string prefix_;
  std::int64_t unknown_ = 0;
  std::size_t longest_ = 100;
};

}  // namespace

Result<std::unique_ptr<WordModel>> read_word_model(const Json& about, const Vocabulary& vocabulary,
                                                   const TokenizerFile& file) {
  const std::string type = text_in(about, "type", "");
  if (type == "BPE") return Bpe::read(about, vocabulary, file);
  if (type == "WordPiece") return WordPiece::read(about, vocabulary, file);
  return fail(file.unknown("model", type, {"BPE", "WordPiece"}));
}

}  // namespace fdl::format
