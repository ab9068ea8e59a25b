#include "lib/format/checkpoint_manifest.h"

#include <algorithm>

#include <doctest/doctest.h>

#include "lib/base/sha256.h"
#include "tests/format/fixture.h"

namespace fdl::format {
namespace {

using testing::bytes_of;
using testing::contains;
using testing::outcome;
using testing::TemporaryFolder;

const std::vector<std::string> kNames = {"model.safetensors", "state.json"};

void fill(const TemporaryFolder& folder) {
  folder.file("model.safetensors", "weights");
  folder.file("state.json", "{}");
  REQUIRE(write_checkpoint_manifest(folder.path(), "abc123", kNames));
}

std::string damage(const TemporaryFolder& folder, const std::string& problem) {
  return "FDL5201: checkpoint '" + folder.path().string() + "' is damaged: " + problem;
}

std::string manifest_text(const std::string& files, const std::string& version = "1") {
  return R"({"format_version": )" + version + R"(, "graph_hash": "g", "files": )" + files + "}";
}

std::string file_text(const std::string& name) {
  return R"({"name": ")" + name + R"(", "num_bytes": 1, "sha256": ")" + std::string(64, '0') +
         "\"}";
}

TEST_CASE("a checkpoint that was written verifies") {
  const TemporaryFolder folder;
  folder.file("model.safetensors", "weights");
  folder.file("state.json", "");
  folder.file("unlisted", "is not looked at");
  const auto written = write_checkpoint_manifest(folder.path(), "abc123", kNames).value();
  for (const auto& manifest : {written, read_checkpoint_manifest(folder.path()).value(),
                               verify_checkpoint(folder.path()).value()}) {
    CHECK(manifest.format_version == 1);
    CHECK(manifest.graph_hash == "abc123");
    REQUIRE(manifest.files.size() == 2);
    CHECK(manifest.files[0].name == "model.safetensors");
    CHECK(manifest.files[0].num_bytes == 7);
    CHECK(manifest.files[0].sha256 == sha256_hex("weights"));
    CHECK(manifest.files[1].name == "state.json");
    CHECK(manifest.files[1].num_bytes == 0);
    CHECK(manifest.files[1].sha256 == sha256_hex(""));
  }
}

TEST_CASE("the text of a manifest is exactly this") {
  const TemporaryFolder folder;
  folder.file("state.json", "{}");
  REQUIRE(write_checkpoint_manifest(folder.path(), "g", std::vector<std::string>{"state.json"}));
  CHECK(bytes_of(folder.path() / "manifest.json") ==
        "{\n  \"format_version\": 1,\n  \"graph_hash\": \"g\",\n  \"files\": [\n    {\n"
        "      \"name\": \"state.json\",\n      \"num_bytes\": 2,\n      \"sha256\": \"" +
            sha256_hex("{}") + "\"\n    }\n  ]\n}\n");
}

TEST_CASE("a file that changed, grew or went away is named with both values") {
  const TemporaryFolder folder;
  fill(folder);
  folder.file("model.safetensors", "weightz");
  CHECK(outcome(verify_checkpoint(folder.path())) ==
        damage(folder, "'model.safetensors' has SHA-256 " + sha256_hex("weightz") +
                           "; manifest.json says " + sha256_hex("weights")));
  CHECK(read_checkpoint_manifest(folder.path()));
  folder.file("model.safetensors", "weights and more");
  CHECK(outcome(verify_checkpoint(folder.path())) ==
        damage(folder, "'model.safetensors' has 16 bytes; manifest.json says 7"));
  std::filesystem::remove(folder.path() / "model.safetensors");
  CHECK(outcome(verify_checkpoint(folder.path())) ==
        damage(folder, "'model.safetensors' is missing"));
  std::filesystem::remove(folder.path() / "manifest.json");
  CHECK(outcome(verify_checkpoint(folder.path())) == damage(folder, "it has no manifest.json"));
  CHECK(outcome(verify_checkpoint(folder.path() / "none")).find("FDL5201") == 0);
}

TEST_CASE("no prefix of a manifest passes, but for its last line end") {
  const TemporaryFolder folder;
  fill(folder);
  const std::string whole = bytes_of(folder.path() / "manifest.json");
  for (std::size_t length = 0; length + 1 < whole.size(); ++length) {
    CAPTURE(length);
    folder.file("manifest.json", whole.substr(0, length));
    CHECK(outcome(verify_checkpoint(folder.path())) ==
          damage(folder, "manifest.json: it is not a JSON object"));
  }
}

TEST_CASE("a changed byte of a manifest never loses sight of a file") {
  const TemporaryFolder folder;
  fill(folder);
  const std::string whole = bytes_of(folder.path() / "manifest.json");
  const testing::BytePatcher patcher(folder.path() / "manifest.json");
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int flip : {0x01, 0x02, 0x20, 0x80, 0xff, static_cast<int>(whole[at])}) {
      CAPTURE(at);
      CAPTURE(flip);
      patcher.set(at, static_cast<char>(whole[at] ^ flip));
      const auto manifest = verify_checkpoint(folder.path());
      if (!manifest) CHECK(manifest.error().code == Code::CheckpointCorrupt);
      if (manifest) REQUIRE(manifest->files.size() == 2);
      if (manifest) CHECK(manifest->files[1].sha256 == sha256_hex("{}"));
    }
    patcher.set(at, whole[at]);
  }
}

