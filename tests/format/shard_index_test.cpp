#include "lib/format/shard_index.h"

#include <doctest/doctest.h>

#include "tests/temporary_folder.h"

namespace fdl::format {
namespace {

constexpr char kSound[] =
    R"({"metadata": {"total_size": 3}, "weight_map": {"a.weight": "x-1.safetensors",)"
    R"( "b": "x-2.safetensors", "c": "x-1.safetensors"}})";

std::string refused(const std::string& text) {
  const auto index = parse_shard_index(text, "m.index.json");
  if (index) return "";
  CHECK(index.error().code == Code::CheckpointCorrupt);
  return index.error().message;
}

}  // namespace

TEST_CASE("an index of shards is read") {
  const testing::TemporaryFolder folder;
  const auto index = read_shard_index(folder.file(kShardIndexName, kSound));
  REQUIRE(index.has_value());
  CHECK(index->tensors.size() == 3);
  CHECK(index->files == std::vector<std::string>{"x-1.safetensors", "x-2.safetensors"});
}

TEST_CASE("an index that cannot be trusted is refused") {
  CHECK(refused("[]").find("no JSON object") == std::string::npos);
  CHECK(refused("[]").find("not a JSON object") != std::string::npos);
  CHECK(refused("{}").find("'weight_map' is no map") != std::string::npos);
  CHECK(refused(R"({"weight_map": {}})").find("empty") != std::string::npos);
  CHECK(refused(R"({"weight_map": {"a": 3}})").find("no text") != std::string::npos);
  for (const char* name : {"../x", "/x", "", ".", "..", "a/b"}) {
    const std::string text = fmt::format(R"({{"weight_map": {{"a": "{}"}}}})", name);
    CHECK(refused(text).find("no plain file name") != std::string::npos);
  }
  CHECK(refused(std::string(kSound) + '\0') != "");
}

TEST_CASE("no damage to an index goes unseen or breaks the reader") {
  const std::string sound = kSound;
  for (std::size_t size = 0; size < sound.size(); ++size)
    CHECK(refused(sound.substr(0, size)) != "");
  for (std::size_t at = 0; at < sound.size(); ++at) {
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x80);
    (void)parse_shard_index(damaged, "m.index.json");
  }
}

}  // namespace fdl::format
