#include "lib/catalog/datasets/text.h"

#include <algorithm>
#include <set>

#include "lib/format/text.h"
#include "lib/format/tokenizer.h"
#include "lib/job/sources/inspect.h"
#include "lib/job/sources/text.h"

namespace fdl::job {
namespace {

using catalog::TextParams;
using Characters = std::set<char32_t>;

format::TextUnit unit_of(const TextParams& p) {
  return p.unit == "bytes" ? format::TextUnit::Bytes : format::TextUnit::Characters;
}

Result<std::int64_t> count_tokens(const SourceContext& context, const TextParams& p) {
  std::int64_t count = 0;
  FDL_TRY(
      format::read_text(context.path(p.file), unit_of(p), [&](const auto& piece) -> Result<void> {
        count += static_cast<std::int64_t>(piece.size());
        return {};
      }));
  return count;
}

// The characters of some ranges of the file.
Result<Characters> characters_in(const SourceContext& context, const TextParams& p,
                                 const SampleRanges& ranges) {
  Characters out;
  std::int64_t at = 0;
  FDL_TRY(
      format::read_text(context.path(p.file), unit_of(p), [&](const auto& piece) -> Result<void> {
        const auto size = static_cast<std::int64_t>(piece.size());
        for (const SampleRange& range : ranges) {
          const std::int64_t begin = std::clamp<std::int64_t>(range.begin - at, 0, size);
          const std::int64_t end = std::clamp<std::int64_t>(range.end - at, 0, size);
          for (std::int64_t i = begin; i < end; ++i) out.insert(piece[static_cast<std::size_t>(i)]);
        }
        at += size;
        return {};
      }));
  return out;
}

// Those that tokens are numbered by: of the training part, or of its whole file.
Result<Characters> known_characters(const SourceContext& context) {
  const DataSplit* train = context.job.find_split("train");
  const bool is_text = train != nullptr && train->source.name() == "text";
  const DataSplit& split = is_text ? *train : context.split;
  const auto& p = split.source.as<TextParams>();
  const Result<std::int64_t> size = count_tokens(context, p);
  if (!size) return fail(size.error());
  if (p.vocabulary != "train") return characters_in(context, p, {{0, *size}});
  const Result<SampleRanges> own = select_places(split, *size);
  if (!own) return fail(own.error());
  return characters_in(context, p, *own);
}

// How a message shows a character.
std::string shown(char32_t c) {
  return c < 0x20 || c == 0x7F ? fmt::format("U+{:04X}", static_cast<unsigned>(c))
                               : "'" + format::to_utf8(c) + "'";
}

// Holds the part's characters to the known ones.
Result<void> check_known(const SourceContext& context, std::int64_t size, const Characters& known) {
  const Result<SampleRanges> ranges = select_places(context.split, size);
  if (!ranges) return fail(ranges.error());
  const Result<Characters> own = characters_in(context, context.params<TextParams>(), *ranges);
  if (!own) return fail(own.error());
  for (const char32_t c : *own) {
    if (known.count(c) > 0) continue;
    return fail(
        error(Code::FieldMismatch, context.span(),
              "the text of '{}' has the character {}, which the training part does not have",
              context.split.name, shown(c))
            .help("number the characters of the whole file: vocabulary: file"));
  }
  return {};
}

// The whole text as a tokenizer cuts it.
Result<SourceInfo> inspect_tokenized(const SourceContext& context, const TextParams& p) {
  const Result<format::Tokenizer> tokenizer = format::Tokenizer::open(context.path(p.tokenizer));
  if (!tokenizer) return fail(tokenizer.error());
  std::string text;
  FDL_TRY(format::read_text(context.path(p.file), format::TextUnit::Characters,
                            [&](const auto& piece) -> Result<void> {
                              for (const char32_t c : piece) text += format::to_utf8(c);
                              return {};
                            }));
  auto details = std::make_shared<TextDetails>();
  for (const std::int64_t token : tokenizer->encode(text))
    details->tokens.push_back(static_cast<std::uint32_t>(token));
  SourceInfo info;
  info.num_samples = static_cast<std::int64_t>(details->tokens.size());
  info.files = {context.path(p.file), context.path(p.tokenizer)};
  info.fields.push_back({"tokens",
                         {},
                         static_cast<std::int64_t>(tokenizer->words().size()),
                         0,
                         "",
                         std::make_shared<const std::vector<std::string>>(tokenizer->words())});
  info.details = std::move(details);
  return info;
}

// Numbered by the characters that occur, or by bytes.
Result<SourceInfo> inspect_plain(const SourceContext& context, const TextParams& p) {
  const Result<std::int64_t> size = count_tokens(context, p);
  if (!size) return fail(size.error());
  SourceInfo info;
  info.num_samples = *size;
  info.files = {context.path(p.file)};
  std::int64_t num_classes = 256;
  std::shared_ptr<const std::vector<std::string>> words;
  if (p.unit == "characters") {
    const Result<Characters> known = known_characters(context);
    if (!known) return fail(known.error());
    FDL_TRY(check_known(context, *size, *known));
    std::vector<std::string> list;
    for (const char32_t c : *known) list.push_back(format::to_utf8(c));
    num_classes = static_cast<std::int64_t>(list.size());
    words = std::make_shared<const std::vector<std::string>>(std::move(list));
  }
  info.fields.push_back({"tokens", {}, num_classes, 0, "", words});
  return info;
}

}  // namespace

Result<SourceInfo> inspect_text(const SourceContext& context) {
  const auto& p = context.params<TextParams>();
  const Result<std::int64_t> window = window_of(context, p.window);
  if (!window) return fail(window.error());
  Result<SourceInfo> info =
      p.tokenizer.empty() ? inspect_plain(context, p) : inspect_tokenized(context, p);
  if (!info) return info;
  info->window = *window;
  info->stride = p.stride.value_or(*window);
  info->fields.front().type = {catalog::DType::I64, {*window}};
  info->fields.push_back(info->fields.front());
  info->fields.back().name = "target";
  return info;
}

}  // namespace fdl::job