TEST_CASE("a manifest of a newer format is refused as such") {
  const TemporaryFolder folder;
  folder.file("manifest.json", manifest_text("\"in another form\"", "2"));
  CHECK(outcome(read_checkpoint_manifest(folder.path())) ==
        "FDL5201: checkpoint '" + folder.path().string() +
            "' was written by a newer fdl: its format_version is 2, this fdl reads 1");
  folder.file("manifest.json", manifest_text("[]", "18446744073709551615"));
  CHECK(contains(outcome(read_checkpoint_manifest(folder.path())), "written by a newer fdl"));
  for (const char* version : {"0", "-1", "1.0", "\"1\"", "null"}) {
    CAPTURE(version);
    folder.file("manifest.json", manifest_text("[" + file_text("a") + "]", version));
    CHECK(contains(outcome(read_checkpoint_manifest(folder.path())), "'format_version' is no"));
  }
}

TEST_CASE("names that lead out of the folder are refused, reading and writing") {
  const TemporaryFolder folder;
  const std::string long_name(256, 'n');
  for (const std::string& name : {std::string("../state.json"), std::string("/etc/passwd"),
                                  std::string("a/b"), std::string(".."), std::string("."),
                                  std::string(), std::string("manifest.json"), long_name}) {
    CAPTURE(name);
    folder.file("manifest.json", manifest_text("[" + file_text(name) + "]"));
    CHECK(contains(outcome(verify_checkpoint(folder.path())), "is no plain file name"));
    const std::string said =
        outcome(write_checkpoint_manifest(folder.path(), "g", std::vector{name}));
    CHECK(said.find("FDL5002: cannot write") == 0);
    CHECK(contains(said, "is no plain file name"));
  }
  folder.file("manifest.json", manifest_text("[" + file_text("a\\u0000b") + "]"));
  CHECK(contains(outcome(verify_checkpoint(folder.path())), "is no plain file name"));
}

TEST_CASE("a manifest that is not one says what it lacks") {
  const TemporaryFolder folder;
  const auto said = [&](const std::string& text) {
    folder.file("manifest.json", text);
    const std::string all = outcome(read_checkpoint_manifest(folder.path()));
    const std::string start = damage(folder, "manifest.json: ");
    return all.find(start) == 0 ? all.substr(start.size()) : all;
  };
  CHECK(said("[]") == "it is not a JSON object");
  CHECK(said(std::string(1'000'000, '[')) == "it is not a JSON object");
  CHECK(said(std::string("{}\0", 3)) == "it is not a JSON object");
  CHECK(said(R"({"format_version": 1})") == "'graph_hash' is no text");
  CHECK(said(R"({"format_version": 1, "graph_hash": "g"})") == "'files' is no list");
  CHECK(said(manifest_text("{}")) == "'files' is no list");
  CHECK(said(manifest_text("[]")) == "it lists no files");
  CHECK(said(manifest_text("[1]")) == "'files' entry 0 is no map");
  CHECK(said(manifest_text("[{}]")) == "'files' entry 0: 'name' is no text");
  CHECK(said(manifest_text(R"([{"name": "a", "num_bytes": -1}])")) ==
        "'files' entry 0: 'num_bytes' is no whole number from 0");
  CHECK(said(manifest_text(R"([{"name": "a", "num_bytes": 1, "sha256": "00"}])")) ==
        "'files' entry 0: 'sha256' is not 64 hexadecimal digits");
  CHECK(said(manifest_text("[" + file_text("a") + "," + file_text("a") + "]")) ==
        "'a' stands twice");
  CHECK(contains(said(std::string(2'000'000, ' ')), "is longer than 1048576 bytes"));
}

TEST_CASE("a manifest of files that are not there is not written") {
  const TemporaryFolder folder;
  const std::string said =
      outcome(write_checkpoint_manifest(folder.path(), "g", std::vector<std::string>{"none"}));
  CHECK(said.find("FDL5001: cannot read '" + (folder.path() / "none").string()) == 0);
  CHECK_FALSE(std::filesystem::exists(folder.path() / "manifest.json"));
  CHECK(contains(outcome(write_checkpoint_manifest(folder.path(), "g", {})), "lists no files"));
  std::filesystem::create_directory(folder.path() / "sub");
  CHECK(contains(
      outcome(write_checkpoint_manifest(folder.path(), "g", std::vector<std::string>{"sub"})),
      "it is a folder"));
}

}  // namespace
}  // namespace fdl::format
