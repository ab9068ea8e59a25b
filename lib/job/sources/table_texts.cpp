// Columns of a table that are texts for a tokenizer.
#include <algorithm>

#include "lib/job/sources/table_inspect.h"

namespace fdl::job {
namespace {

using Type = TableField::Type;

constexpr const char* kTextField = "text";
// As Hugging Face's models call their inputs.
constexpr const char* kTokens = "input_ids";
constexpr const char* kSegments = "token_type_ids";
constexpr const char* kAttention = "attention_mask";

// The file itself, or that of a model's folder.
std::filesystem::path tokenizer_file(const SourceContext& context, const std::string& path) {
  const std::filesystem::path out = context.path(path);
  std::error_code code;
  return std::filesystem::is_directory(out, code) ? out / "tokenizer.json" : out;
}

bool has_field(const TableDetails& details, const char* name) {
  return std::any_of(details.fields.begin(), details.fields.end(),
                     [&](const TableField& one) { return one.name == name; });
}

// A text that no input is named after is what models of texts usually take.
void take_usual_names(const graph::Graph& graph, TableDetails& details) {
  const auto text =
      std::find_if(details.fields.begin(), details.fields.end(), [&](const TableField& one) {
        return one.type == Type::Text && input_type(graph, one.name) == nullptr;
      });
  const bool is_free = text != details.fields.end() && input_type(graph, kTokens) != nullptr &&
                       !has_field(details, kTokens);
  if (!is_free) return;
  text->name = kTokens;
  if (input_type(graph, kSegments) == nullptr || has_field(details, kSegments)) return;
  TableField segments = *text;
  segments.name = kSegments;
  segments.is_zeros = true;
  details.fields.push_back(std::move(segments));
}

}  // namespace

Result<void> settle_texts(const SourceContext& context, const DataSplit& split,
                          const std::string& tokenizer, TableDetails& details) {
  bool has_text = false;
  for (TableField& field : details.fields) {
    if (!tokenizer.empty() && !field.is_typed && field.name == kTextField) {
      field.type = Type::Text;
      field.is_typed = true;
    }
    has_text = has_text || field.type == Type::Text;
    if (field.type != Type::Text || !tokenizer.empty()) continue;
    return fail(
        error(Code::MissingKey, field.span, "'{}' is a text, which needs a tokenizer", field.name)
            .help("add tokenizer: tokenizer.json beside `file:`"));
  }
  if (tokenizer.empty()) return {};
  if (!has_text) {
    return fail(
        error(Code::MissingKey, split.source.span, "there is a tokenizer, but no field is a text")
            .help("name one: text: sentence, or tokens: {{ column: sentence, type: text }}"));
  }
  details.tokenizer_file = tokenizer_file(context, tokenizer);
  Result<format::Tokenizer> opened = format::Tokenizer::open(details.tokenizer_file);
  if (!opened) return fail(opened.error());
  const auto shared = std::make_shared<const format::Tokenizer>(*std::move(opened));
  for (TableField& field : details.fields) {
    if (field.type == Type::Text) field.tokenizer = shared;
  }
  take_usual_names(context.graph, details);
  return {};
}

const catalog::Dim* attention_axis(const graph::Graph& graph, const TableDetails& details) {
  const bool is_made = std::any_of(
      details.fields.begin(), details.fields.end(),
      [](const TableField& one) { return one.type == Type::Text && one.name == kTokens; });
  const catalog::TensorType* input = input_type(graph, kAttention);
  const bool is_wanted = is_made && input != nullptr && input->dtype == catalog::DType::Bool &&
                         !has_field(details, kAttention);
  return is_wanted ? named_axis(graph, kTokens) : nullptr;
}

Result<void> check_text_lengths(const graph::Graph& graph, const TableDetails& details) {
  for (const TableField& field : details.fields) {
    const catalog::Dim* axis = named_axis(graph, field.name);
    if (field.type != Type::Text || axis == nullptr) continue;
    const auto bound = graph.axis_bounds.find(axis->text());
    if (bound == graph.axis_bounds.end() || field.longest <= bound->second) continue;
    return fail(error(Code::FieldMismatch, field.span,
                      "'{}' has up to {} tokens, but the model takes {}", field.name, field.longest,
                      bound->second)
                    .help("cut it: {{ column: {}, type: text, max_tokens: {} }}",
                          details.table.columns()[field.columns.front()], bound->second));
  }
  return {};
}

}  // namespace fdl::job
