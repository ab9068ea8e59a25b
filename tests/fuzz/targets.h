#pragma once

#include <string_view>

// What is fuzzed: each takes any bytes, and may neither crash nor break what it checks by
// FDL_CHECK. libFuzzer calls one of them (entry.cpp); replay_test.cpp calls all on former finds.
namespace fdl::fuzz {

using Target = void (*)(std::string_view bytes);

void yaml(std::string_view bytes);         // the reader; what it shows reads back
void shape(std::string_view bytes);        // rules of the shape language, and input types
void safetensors(std::string_view bytes);  // headers
void shards(std::string_view bytes);       // indices of sharded models
void regex(std::string_view bytes);        // a pattern, a replacement and a text, a line each
void idx(std::string_view bytes);          // whole files
void npy(std::string_view bytes);          // headers, with the length of the file
void image(std::string_view bytes);        // headers of JPEG and PNG
void table(std::string_view bytes);        // CSV and JSON lines: every record reads back
void text(std::string_view bytes);         // UTF-8: what is read is what stands there
void tokenizer(std::string_view bytes);    // tokenizer.json: a line, then a text to cut
void archive(std::string_view bytes);      // zip and tar.gz: nothing leaves the folder
void events(std::string_view bytes);       // records of a run, a line each: parts add up
void requests(std::string_view bytes);     // of the dashboard: the gate, and every answer
void check(std::string_view bytes);        // a manifest through all that `fdl check --no-data` does

struct NamedTarget {
  std::string_view name;
  Target target;
};
inline constexpr NamedTarget kTargets[] = {
    {"yaml", yaml},     {"shape", shape},         {"safetensors", safetensors},
    {"shards", shards}, {"regex", regex},         {"idx", idx},
    {"npy", npy},       {"image", image},         {"table", table},
    {"text", text},     {"tokenizer", tokenizer}, {"archive", archive},
    {"events", events}, {"requests", requests},   {"check", check}};

}  // namespace fdl::fuzz
