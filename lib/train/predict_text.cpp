// Inputs that are texts: each line of a file, or the key `text` of each of its objects, is a
// sample.
#include <algorithm>
#include <map>

#include <ATen/ops/zeros.h>

#include "lib/catalog/datasets/text.h"
#include "lib/format/table.h"
#include "lib/format/text.h"
#include "lib/format/tokenizer.h"
#include "lib/format/unicode.h"
#include "lib/train/predict_wanted.h"

namespace fdl::train {
namespace {

using catalog::TextParams;
using job::Field;

constexpr const char* kTextKey = "text";

struct Line {
  std::vector<char32_t> points;  // characters, or bytes
  std::uint64_t number = 0;      // in the file, from 1
};

Result<std::vector<Line>> lines_of(const Wanted& wanted, format::TextUnit unit) {
  std::vector<Line> out = {{{}, 1}};
  FDL_TRY(format::read_text(wanted.path, unit, [&](const auto& piece) -> Result<void> {
    for (const char32_t c : piece) {
      if (c == '\n')
        out.push_back({{}, out.back().number + 1});
      else if (c != '\r')
        out.back().points.push_back(c);
    }
    return {};
  }));
  std::erase_if(out, [](const Line& line) { return line.points.empty(); });
  return out;
}

Result<std::vector<Line>> texts_of_objects(const Wanted& wanted, format::TextUnit unit) {
  auto table = format::Table::open(wanted.path, {format::TableFormat::Kind::JsonLines});
  if (!table) return fail(table.error());
  const auto& keys = table->columns();
  const auto key = std::find(keys.begin(), keys.end(), kTextKey);
  if (key == keys.end())
    return wanted.bad(fmt::format("has no key '{}'", kTextKey),
                      "give each object its text: {\"text\": \"...\"}");
  std::vector<Line> out;
  FDL_TRY(table->index([&](std::int64_t, const format::Record& record) -> Result<void> {
    const format::Cell& cell = record.cells[static_cast<std::size_t>(key - keys.begin())];
    if (cell.kind != format::Cell::Kind::Text || cell.text.empty())
      return fail(error(Code::BadInput, table->span_of(record, cell.place),
                        "'{}' must be a text that is not empty", kTextKey));
    Line line{{}, record.place.line};
    if (unit == format::TextUnit::Bytes)
      for (const char c : cell.text) line.points.push_back(static_cast<unsigned char>(c));
    else
      line.points = format::to_points(cell.text);
    out.push_back(std::move(line));
    return {};
  }));
  return out;
}

// From a line to the numbers that its tokens had in training.
class Encoder {
 public:
  static Result<Encoder> open(const Wanted& wanted, const TextParams& trained) {
    Encoder out;
    const Field& field = wanted.fields.front();
    if (!trained.tokenizer.empty()) {
      auto tokenizer = format::Tokenizer::open(wanted.job.folder / trained.tokenizer);
      if (!tokenizer) return fail(tokenizer.error());
      out.tokenizer_ = *std::move(tokenizer);
    } else if (field.words) {
      for (std::size_t i = 0; i < field.words->size(); ++i)
        out.numbers_[(*field.words)[i]] = static_cast<std::int64_t>(i);
    }
    return out;
  }

  Result<std::vector<std::int64_t>> operator()(const Line& line, const Wanted& wanted) const {
    if (tokenizer_) {
      std::string text;
      for (const char32_t c : line.points) text += format::to_utf8(c);
      return tokenizer_->encode(text);
    }
    std::vector<std::int64_t> out;
    for (const char32_t c : line.points) {
      const auto found = numbers_.find(format::to_utf8(c));
      if (numbers_.empty()) {
        out.push_back(static_cast<std::int64_t>(c));
      } else if (found != numbers_.end()) {
        out.push_back(found->second);
      } else {
        return wanted.bad(fmt::format("has the character '{}' in line {}, which the training part "
                                      "does not have",
                                      format::to_utf8(c), line.number),
                          "leave it out, or train on a text that has it");
      }
    }
    return out;
  }

