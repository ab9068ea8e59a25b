#include <set>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "commands/command.h"
#include "commands/project_command.h"
#include "tests/temporary_folder.h"

namespace fdl::commands {
namespace {

using testing::TemporaryFolder;
using Words = std::vector<std::string>;

constexpr const char* kManifest =
    "description: a job\n"
    "params: { width: 8 }\n"
    "model: { name: m, inputs: { x: \"f32[4]\" }, flow: [linear: \"${params.width}\", linear: 10] "
    "}\n"
    "data: { train: { synthetic: { kind: classification } } }\n"
    "training: { epochs: 2, loss: cross_entropy, optimizer: { sgd: { lr: 0.1 } } }\n"
    "commands:\n"
    "  quick: { training: { epochs: 1 } }\n"
    "  fail: { run: \"exit 7\" }\n";

// A command's world: a folder, an environment, and what it wrote.
struct World {
  TemporaryFolder folder;
  Context context;
  std::string out, err;

  explicit World(const std::string& manifest = kManifest) {
    if (!manifest.empty()) folder.file("fdl.yml", manifest);
    context.folder = folder.path();
    context.write_out = [this](const std::string& text) { out += text; };
    context.write_err = [this](const std::string& text) { err += text; };
  }
  int call(const std::string& name, const Words& words = {}) {
    out.clear();
    err.clear();
    for (const CommandSpec& spec : all_commands()) {
      if (spec.name == name) return spec.invoke(words, context);
    }
    FAIL("there is no command " << name);
    return -1;
  }
};

}  // namespace

TEST_CASE("every command has a summary, its own name, help, and refuses what it does not know") {
  std::set<std::string> names;
  for (const CommandSpec& spec : all_commands()) {
    CAPTURE(spec.name);
    CHECK(names.insert(spec.name).second);
    CHECK(spec.summary.ends_with("."));
    CHECK(spec.help().starts_with(spec.summary));
    for (const std::string& example : spec.examples) {
      CHECK(example.starts_with("fdl " + spec.name));
      CHECK(spec.help().find(example) != std::string::npos);
    }
    World world("");
    CHECK(world.call(spec.name, {"--help"}) == 0);
    CHECK(world.out == spec.help());
    CHECK(world.err.empty());
    CHECK(world.call(spec.name, {"--no-such-option"}) == 2);
    CHECK(world.out.empty());
    CHECK(world.err.find("FDL9001") != std::string::npos);
    CHECK(world.err.find("--no-such-option") != std::string::npos);
    CHECK(world.call("help") == 0);
    CHECK(world.out.find(spec.name) != std::string::npos);
  }
}

TEST_CASE("check: one line when all is well, diagnostics and exit 2 when not") {
  World world;
  CHECK(world.call("check") == 0);
  CHECK(world.out == "ok: fdl.yml: 130 parameters; 1 preset checked\n");
  CHECK(world.err.empty());
  CHECK(world.call("check", {"params.width=16"}) == 0);
  CHECK(world.out.find("250 parameters") != std::string::npos);
  CHECK(world.call("check", {"training.epochs=x"}) == 2);
  CHECK(world.out.empty());
  CHECK(world.err.find("--set:") != std::string::npos);
}

TEST_CASE("check: a preset is checked too, and as JSON each problem is one object a line") {
  World world(std::string(kManifest) + "  bad: { training: { epochs: -1, batch_size: 0 } }\n");
  CHECK(world.call("check", {"--json"}) == 2);
  CHECK(world.err.empty());
  int num_problems = 0;
  for (std::size_t at = 0; at < world.out.size(); ++num_problems) {
    const std::size_t end = world.out.find('\n', at);
    const auto one = nlohmann::json::parse(world.out.substr(at, end - at));
    CHECK(one["code"] == "FDL2005");
    CHECK(one["line"] == 9);
    at = end + 1;
  }
  CHECK(num_problems == 2);
}

TEST_CASE("a manifest is found, named by file or folder, or missed") {
  World world;
  world.folder.file("other.yml", "description: no job\n");
  CHECK(world.call("check", {"other.yml"}) == 0);
  CHECK(world.out == "ok: other.yml\n");
  CHECK(world.call("check", {"gone.yml"}) == 2);
  CHECK(world.call("check", {"gone"}) == 2);
  CHECK(world.call("check", {std::string(400, 'x')}) == 2);
  World empty("");
  CHECK(empty.call("check") == 2);
  CHECK(empty.err.find("FDL1101") != std::string::npos);
}

TEST_CASE("an environment is chosen by @, --env or FDL_ENV, and two of them must agree") {
  World world;
  world.folder.file("fdl.ci.yml", "params: { width: 16 }\n");
  CHECK(world.call("config", {"get", "params.width"}) == 0);
  CHECK(world.out == "8\n");
  CHECK(world.call("config", {"get", "params.width", "--env", "ci"}) == 0);
  CHECK(world.out == "16\n");
  world.context.environment["FDL_ENV"] = "ci";
  CHECK(world.call("config", {"get", "params.width"}) == 0);
  CHECK(world.out == "16\n");
  world.context.env = "other";
  CHECK(world.call("config", {"get", "params.width", "--env", "ci"}) == 2);
  CHECK(world.call("config", {"get", "params.width"}) == 2);
  CHECK(world.err.find("FDL1102") != std::string::npos);
}

TEST_CASE("config: get prints one value, show says where each came from") {
  World world;
  CHECK(world.call("config", {"get", "training.epochs", "--preset", "quick"}) == 0);
  CHECK(world.out == "1\n");
  CHECK(world.call("config", {"get", "training.epoch"}) == 2);
  CHECK(world.err.find("did you mean 'epochs'") != std::string::npos);
  CHECK(world.call("config", {"get"}) == 2);
  CHECK(world.call("config", {"shwo"}) == 2);
  CHECK(world.call("config", {"show", "training.epochs=9"}) == 0);
  CHECK(world.out.find("epochs: 9") != std::string::npos);
  CHECK(world.out.find("# --set") != std::string::npos);
  CHECK(world.out.find("# default") != std::string::npos);
  CHECK(world.call("config", {"show", "--json"}) == 0);
  CHECK(nlohmann::json::parse(world.out)["training"]["epochs"] == 2);
  CHECK(world.call("config", {"show", "--json", "--origin"}) == 0);
  CHECK(nlohmann::json::parse(world.out)["training"]["epochs"]["origin"] == "fdl.yml:5");
}

TEST_CASE("explain: a model, a module, a code, and none of them") {
  World world;
  CHECK(world.call("explain") == 0);
  CHECK(world.out.find("130 parameters") != std::string::npos);
  CHECK(world.call("explain", {"--json"}) == 0);
  CHECK(nlohmann::json::parse(world.out)["num_parameters"] == 130);
  CHECK(world.call("explain", {"linear"}) == 0);
  CHECK(world.out.find("out_features") != std::string::npos);
  CHECK(world.call("explain", {"liner"}) == 2);
  CHECK(world.err.find("did you mean 'linear'") != std::string::npos);
  for (const CodeEntry& entry : all_codes()) {
    CAPTURE(to_string(entry.code));
    CHECK(world.call("explain", {to_string(entry.code)}) == 0);
    CHECK(world.out.find(std::string(entry.title)) != std::string::npos);
  }
}

TEST_CASE("run: a dry run stops before the engine, a missing engine makes no folder") {
  World world;
  CHECK(world.call("run", {"--dry-run"}) == 0);
  CHECK(world.out.starts_with("130 parameters; graph "));
  CHECK(world.call("run", {"quick", "--dry-run"}) == 0);
  CHECK(world.call("run", {"quikc", "--dry-run"}) == 2);
  CHECK(world.err.find("FDL1109") != std::string::npos);
  CHECK(world.call("run", {"fail"}) == 7);
  CHECK(world.call("run") == 3);
  CHECK(!std::filesystem::exists(world.folder.path() / "runs"));
  CHECK(world.call("run", {"--resume", "--run", "gone"}) == 2);
}

TEST_CASE("eval: where there is no run yet, and where there is none of that name") {
  World world;
  CHECK(world.call("eval") == 2);
  CHECK(world.err.find("FDL5203") != std::string::npos);
  CHECK(world.call("eval", {"gone"}) == 2);
  CHECK(world.call("eval", {std::string(400, 'x')}) == 2);
}

TEST_CASE("version, as text and as JSON") {
  World world("");
  CHECK(world.call("version") == 0);
  CHECK(world.out.starts_with("fdl "));
  const std::string text = world.out.substr(4, world.out.size() - 5);
  CHECK(world.call("version", {"--json"}) == 0);
  CHECK(nlohmann::json::parse(world.out)["fdl"] == text);
}

TEST_CASE("a shell line takes the manifest's words, then the user's, each side of `--` apart") {
  CHECK(compose_line("ctest", "", {}) == "ctest");
  CHECK(compose_line("ctest", "-j2", {"-R", "a b"}) == "ctest -j2 -R 'a b'");
  CHECK(compose_line("run", "-a -- -b", {"-c", "--", "-d"}) == "run -a -c -- -b -d");
  CHECK(compose_line("run", "-- -b", {"-c"}) == "run -c -- -b");
}

TEST_CASE("exit codes follow the kind of the problem") {
  Diagnostics several;
  several.add(error(Code::UnknownKey, {}, "one"));
  several.add(warning(Code::CannotRead, {}, "two"));
  CHECK(exit_code_of(several) == ExitCode::BadInput);
  several.add(error(Code::CannotRead, {}, "three"));
  CHECK(exit_code_of(several) == ExitCode::Failed);
  CHECK(exit_code_of(Code::UnknownKey) == ExitCode::BadInput);
  CHECK(exit_code_of(Code::DataMissing) == ExitCode::BadInput);
  CHECK(exit_code_of(Code::BadCommandLine) == ExitCode::BadInput);
  CHECK(exit_code_of(Code::CannotWrite) == ExitCode::Failed);
  CHECK(exit_code_of(Code::EngineDied) == ExitCode::Failed);
  CHECK(exit_code_of(Code::LibtorchMissing) == ExitCode::NotReady);
  CHECK(exit_code_of(Code::EngineMissing) == ExitCode::NotReady);
}

}  // namespace fdl::commands
