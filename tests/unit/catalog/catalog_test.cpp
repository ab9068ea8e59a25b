#include "lib/catalog/catalog.h"

#include <random>
#include <set>

#include <doctest/doctest.h>

#include "tests/unit/manifest_text.h"

namespace fdl::catalog {
namespace {

using testing::codes;
using testing::tree_of;
using Codes = std::vector<std::string>;

constexpr EntryKind kKinds[] = {EntryKind::Loss,           EntryKind::Metric,
                                EntryKind::Optimizer,      EntryKind::Schedule,
                                EntryKind::Dataset,        EntryKind::Transform,
                                EntryKind::BatchTransform, EntryKind::Sampler,
                                EntryKind::Initializer,    EntryKind::Parametrization};

std::optional<Choice> choice(EntryKind kind, const std::string& text, Diagnostics& problems,
                             const std::vector<std::string>& common = {}) {
  return read_choice(kind, tree_of(text), common, problems);
}

void check_record(const config::RecordSpec& record) {
  std::set<std::string> names;
  int num_main = 0;
  for (const config::FieldSpec& field : record.fields) {
    CAPTURE(field.name);
    CHECK(names.insert(field.name).second);
    if (!field.alias.empty()) CHECK(names.insert(field.alias).second);
    CHECK(!field.doc.empty());
    CHECK(field.doc.back() == '.');
    num_main += field.is_main;
  }
  CHECK(num_main <= 1);
  CHECK(!record.summary.empty());
  CHECK(record.summary.back() == '.');
}

}  // namespace

TEST_CASE("every entry is found under its own name, with parameters that can be told apart") {
  for (const EntryKind kind : kKinds) {
    CHECK(!entry_names(kind).empty());
    for (const std::string& name : entry_names(kind)) {
      CAPTURE(name);
      const EntrySpec* spec = find_entry(kind, name);
      REQUIRE(spec != nullptr);
      CHECK(spec->name() == name);
      check_record(spec->record);
    }
  }
  for (const std::string& name : module_names()) {
    CAPTURE(name);
    const ModuleSpec* spec = find_module(name);
    REQUIRE(spec != nullptr);
    CHECK(spec->name() == name);
    check_record(spec->record);
    CHECK(!spec->shape_text.empty());
    CHECK(!spec->source.empty());
    CHECK(!spec->inputs.empty());
    CHECK(!spec->outputs.empty());
  }
  CHECK(find_module("absent") == nullptr);
  CHECK(find_entry(EntryKind::Loss, "adam") == nullptr);
}

TEST_CASE("every module's example is a step of that module") {
  for (const std::string& name : module_names()) {
    CAPTURE(name);
    const config::Node step = tree_of(find_module(name)->example);
    if (step.is_scalar()) {
      CHECK(step.text == name);
      continue;
    }
    CHECK(step.has(name));
    const auto params = find_module(name)->make_params();
    Diagnostics problems;
    config::bind_record(find_module(name)->record, *step.find(name), params.get(), problems);
    CAPTURE(to_text(problems, false));
    CHECK(problems.empty());
    for (const Requirement& requirement : find_module(name)->requirements)
      CHECK(requirement(params.get()) == std::nullopt);
  }
}

TEST_CASE("every parameter's default lies within its own range and choices") {
  const auto check = [](const config::RecordSpec& record, const std::shared_ptr<void>& object) {
    CAPTURE(record.name);
    for (const config::FieldSpec& field : record.fields) {
      if (field.is_required || field.is_inferred || field.record != nullptr) continue;
      if (field.default_text.empty() || field.default_text == "\"\"") continue;
      CAPTURE(field.name);
      Diagnostics problems;
      const config::Node value = tree_of("v: " + field.default_text);
      if (!value.find("v")->is_null()) field.bind(*value.find("v"), object.get(), problems);
      CAPTURE(to_text(problems, false));
      CHECK(problems.empty());
      CHECK(field.show(object.get()) == field.default_text);
    }
  };
  for (const std::string& name : module_names())
    check(find_module(name)->record, find_module(name)->make_params());
  for (const EntryKind kind : kKinds) {
    for (const std::string& name : entry_names(kind))
      check(find_entry(kind, name)->record, find_entry(kind, name)->make_params());
  }
}

TEST_CASE("shape rules and costs hold for nonsense as well: they answer, they do not fail") {
  const std::int64_t sizes[] = {1, 2, 3, 7, 64, 1'000'000'007, 9223372036854775807};
  for (const std::string& name : module_names()) {
    const ModuleSpec& spec = *find_module(name);
    const config::Node example = tree_of(spec.example);
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      std::mt19937_64 random(seed);
      CAPTURE(name);
      CAPTURE(seed);
      const auto params = spec.make_params();
      Diagnostics problems;
      if (example.is_map())
        config::bind_record(spec.record, *example.find(name), params.get(), problems);
      std::vector<TensorType> inputs;
      for (const InputSpec& input : spec.inputs) {
        TensorType type{input.dtype == DTypeClass::Integer ? DType::I64 : DType::F32, {}};
        for (std::uint64_t axes = random() % 6; axes > 0; --axes)
          type.shape.push_back(random() % 4 == 0 ? Dim::named("T")
                                                 : Dim(sizes[random() % std::size(sizes)]));
        inputs.push_back(input.is_optional ? TensorType::absent() : type);
      }
      const TypeResult outputs = spec.infer(params.get(), inputs);
      if (!outputs) {
        CHECK(!outputs.error().empty());
        continue;
      }
      CHECK(outputs->size() == spec.output_names(params.get()).size());
      (void)spec.flops(params.get(), inputs, *outputs);
      for (const TensorType& type : *outputs) {
        for (const Dim& dim : type.shape) CHECK((!dim.is_number() || dim.number() >= 1));
      }
      for (const TensorSpec& tensor : spec.owned(params.get())) {
        for (const std::int64_t size : spec.tensor_shape(tensor, params.get())) CHECK(size >= 1);
      }
    }
  }
}

TEST_CASE("a choice is a word, or a map with one name over its parameters") {
  Diagnostics problems;
  CHECK(choice(EntryKind::Loss, "cross_entropy", problems)->name() == "cross_entropy");
  const auto adam = choice(EntryKind::Optimizer, "{adam: {lr: 0.5}}", problems);
  REQUIRE(adam.has_value());
  CHECK(adam->spec->record.find("lr")->show(adam->params.get()) == "0.5");
  CHECK(choice(EntryKind::Loss, "{weight: 2, mse: }", problems, {"weight"})->name() == "mse");
  CHECK(problems.empty());
}

TEST_CASE("a choice of none, of two and of nothing known") {
  for (const auto& [text, code] :
       std::vector<std::pair<std::string, std::string>>{{"{}", "FDL2009"},
                                                        {"[mse]", "FDL2009"},
                                                        {"{mse: , cross_entropy: }", "FDL2009"},
                                                        {"{weight: 2}", "FDL2009"},
                                                        {"ms", "FDL2008"},
                                                        {"{adam: }", "FDL2008"},
                                                        {"{mse: {nothing: 1}}", "FDL2003"}}) {
    CAPTURE(text);
    Diagnostics problems;
    (void)choice(EntryKind::Loss, text, problems, {"weight"});
    CHECK(codes(problems) == Codes{code});
  }
  Diagnostics problems;
  CHECK(!choice(EntryKind::Optimizer, "adamm", problems));
  CHECK(problems.sorted()[0].help_text == "did you mean 'adam'?");
}

}  // namespace fdl::catalog
