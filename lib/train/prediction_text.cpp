// Predictions as lines of text.
#include <cmath>

#include <fmt/ranges.h>

#include "lib/format/json_text.h"
#include "lib/train/prediction_writers.h"

namespace fdl::train {
namespace {

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

// The number of a tensor at a place, in the shortest text that reads back as the same.
std::string number_text(const at::Tensor& tensor, std::int64_t at) {
  if (tensor.scalar_type() == at::kLong)
    return fmt::format("{}", tensor.const_data_ptr<std::int64_t>()[at]);
  if (tensor.scalar_type() == at::kDouble)
    return fmt::format("{}", tensor.const_data_ptr<double>()[at]);
  return fmt::format("{}", tensor.const_data_ptr<float>()[at]);
}

std::string json_number(const at::Tensor& tensor, std::int64_t at) {
  const bool is_finite =
      tensor.scalar_type() == at::kLong ||
      std::isfinite(tensor.scalar_type() == at::kDouble
                        ? tensor.const_data_ptr<double>()[at]
                        : static_cast<double>(tensor.const_data_ptr<float>()[at]));
  return is_finite ? number_text(tensor, at) : "null";
}

std::string class_name(const OutputMeaning& meaning, std::int64_t number) {
  const auto index = static_cast<std::size_t>(number);
  return meaning.words && index < meaning.words->size() ? (*meaning.words)[index]
                                                        : fmt::format("{}", number);
}

// How many numbers of a tensor belong to one sample.
std::int64_t per_sample(const at::Tensor& tensor) {
  return tensor.size(0) > 0 ? tensor.numel() / tensor.size(0) : 0;
}

bool has_one_label(const Prediction& one) { return one.labels.defined() && one.labels.dim() == 1; }

class CsvWriter : public PredictionWriter {
 public:
  CsvWriter(const PredictionPlan& plan, FileWriter& out) : plan_(plan), out_(out) {}

  Result<void> write(const PredictedBatch& batch) override {
    std::string text;
    std::vector<std::int64_t> widths;
    for (const Prediction& one : batch.outputs)
      widths.push_back(per_sample(is_listed(one) ? one.labels : one.values));
    if (widths_.empty()) {
      widths_ = widths;
      text = header(batch);
    }
    const bool is_padded = std::any_of(batch.outputs.begin(), batch.outputs.end(),
                                       [](const Prediction& one) { return one.is_padded(); });
    if (widths != widths_ || is_padded) {
      return fail(error(Code::BadInput, {},
                        "the outputs of samples differ in length, which columns "
                        "cannot hold")
                      .help("write .jsonl"));
    }
    for (std::int64_t i = 0; i < batch.num_samples; ++i) text += line(batch, i);
    return out_.write(text.data(), text.size());
  }

 private:
  // Of several labels for a sample only they are written.
  static bool is_listed(const Prediction& one) {
    return one.labels.defined() && one.labels.dim() > 1;
  }
  std::string prefix(std::size_t output) const {
    return plan_.outputs.size() > 1 ? plan_.outputs[output].name + "." : "";
  }

  std::string header(const PredictedBatch& batch) const {
    std::vector<std::string> cells;
    if (!batch.names.empty()) cells.emplace_back("file");
    for (std::size_t i = 0; i < batch.outputs.size(); ++i) {
      const OutputMeaning& meaning = plan_.outputs[i];
      if (has_one_label(batch.outputs[i])) {
        cells.push_back(prefix(i) + "label");
        cells.push_back(prefix(i) + "probability");
        for (std::int64_t c = 0; c < widths_[i]; ++c)
          cells.push_back(prefix(i) + "p_" + class_name(meaning, c));
        continue;
      }
      const std::string name = is_listed(batch.outputs[i]) ? prefix(i) + "label" : meaning.name;
      for (std::int64_t c = 0; c < widths_[i]; ++c)
        cells.push_back(widths_[i] == 1 ? name : fmt::format("{}_{}", name, c));
    }
    return joined(cells);
  }

  std::string line(const PredictedBatch& batch, std::int64_t sample) const {
    std::vector<std::string> cells;
    if (!batch.names.empty()) cells.push_back(batch.names[static_cast<std::size_t>(sample)]);
    for (std::size_t i = 0; i < batch.outputs.size(); ++i) {
      const Prediction& one = batch.outputs[i];
      const std::int64_t begin = sample * widths_[i];
      if (has_one_label(one)) {
        const std::int64_t label = one.labels.const_data_ptr<std::int64_t>()[sample];
        cells.push_back(class_name(plan_.outputs[i], label));
        cells.push_back(number_text(one.values, begin + label));
      }
      for (std::int64_t c = 0; c < widths_[i]; ++c) {
        cells.push_back(
            is_listed(one)
                ? class_name(plan_.outputs[i], one.labels.const_data_ptr<std::int64_t>()[begin + c])
                : number_text(one.values, begin + c));
      }
    }
    return joined(cells);
  }