 private:
  std::optional<format::Tokenizer> tokenizer_;
  std::map<std::string, std::int64_t> numbers_;  // of characters; none of bytes
};

// The axis along which a line's tokens lie, as the model has it. A model with states is called for
// each of them, however many they are.
catalog::Dim axis_of(const Wanted& wanted) {
  const graph::Value& value =
      wanted.graph.values[static_cast<std::size_t>(wanted.graph.inputs.front().value)];
  return wanted.graph.states.empty() ? value.type.shape[1] : catalog::Dim::named("T");
}

Result<void> check_length(const Wanted& wanted, const catalog::Dim& axis, const Line& line,
                          std::int64_t length) {
  const auto bound = wanted.graph.axis_bounds.find(axis.text());
  const bool is_bound =
      !axis.is_number() && bound != wanted.graph.axis_bounds.end() && wanted.graph.states.empty();
  const std::int64_t most = axis.is_number() ? axis.number() : is_bound ? bound->second : INT64_MAX;
  const bool fits = axis.is_number() ? length == most : length >= 1 && length <= most;
  if (fits) return {};
  return wanted.bad(fmt::format("has {} tokens in line {}, but the model takes {}{}", length,
                                line.number, axis.is_number() ? "" : "from 1 to ", most),
                    axis.is_number() ? "declare the input as i64[T] to take any number"
                                     : "cut the text into shorter lines");
}

}  // namespace

Result<PredictInput> open_text_input(const Wanted& wanted, bool has_objects) {
  const auto& trained = wanted.job.find_split("train")->source.as<TextParams>();
  const bool is_plain_text = wanted.graph.inputs.size() == 1 && wanted.fields.size() == 1;
  if (!is_plain_text)
    return wanted.bad("is a text, but the model takes more than its tokens",
                      "give its inputs as tensors of one safetensors file");
  const bool is_bytes = trained.unit == "bytes" && trained.tokenizer.empty();
  const auto unit = is_bytes ? format::TextUnit::Bytes : format::TextUnit::Characters;
  const auto lines = has_objects ? texts_of_objects(wanted, unit) : lines_of(wanted, unit);
  if (!lines) return fail(lines.error());
  if (lines->empty()) return wanted.bad("has no line with a text");
  const Result<Encoder> encoder = Encoder::open(wanted, trained);
  if (!encoder) return fail(encoder.error());
  const catalog::Dim axis = axis_of(wanted);
  std::vector<std::vector<std::int64_t>> samples;
  std::size_t longest = 0;
  for (const Line& line : *lines) {
    auto tokens = (*encoder)(line, wanted);
    if (!tokens) return fail(tokens.error());
    FDL_TRY(check_length(wanted, axis, line, static_cast<std::int64_t>(tokens->size())));
    longest = std::max(longest, tokens->size());
    samples.push_back(*std::move(tokens));
  }
  data::FieldValues field{wanted.fields.front(), {}, {}};
  field.field.type.shape = {axis};
  field.values = at::zeros(
      {static_cast<std::int64_t>(samples.size()), static_cast<std::int64_t>(longest)}, at::kLong);
  auto* to = field.values.mutable_data_ptr<std::int64_t>();
  for (const auto& tokens : samples) {
    std::copy(tokens.begin(), tokens.end(), to);
    to += longest;
    if (!axis.is_number()) field.lengths.push_back(static_cast<std::int64_t>(tokens.size()));
  }
  job::SourceInfo info;
  info.num_samples = static_cast<std::int64_t>(samples.size());
  info.fields = {field.field};
  if (!axis.is_number())
    info.fields.push_back(
        {field.field.name + "_mask", {catalog::DType::Bool, {axis}}, 0, 0, field.field.name});
  std::vector<data::FieldValues> fields;
  fields.push_back(std::move(field));
  return open_dataset(split_named_input({}), info,
                      std::make_shared<data::MemorySource>(std::move(fields)));
}

}  // namespace fdl::train
