#include "lib/config/layers.h"

#include <doctest/doctest.h>

#include "lib/config/show.h"
#include "tests/temporary_folder.h"
#include "tests/unit/manifest_text.h"

namespace fdl::config {
namespace {

using testing::codes;
using testing::TemporaryFolder;
using Codes = std::vector<std::string>;

const MergeRules kRules = {{{"training.optimizer", {}}}, {"params", "training"}};

struct Loaded {
  std::optional<Manifest> manifest;
  Diagnostics problems;

  std::string at(const std::string& path) const {
    const Node* node = manifest ? find_path(manifest->root, path) : nullptr;
    return node != nullptr ? to_json(*node, false, -1) : "absent";
  }
  std::string origin(const std::string& path) const {
    return origin_of(*find_path(manifest->root, path));
  }
};

Loaded load(const TemporaryFolder& folder, const Selection& selection = {}) {
  Loaded out;
  out.manifest =
      load_manifest(folder.path() / "fdl.yml", selection, kRules, folder.path(), out.problems);
  return out;
}

Loaded load(const std::string& text, const Selection& selection = {}) {
  const TemporaryFolder folder;
  folder.file("fdl.yml", text);
  return load(folder, selection);
}

}  // namespace

TEST_CASE("who wins: --set over FDL_SET over preset over overlay over manifest over parent") {
  const TemporaryFolder folder;
  folder.file("base.yml", "v: {a: base, b: base, c: base, d: base, e: base, f: base}\n");
  folder.file("fdl.yml",
              "inherit-from: base.yml\nv: {b: file, c: file, d: file, e: file, f: file}\n"
              "params: {d: file}\n"
              "commands: {quick: {params: {d: preset, e: preset, f: preset}}}\n");
  folder.file("fdl.ci.yml", "v: {c: overlay}\nparams: {d: overlay, e: overlay, f: overlay}\n");
  const Loaded out =
      load(folder, {"ci",
                    "quick",
                    {"params.f=set"},
                    {{"FDL_SET__PARAMS__E", "variable"}, {"FDL_SET__PARAMS__F", "variable"}}});
  REQUIRE(out.problems.empty());
  CHECK(out.at("v") == R"({"a":"base","b":"file","c":"overlay","d":"file","e":"file","f":"file"})");
  CHECK(out.at("params") == R"({"d":"preset","e":"variable","f":"set"})");
  CHECK(out.origin("v.a") == "base.yml:1");
  CHECK(out.origin("v.c") == "fdl.ci.yml:1");
  CHECK(out.origin("params.d") == "fdl.yml:4");
  CHECK(out.origin("params.e") == "FDL_SET__PARAMS__E");
  CHECK(out.origin("params.f") == "--set");
  CHECK(out.manifest->layers == std::vector<std::string>{"base.yml", "fdl.yml", "fdl.ci.yml"});
}

TEST_CASE("the last of two overrides wins, and each is YAML") {
  const Loaded out =
      load("a: 1\nd: 1\n",
           {"", "", {"a=2", "a=3", "b=[1, x]", "c={k: true}", "d=", "e==", "f=1: 2", "g=*x"}, {}});
  REQUIRE(out.problems.empty());
  CHECK(out.at("a") == "3");
  CHECK(out.at("b") == R"([1,"x"])");
  CHECK(out.at("c.k") == "true");
  CHECK(out.at("d") == "absent");  // null deletes
  CHECK(out.at("e") == R"("=")");
  CHECK(out.at("g") == R"("*x")");
}

TEST_CASE("overrides reach into lists by index, and report what is not there") {
  const std::string text = "training: {phases: [{until: 1}, {until: 2}]}\n";
  CHECK(load(text, {"", "", {"training.phases.1.until=9"}, {}}).at("training.phases") ==
        R"([{"until":1},{"until":9}])");
  CHECK(load(text, {"", "", {"training.phases+=[7]"}, {}}).at("training.phases.2") == "7");
  CHECK(load(text, {"", "", {"training!={a: 1}"}, {}}).at("training") == R"({"a":1})");
  for (const char* bad : {"training.phases.2.until=9", "training.phases.x=9",
                          "training.phases.-1=9", "nothing", "=3"}) {
    CAPTURE(bad);
    CHECK(codes(load(text, {"", "", {bad}, {}}).problems) == Codes{"FDL1108"});
  }
}

TEST_CASE("an override of another variant replaces it, of the same one merges") {
  const std::string text = "training: {optimizer: {adam: {lr: 1, eps: 2}}}\n";
  CHECK(load(text, {"", "", {"training.optimizer.adam.lr=5"}, {}}).at("training.optimizer") ==
        R"({"adam":{"lr":5,"eps":2}})");
  CHECK(load(text, {"", "", {"training.optimizer=sgd"}, {}}).at("training.optimizer") ==
        R"("sgd")");
  CHECK(load(text, {"", "", {"training.optimizer.sgd.lr=5"}, {}}).at("training.optimizer") ==
        R"({"sgd":{"lr":5}})");
}

TEST_CASE("a variable finds its key whatever the case of either") {
  const Loaded out = load("training: {Batch_Size: 8}\n", {"",
                                                          "",
                                                          {},
                                                          {{"FDL_SET__TRAINING__BATCH_SIZE", "64"},
                                                           {"FDL_SET__TRAINING__NEW_KEY", "1"},
                                                           {"FDL_SET__", "x"},
                                                           {"FDL_HOME", "x"}}});
  CHECK(out.at("training") == R"({"Batch_Size":64,"new_key":1})");
}

TEST_CASE("parents: several in order, relative to their file, each read once") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "sub");
  folder.file("top.yml", "a: top\nb: top\nc: top\n");
  folder.file("sub/one.yml", "inherit-from: ../top.yml\na: one\n");
  folder.file("two.yml", "inherit-from: top.yml\na: two\n");
  folder.file("fdl.yml", "inherit-from: [sub/one.yml, two.yml]\nc: file\n");
  const Loaded out = load(folder);
  REQUIRE(out.problems.empty());
  CHECK(out.at("a") == R"("two")");
  CHECK(out.at("b") == R"("top")");
  CHECK(out.at("c") == R"("file")");
  CHECK(out.at("inherit-from") == "absent");
}

