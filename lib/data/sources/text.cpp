// A text as one run of token numbers in memory, each in as few bytes as its vocabulary needs.
#include "lib/format/text.h"

#include <cstring>
#include <unordered_map>

#include "lib/catalog/datasets/text.h"
#include "lib/data/sources/open.h"
#include "lib/job/sources/text.h"

namespace fdl::data {
namespace {

template <typename Token>
class TextSource : public Source {
 public:
  // `shift`: how far the target is ahead.
  TextSource(std::vector<Layout> layout, std::vector<Token> tokens, std::size_t shift)
      : Source(std::move(layout)), tokens_(std::move(tokens)), shift_(shift) {}

  std::int64_t num_samples() const override { return static_cast<std::int64_t>(tokens_.size()); }

  // The window that begins at token `row`, and that of the target.
  Result<void> read(std::int64_t row, Scratch& scratch, std::span<SampleView> out) const override {
    const auto window = static_cast<std::size_t>(layout().front().num_elements());
    scratch[0].resize((window + 1) * sizeof(std::int64_t));
    auto* to = reinterpret_cast<std::int64_t*>(scratch[0].data());
    const Token* from = tokens_.data() + row;
    for (std::size_t i = 0; i <= window; ++i) to[i] = from[i];
    out[0] = {scratch[0].data(), 0};
    out[1] = {scratch[0].data() + shift_ * sizeof(std::int64_t), 0};
    return {};
  }

 private:
  std::vector<Token> tokens_;
  std::size_t shift_;
};

// The number of each character; bytes are their own.
std::unordered_map<char32_t, std::size_t> numbers_of(const std::vector<std::string>& words) {
  std::unordered_map<std::string_view, std::size_t> by_word;
  for (std::size_t i = 0; i < words.size(); ++i) by_word[words[i]] = i;
  std::unordered_map<char32_t, std::size_t> out;
  for (char32_t c = 0; out.size() < by_word.size() && c <= 0x10FFFF; ++c) {
    const auto found = by_word.find(format::to_utf8(c));
    if (found != by_word.end()) out[c] = found->second;
  }
  return out;
}

template <typename Token>
Result<std::vector<Token>> read_plain(const OpenContext& context) {
  const job::Field& field = context.info.fields.front();
  const bool is_bytes = field.words == nullptr;
  std::unordered_map<char32_t, std::size_t> numbers;
  if (!is_bytes) numbers = numbers_of(*field.words);
  std::vector<Token> tokens;
  tokens.reserve(static_cast<std::size_t>(context.info.num_samples));
  const auto take = [&](std::span<const char32_t> piece) -> Result<void> {
    for (const char32_t c : piece) {
      // Characters that no part has looked at lie between the slices.
      const auto found = is_bytes ? numbers.end() : numbers.find(c);
      tokens.push_back(static_cast<Token>(is_bytes                 ? c
                                          : found != numbers.end() ? found->second
                                                                   : 0));
    }
    return {};
  };
  const auto unit = is_bytes ? format::TextUnit::Bytes : format::TextUnit::Characters;
  FDL_TRY(format::read_text(context.info.files.front(), unit, take));
  if (static_cast<std::int64_t>(tokens.size()) != context.info.num_samples) {
    return fail(error(Code::DataCorrupt, {}, "'{}' changed while it was read",
                      context.info.files.front().string())
                    .help("start again"));
  }
  return tokens;
}

template <typename Token>
OpenedSource open_tokens(const OpenContext& context) {
  std::vector<Token> tokens;
  if (context.info.details) {
    const auto& cut = static_cast<const job::TextDetails*>(context.info.details.get())->tokens;
    tokens.assign(cut.begin(), cut.end());
  } else {
    auto plain = read_plain<Token>(context);
    if (!plain) return fail(plain.error());
    tokens = *std::move(plain);
  }
  std::vector<Layout> layout;
  for (const job::Field& one : context.info.fields)
    layout.push_back({one, at::kLong, {context.info.window}});
  const std::size_t shift = context.params<catalog::TextParams>().target == "next" ? 1 : 0;
  return std::make_shared<TextSource<Token>>(std::move(layout), std::move(tokens), shift);
}

}  // namespace

OpenedSource open_text(const OpenContext& context) {
  const std::int64_t size = context.info.fields.front().num_classes;
  if (size <= 1 << 8) return open_tokens<std::uint8_t>(context);
  if (size <= 1 << 16) return open_tokens<std::uint16_t>(context);
  return open_tokens<std::uint32_t>(context);
}

}  // namespace fdl::data
