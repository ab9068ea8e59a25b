#include "lib/weights/matching.h"

#include "tests/temporary_folder.h"
#include "tests/unit/weights/fixture.h"

namespace fdl::weights {
namespace {

using testing::TemporaryFolder;

RenameRule rule(const std::string& pattern, const std::string& replacement) {
  return {*Regex::parse(pattern), replacement};
}

Request request(bool strict = true) {
  Request out;
  out.shown = "enc.safetensors";
  out.strict = strict;
  return out;
}

const std::vector<Target> kTargets = {{"0.weight", 0, {2}}, {"0.bias", 1, {1}}};

WeightFiles stored(const TemporaryFolder& folder, const std::vector<std::string>& names) {
  std::vector<testing::Numbers> tensors;
  for (const std::string& name : names) {
    const bool is_bias = name.ends_with("bias");
    tensors.push_back({name, {is_bias ? 1 : 2}, std::vector<float>(is_bias ? 1 : 2)});
  }
  return testing::open(testing::write(folder.path() / "enc.safetensors", tensors));
}

}  // namespace

TEST_CASE("names that are equal match") {
  const TemporaryFolder folder;
  const WeightFiles files = stored(folder, {"0.bias", "0.weight"});
  const Matching found = match(request(), files, kTargets);
  CHECK(found.summary() == "2 loaded, 0 missing, 0 unexpected, 0 of another shape");
  CHECK(found.taken[0].tensor == 0);
  CHECK(files.tensors[found.taken[0].stored].name == "0.weight");
  CHECK(!problem_of(request(), files, found, "the model"));
}

TEST_CASE("a prefix chooses, rules rename in order") {
  const TemporaryFolder folder;
  const WeightFiles files = stored(folder, {"bert.a.weight", "bert.a.bias", "cls.bias"});
  Request r = request();
  r.prefix = "bert.";
  r.renames = {rule("^a\\.", "1."), rule("^1\\.", "0.")};
  const Matching found = match(r, files, kTargets);
  CHECK(found.taken.size() == 2);
  CHECK(found.unexpected.empty());
}

TEST_CASE("what does not fit is counted and named") {
  const TemporaryFolder folder;
  const WeightFiles files = stored(folder, {"0.weigth", "0.bias"});
  const Matching found = match(request(), files, kTargets);
  CHECK(found.summary() == "1 loaded, 1 missing, 1 unexpected, 0 of another shape");
  const auto d = problem_of(request(), files, found, "'encoder'");
  REQUIRE(d.has_value());
  CHECK(d->code == Code::WeightsMismatch);
  CHECK(d->notes.front().text.find("it has '0.weigth'") != std::string::npos);
  CHECK(!problem_of(request(false), files, found, "'encoder'"));
}

TEST_CASE("another shape is neither loaded nor missing") {
  const TemporaryFolder folder;
  const WeightFiles files = stored(folder, {"0.weight", "0.bias"});
  const std::vector<Target> targets = {{"0.weight", 0, {3}}, {"0.bias", 1, {1}}};
  const Matching found = match(request(), files, targets);
  CHECK(found.summary() == "1 loaded, 0 missing, 0 unexpected, 1 of another shape");
  CHECK(found.mismatched.front().in_file == std::vector<std::int64_t>{2});
  CHECK(problem_of(request(), files, found, "x").has_value());
  CHECK(!problem_of(request(false), files, found, "x"));
}

TEST_CASE("a file without anything for the model is an error even when it may miss things") {
  const TemporaryFolder folder;
  const WeightFiles files = stored(folder, {"m.0.weight", "m.0.bias"});
  const Matching found = match(request(false), files, kTargets);
  const auto d = problem_of(request(false), files, found, "the model");
  REQUIRE(d.has_value());
  CHECK(d->help_text.find("prefix: \"m.\"") != std::string::npos);
}

TEST_CASE("tied tensors are there under any of their names") {
  const TemporaryFolder folder;
  const std::vector<Target> targets = {{"embed.weight", 0, {2}}, {"head.weight", 0, {2}}};
  for (const std::vector<std::string>& names : {std::vector<std::string>{"embed.weight"},
                                                {"head.weight"},
                                                {"embed.weight", "head.weight"}}) {
    const Matching found = match(request(), stored(folder, names), targets);
    CHECK(found.summary() == "1 loaded, 0 missing, 0 unexpected, 0 of another shape");
  }
}

TEST_CASE("renaming may not make two names one") {
  const TemporaryFolder folder;
  const WeightFiles files = stored(folder, {"a.weight", "b.weight", "0.bias"});
  Request r = request(false);
  r.renames = {rule("^[ab]", "0")};
  const Matching found = match(r, files, kTargets);
  REQUIRE(found.collisions.size() == 1);
  CHECK(problem_of(r, files, found, "x").has_value());
}

TEST_CASE("a pattern leaves the rest of the file alone") {
  const TemporaryFolder folder;
  const WeightFiles files = stored(folder, {"0.weight", "0.bias", "1.weight"});
  Request r = request();
  r.only = *Pattern::parse("0.*");
  CHECK(match(r, files, kTargets).unexpected.empty());
}

}  // namespace fdl::weights