TEST_CASE("a parent's cycle names the chain; a missing or unreadable parent is told") {
  const TemporaryFolder folder;
  folder.file("fdl.yml", "inherit-from: a.yml\n");
  folder.file("a.yml", "inherit-from: b.yml\n");
  folder.file("b.yml", "inherit-from: a.yml\n");
  const Loaded cycle = load(folder);
  REQUIRE(codes(cycle.problems) == Codes{"FDL1103"});
  CHECK(cycle.problems.sorted()[0].message.find("a.yml -> b.yml -> a.yml") != std::string::npos);
  CHECK(codes(load("inherit-from: gone.yml\n").problems) == Codes{"FDL1104"});
  CHECK(codes(load("inherit-from: " + std::string(300, 'x') + "\n").problems) == Codes{"FDL1104"});
  CHECK(codes(load("inherit-from: {a: 1}\n").problems) == Codes{"FDL2002"});
  CHECK(codes(load("inherit-from: [{a: 1}]\n").problems) == Codes{"FDL2002"});
}

TEST_CASE("a missing overlay lists those that exist, a missing preset likewise") {
  const TemporaryFolder folder;
  folder.file("fdl.yml", "a: 1\ncommands: {quick: {params: {b: 1}}, shell: {run: ls}}\n");
  folder.file("fdl.ci.yml", "a: 2\n");
  folder.file("fdl.prod.json", "{\"a\": 3}\n");
  CHECK(list_environments(folder.path() / "fdl.yml") == std::vector<std::string>{"ci", "prod"});
  CHECK(load(folder, {"prod", "", {}, {}}).at("a") == "3");
  const Loaded env = load(folder, {"pord", "", {}, {}});
  REQUIRE(codes(env.problems) == Codes{"FDL1102"});
  CHECK(env.problems.sorted()[0].help_text == "did you mean 'prod'?");
  CHECK(codes(load(folder, {"", "quikc", {}, {}}).problems) == Codes{"FDL1109"});
  CHECK(codes(load(folder, {"", "shell", {}, {}}).problems) == Codes{"FDL1109"});
  CHECK(codes(load(folder, {std::string(300, 'x'), "", {}, {}}).problems) == Codes{"FDL1102"});
}

TEST_CASE("presets are the commands that change sections of the job") {
  const Loaded out =
      load("commands: {a: {params: {x: 1}}, b: {run: ls}, c: {training.x: 2}, d: }\n",
           {"", "c", {}, {}});
  CHECK(preset_names(out.manifest->root, kRules) == std::vector<std::string>{"a", "c"});
  CHECK(out.at("training.x") == "2");
}

TEST_CASE("a preset keeps its `+` and `!` wherever it was declared") {
  const TemporaryFolder folder;
  const std::string presets =
      "commands: {more: {training: {metrics+: [b]}}, less: {training: {optimizer!: {z: 1}}}}\n";
  folder.file("base.yml", "training: {metrics: [a], optimizer: {sgd: {lr: 1}}}\n");
  folder.file("fdl.yml", "inherit-from: base.yml\n" + presets);
  CHECK(load(folder, {"", "more", {}, {}}).at("training.metrics") == R"(["a","b"])");
  CHECK(load(folder, {"", "less", {}, {}}).at("training.optimizer") == R"({"z":1})");
  folder.file("fdl.yml", "inherit-from: base.yml\n");
  folder.file("fdl.ci.yml", presets);
  CHECK(load(folder, {"ci", "more", {}, {}}).at("training.metrics") == R"(["a","b"])");
}

TEST_CASE("the manifest is found in a folder or above it; yaml before yml before json") {
  const TemporaryFolder folder;
  const std::filesystem::path deep = folder.path() / "a" / "b";
  std::filesystem::create_directories(deep);
  folder.file("fdl.json", "{}");
  CHECK(find_manifest(deep).value() == folder.path() / "fdl.json");
  folder.file("fdl.yml", "a: 1");
  CHECK(find_manifest(deep).value() == folder.path() / "fdl.yml");
  folder.file("fdl.yaml", "a: 1");
  CHECK(find_manifest(deep).value() == folder.path() / "fdl.yaml");
  folder.file("a/fdl.yml", "a: 1");
  CHECK(find_manifest(deep).value() == folder.path() / "a/fdl.yml");
}

TEST_CASE("problems of several layers come in one pass") {
  const Loaded out = load("a: 1\na: 2\nb: ${x.y}\nc: ${x.z}\n", {"", "", {"d"}, {}});
  CHECK(out.problems.size() == 4);
}

}  // namespace fdl::config
