#include "lib/format/tokenizer.h"

#include <filesystem>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "lib/base/files.h"
#include "tests/format/fixture.h"

namespace fdl::format {
namespace {

namespace fs = std::filesystem;
using Numbers = std::vector<std::int64_t>;

const fs::path kFolder = fs::path(FDL_SOURCE_FOLDER) / "tests/format/tokenizers";

std::string code_of(const std::string& json) {
  const Result<Tokenizer> tokenizer = Tokenizer::parse(json, "t.json");
  return tokenizer ? "" : to_string(tokenizer.error().code);
}

Tokenizer made(const std::string& json) {
  Result<Tokenizer> tokenizer = Tokenizer::parse(json, "t.json");
  INFO((tokenizer ? std::string() : to_text(tokenizer.error(), false)));
  REQUIRE(tokenizer.has_value());
  return *std::move(tokenizer);
}

const std::string kBpe =
    R"({"model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "aba": 3, "Ġ": 4}, )"
    R"("merges": ["a b", ["ab", "a"]]}, "pre_tokenizer": {"type": "ByteLevel", )"
    R"("add_prefix_space": false}})";

}  // namespace

TEST_CASE("tokens are those of the package that wrote the tokenizers") {
  const auto cases = nlohmann::json::parse(*read_file(kFolder / "cases.json"));
  REQUIRE(cases["tokens"].size() == 9);
  for (const auto& [name, wanted] : cases["tokens"].items()) {
    CAPTURE(name);
    const Result<Tokenizer> tokenizer = Tokenizer::open(kFolder / (name + ".json"));
    INFO((tokenizer ? std::string() : to_text(tokenizer.error(), false)));
    REQUIRE(tokenizer.has_value());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const auto text = cases["texts"][i].get<std::string>();
      CAPTURE(text);
      CHECK(tokenizer->encode(text) == wanted[i].get<Numbers>());
    }
  }
}

TEST_CASE("what stands at the ends is put there, and stays when a text is cut") {
  const auto with = [](const std::string& ends) {
    std::string out = kBpe;
    out.pop_back();
    return out + ", \"post_processor\": " + ends + "}";
  };
  const std::string both =
      R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, )"
      R"({"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}], )"
      R"("special_tokens": {"<s>": {"id": "<s>", "ids": [4]}, "</s>": {"id": "</s>", "ids": [1, 0]}}})";
  const Tokenizer made_by_template = made(with(both));
  CHECK(made_by_template.encode("bab") == Numbers{1, 2});
  CHECK(made_by_template.encode_whole("bab") == Numbers{4, 1, 2, 1, 0});
  CHECK(made_by_template.encode_whole("bab", 5) == Numbers{4, 1, 2, 1, 0});
  CHECK(made_by_template.encode_whole("bab", 4) == Numbers{4, 1, 1, 0});
  CHECK(made_by_template.encode_whole("bab", 1) == Numbers{4, 1, 0});
  CHECK(made_by_template.encode_whole("") == Numbers{4, 1, 0});
  const std::string pair =
      R"({"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0]})";
  CHECK(made(with(pair)).encode_whole("b") == Numbers{0, 1, 2});
  const std::string list =
      R"({"type": "Sequence", "processors": [{"type": "ByteLevel"}, )" + pair + "]}";
  CHECK(made(with(list)).encode_whole("b") == Numbers{0, 1, 2});
  CHECK(made(kBpe).encode_whole("b", 9) == Numbers{1});
  CHECK(made(with("null")).encode_whole("b") == Numbers{1});
  CHECK(code_of(with(R"({"type": "ByLuck"})")) == "FDL2006");
  CHECK(code_of(with("3")) == "FDL2006");
  for (const char* bad :
       {R"({"type": "BertProcessing", "sep": ["</s>", 99], "cls": ["<s>", 0]})",
        R"({"type": "BertProcessing", "sep": [3]})", R"({"type": "TemplateProcessing"})",
        R"({"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "x"}}]})",
        R"({"type": "Sequence", "processors": [{"type": "Sequence"}]})"})
    CHECK(code_of(with(bad)) == "FDL5102");
}

TEST_CASE("neighbours are joined in the order of the merges") {
  const Tokenizer tokenizer = made(kBpe);
  CHECK(tokenizer.encode("aba") == Numbers{3});
  CHECK(tokenizer.encode("bab") == Numbers{1, 2});
  CHECK(tokenizer.encode("abab ab") == Numbers{2, 2, 4, 2});
  CHECK(tokenizer.words() == std::vector<std::string>{"a", "b", "ab", "aba", " "});
}

TEST_CASE("a long word takes no long time") {
  const Tokenizer tokenizer = made(kBpe);
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += "ab";
  const Numbers tokens = tokenizer.encode(text);
  // ab ab ab ... : every ab is joined before any aba, whose first part is an ab and not an a.
  CHECK(tokens == Numbers(300'000, 2));
}

TEST_CASE("bytes that are no UTF-8 are one strange character") {
  const Tokenizer tokenizer =
      made(R"({"model": {"type": "WordPiece", "unk_token": "?", "vocab": {"?": 0, "a": 1}}})");
  CHECK(tokenizer.encode("a") == Numbers{1});
  CHECK(tokenizer.encode("\xFF\xFE") == Numbers{0});
  CHECK(tokenizer.encode("").empty());
}

TEST_CASE("what is no tokenizer is told; so are kinds that are not known") {
  const std::string vocab = R"("vocab": {"a": 0})";
  for (const std::string& bad :
       {std::string("{"), std::string("[]"), std::string("{}"), std::string(R"({"model": 3})"),
        std::string(R"({"model": {"type": "BPE", "merges": []}})"),
        R"({"model": {"type": "BPE", )" + vocab + "}}",
        R"({"model": {"type": "BPE", "merges": ["ab"], )" + vocab + "}}",
        R"({"model": {"type": "BPE", "merges": ["a c"], )" + vocab + "}}",
        R"({"model": {"type": "BPE", "merges": [3], )" + vocab + "}}",
        std::string(R"({"model": {"type": "BPE", "merges": [], "vocab": {"a": -1}}})"),
        std::string(R"({"model": {"type": "BPE", "merges": [], "vocab": {"a": 9000000}}})"),
        R"({"model": {"type": "WordPiece", )" + vocab + "}}",
        R"({"normalizer": 1, "model": {"type": "BPE", "merges": [], )" + vocab + "}}",
        R"({"added_tokens": [{"id": 3}], "model": {"type": "BPE", "merges": [], )" + vocab + "}}",
        R"({"added_tokens": ["x"], "model": {"type": "BPE", "merges": [], )" + vocab + "}}"}) {
    CAPTURE(bad);
    CHECK(code_of(bad) == "FDL5102");
  }
  for (const std::string& unknown :
       {R"({"model": {"type": "Unigram", )" + vocab + "}}",
        R"({"model": {"type": "BPE", "byte_fallback": true, "merges": [], )" + vocab + "}}",
        R"({"model": {"type": "BPE", "dropout": 0.1, "merges": [], )" + vocab + "}}",
        R"({"normalizer": {"type": "Precompiled"}, "model": {"type": "BPE", "merges": [], )" +
            vocab + "}}",
        R"({"pre_tokenizer": {"type": "Metaspace"}, "model": {"type": "BPE", "merges": [], )" +
            vocab + "}}"}) {
    CAPTURE(unknown);
    CHECK(code_of(unknown) == "FDL2006");
  }
  CHECK(to_string(Tokenizer::open("/nowhere/t.json").error().code) == "FDL5101");
}

}  // namespace fdl::format