  static std::string joined(const std::vector<std::string>& cells) {
    std::string out;
    for (const std::string& cell : cells) {
      if (&cell != &cells.front()) out += ',';
      out += csv_cell(cell);
    }
    out += '\n';
    return out;
  }

  const PredictionPlan& plan_;
  FileWriter& out_;
  std::vector<std::int64_t> widths_;
};

class JsonLinesWriter : public PredictionWriter {
 public:
  JsonLinesWriter(const PredictionPlan& plan, FileWriter& out) : plan_(plan), out_(out) {}

  Result<void> write(const PredictedBatch& batch) override {
    std::string text;
    for (std::int64_t i = 0; i < batch.num_samples; ++i) text += line(batch, i);
    return out_.write(text.data(), text.size());
  }

 private:
  static std::string quoted(const std::string& text) {
    return format::json_string(text).value_or("\"?\"");
  }

  // The numbers of one sample, as lists in the shape that they have.
  template <typename Show>
  static std::string nested(const at::Tensor& tensor, std::int64_t dim, std::int64_t& at,
                            const Show& show) {
    if (dim == tensor.dim()) return show(at++);
    std::string out = "[";
    for (std::int64_t i = 0; i < tensor.size(dim); ++i)
      out += (i > 0 ? ", " : "") + nested(tensor, dim + 1, at, show);
    return out + "]";
  }

  // A sample by itself, without what fills it up.
  static Prediction alone(const Prediction& batch, std::int64_t sample) {
    const auto take = [&](const at::Tensor& from) {
      if (!from.defined()) return from;
      const at::Tensor own = from.narrow(0, sample, 1);
      if (batch.lengths.empty()) return own;
      return own.narrow(1, 0, batch.lengths[static_cast<std::size_t>(sample)]).contiguous();
    };
    return {take(batch.labels), take(batch.values)};
  }

  // Of a sample by itself.
  static std::string labels_text(const OutputMeaning& meaning, const Prediction& one) {
    std::int64_t at = 0;
    return nested(one.labels, 1, at, [&](std::int64_t place) {
      return quoted(class_name(meaning, one.labels.const_data_ptr<std::int64_t>()[place]));
    });
  }

  static std::string labelled(const OutputMeaning& meaning, const Prediction& one) {
    if (!has_one_label(one)) return "\"label\": " + labels_text(meaning, one);
    const std::int64_t label = one.labels.const_data_ptr<std::int64_t>()[0];
    const std::int64_t width = per_sample(one.values);
    std::string out =
        fmt::format("\"label\": {}, \"probability\": {}, \"probabilities\": {{",
                    quoted(class_name(meaning, label)), json_number(one.values, label));
    for (std::int64_t c = 0; c < width; ++c)
      out += fmt::format("{}{}: {}", c > 0 ? ", " : "", quoted(class_name(meaning, c)),
                         json_number(one.values, c));
    return out + "}";
  }

  std::string line(const PredictedBatch& batch, std::int64_t sample) const {
    std::vector<std::string> parts;
    if (!batch.names.empty())
      parts.push_back("\"file\": " + quoted(batch.names[static_cast<std::size_t>(sample)]));
    for (std::size_t i = 0; i < batch.outputs.size(); ++i) {
      const Prediction one = alone(batch.outputs[i], sample);
      const std::string name = quoted(plan_.outputs[i].name);
      if (!one.values.defined()) {
        parts.push_back(name + ": " + labels_text(plan_.outputs[i], one));
        continue;
      }
      if (one.labels.defined()) {
        const std::string text = labelled(plan_.outputs[i], one);
        parts.push_back(plan_.outputs.size() > 1 ? fmt::format("{}: {{{}}}", name, text) : text);
        continue;
      }
      std::int64_t at = 0;
      parts.push_back(name + ": " + nested(one.values, 1, at, [&](std::int64_t place) {
                        return json_number(one.values, place);
                      }));
    }
    return fmt::format("{{{}}}\n", fmt::join(parts, ", "));
  }

  const PredictionPlan& plan_;
  FileWriter& out_;
};

}  // namespace

std::unique_ptr<PredictionWriter> csv_writer(const PredictionPlan& plan, FileWriter& out) {
  return std::make_unique<CsvWriter>(plan, out);
}

std::unique_ptr<PredictionWriter> json_lines_writer(const PredictionPlan& plan, FileWriter& out) {
  return std::make_unique<JsonLinesWriter>(plan, out);
}

}  // namespace fdl::train
