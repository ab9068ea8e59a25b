#include "tests/fuzz/targets.h"

#include <algorithm>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/archive/unpack.h"
#include "lib/base/check.h"
#include "lib/base/regex.h"
#include "lib/base/scratch_folder.h"
#include "lib/catalog/shape_rule.h"
#include "lib/config/interpolate.h"
#include "lib/config/merge.h"
#include "lib/config/show.h"
#include "lib/config/yaml.h"
#include "lib/format/idx.h"
#include "lib/format/image_header.h"
#include "lib/format/npy.h"
#include "lib/format/safetensors.h"
#include "lib/format/shard_index.h"
#include "lib/format/table.h"
#include "lib/format/text.h"
#include "lib/format/tokenizer.h"
#include "lib/job/job.h"
#include "lib/plan/plan.h"

namespace fdl::fuzz {
namespace {

std::optional<config::Node> read(std::string_view bytes, Diagnostics& problems) {
  return config::read_yaml(
      std::make_shared<const Source>(Source{"fdl.yml", std::string(bytes), true}), problems);
}

// Rendering is reached by every problem, so it is fuzzed with each.
void render(const Diagnostics& problems) {
  (void)to_text(problems, true);
  for (const Diagnostic& d : problems.sorted()) (void)to_json(d);
}

// Some readers take a path.
template <typename F>
void with_file(std::string_view bytes, F use) {
  const int file = ::memfd_create("fuzzed", 0);
  FDL_CHECK(file >= 0);
  FDL_CHECK(::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  use(std::filesystem::path("/proc/self/fd/" + std::to_string(file)));
  ::close(file);
}

// Two bytes choose each axis of the inputs, so that one text is tried on many shapes.
catalog::Shape shape_from(std::string_view& bytes) {
  catalog::Shape out;
  const auto next = [&] {
    const unsigned char c = bytes.empty() ? 0 : static_cast<unsigned char>(bytes.front());
    if (!bytes.empty()) bytes.remove_prefix(1);
    return c;
  };
  for (int axes = next() % 5; axes > 0; --axes) {
    const int kind = next();
    if (kind % 4 == 0)
      out.push_back(catalog::Dim::named(kind % 8 == 0 ? "B" : "T"));
    else
      out.emplace_back(kind % 16 == 1 ? INT64_MAX : next());
  }
  return out;
}

}  // namespace

void yaml(std::string_view bytes) {
  Diagnostics problems;
  std::optional<config::Node> root = read(bytes, problems);
  render(problems);
  if (!root || problems.has_errors() || !root->is_map()) return;
  const std::string text = config::to_yaml_with_origins(*root, {});
  Diagnostics none;
  const std::optional<config::Node> back = read(text, none);
  // `$${` is a mark of the layer above: it stands for `${` only after interpolation.
  if (text.find("${") != std::string::npos || text.size() > config::kLongestManifestBytes) return;
  FDL_CHECK(back.has_value() && none.empty());
  FDL_CHECK(config::to_json(*back, false) == config::to_json(*root, false));
}

void shape(std::string_view bytes) {
  std::map<std::string, std::int64_t> bounds;
  std::string why;
  if (const auto type = catalog::parse_tensor_type(bytes, bounds, why)) (void)to_string(*type);
  const std::size_t end = bytes.find('\n');
  const auto rule = catalog::ShapeRule::parse(bytes.substr(0, end));
  if (!rule) return;
  bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
  std::vector<catalog::Shape> inputs;
  for (std::size_t i = 0; i < rule->num_inputs() && i < 4; ++i) inputs.push_back(shape_from(bytes));
  catalog::ParameterAccess access;
  access.value = [](const std::string& name, int index) -> std::optional<catalog::Dim> {
    if (name.size() != 1) return std::nullopt;
    if (name == "m") return catalog::Dim(INT64_MIN);
    return catalog::Dim(name[0] - 'f' + index);
  };
  access.several = [](const std::string& name) -> std::vector<catalog::Dim> {
    if (name == "k") return {catalog::Dim(3), catalog::Dim::named("T"), catalog::Dim(INT64_MAX)};
    return {};
  };
  access.is_inferred_and_open = [](const std::string& name) { return name == "in"; };
  access.infer = [](const std::string&, std::int64_t) {};
  const catalog::ShapeResult out = rule->apply(inputs, access);
  if (!out) return;
  for (const catalog::Shape& shape : *out) (void)num_elements(shape).evaluate({{"B", 3}, {"T", 0}});
}

void safetensors(std::string_view bytes) {
  const std::uint64_t num_data_bytes = bytes.size() % 64;
  const auto header = format::parse_safetensors_header(bytes, num_data_bytes, "x.safetensors");
  if (!header) return;
  std::uint64_t sum = 0;
  for (const format::SafetensorsEntry& entry : header->entries) {
    FDL_CHECK(entry.begin <= entry.end && entry.end <= num_data_bytes);
    sum += entry.num_bytes();
  }
  FDL_CHECK(sum == num_data_bytes);
}

void shards(std::string_view bytes) {
  const auto index = format::parse_shard_index(bytes, "x.json");
  if (!index) return;
  FDL_CHECK(!index->tensors.empty() && !index->files.empty());
  for (const std::string& file : index->files) FDL_CHECK(file.find('/') == std::string::npos);
}

void regex(std::string_view bytes) {
  const auto line = [&] {
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    const std::string_view out = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    return out;
  };
  const auto pattern = Regex::parse(line());
  const std::string_view replacement = line();
  if (!pattern || !pattern->replacement_problem(replacement).empty()) return;
  (void)pattern->replace_all(bytes.substr(0, 512), replacement);
}

void idx(std::string_view bytes) {
  with_file(bytes, [](const std::filesystem::path& path) {
    if (const auto whole = format::read_idx(path)) {
      FDL_CHECK(whole->data.size() == whole->header.num_data_bytes());
      (void)format::check_labels(*whole, path, 10);
    }
  });
}

void npy(std::string_view bytes) {
  const auto header = format::parse_npy_header(bytes, bytes.size(), "x.npy");
  if (header) FDL_CHECK(header->data_offset + header->num_data_bytes() == bytes.size());
}

void image(std::string_view bytes) {
  const auto header = format::parse_image_header(bytes, "x.png");
  if (!header) return;
  FDL_CHECK(header->width > 0 && header->height > 0);
  FDL_CHECK(header->width <= format::kMostImagePixels / header->height);
}

void table(std::string_view bytes) {
  with_file(bytes, [](const std::filesystem::path& path) {
    for (const auto kind : {format::TableFormat::Kind::Csv, format::TableFormat::Kind::JsonLines}) {
      auto opened = format::Table::open(path, {kind, ',', true});
      if (!opened) continue;
      std::vector<std::string> texts;
      const auto indexed =
          opened->index([&](std::int64_t, const format::Record& record) -> Result<void> {
            FDL_CHECK(record.cells.size() == opened->columns().size());
            for (const format::Cell& cell : record.cells) (void)opened->span_of(record, cell.place);
            texts.push_back(record.text);
            return {};
          });
      format::Record again;
      for (std::size_t i = 0; indexed && i < texts.size(); ++i) {
        FDL_CHECK(opened->read(static_cast<std::int64_t>(i), again).has_value());
        FDL_CHECK(again.text == texts[i]);
      }
    }
  });
}

void text(std::string_view bytes) {
  with_file(bytes, [&](const std::filesystem::path& path) {
    std::string back;
    const auto read = format::read_text(path, format::TextUnit::Characters,
                                        [&](std::span<const char32_t> piece) -> Result<void> {
                                          for (const char32_t c : piece) back += format::to_utf8(c);
                                          return {};
                                        });
    const bool is_packed = bytes.starts_with("\x1f\x8b");
    if (read && !is_packed) FDL_CHECK(back == bytes || "\xEF\xBB\xBF" + back == bytes);
  });
}

void tokenizer(std::string_view bytes) {
  const std::size_t end = std::min(bytes.find('\n'), bytes.size());
  const auto made = format::Tokenizer::parse(bytes.substr(0, end), "t.json");
  if (!made) return;
  const std::string_view text = bytes.substr(end);
  for (const std::int64_t token : made->encode_whole(text))
    FDL_CHECK(token >= 0 && token < static_cast<std::int64_t>(made->words().size()));
}

void archive(std::string_view bytes) {
  const Result<ScratchFolder> scratch = ScratchFolder::make("fuzz");
  FDL_CHECK(scratch.has_value());
  const std::filesystem::path &outer = scratch->path(), folder = outer / "inside";
  with_file(bytes, [&](const std::filesystem::path& path) {
    for (const archive::Format form : {archive::Format::Zip, archive::Format::TarGz}) {
      std::filesystem::create_directory(folder);
      archive::UnpackJob job;
      job.archive = path;
      job.format = form;
      job.folder = folder;
      job.place = [](std::string_view entry) { return std::string(entry.substr(0, 100)); };
      job.limit_bytes = 1 << 20;
      const Result<void> done = archive::unpack(job);
      if (!done) (void)to_text(done.error(), true);
      std::filesystem::remove_all(folder);
      FDL_CHECK(std::filesystem::is_empty(outer));
    }
  });
}

void check(std::string_view bytes) {
  Diagnostics problems;
  std::optional<config::Node> root = read(bytes, problems);
  if (!root || !root->is_map()) return render(problems);
  config::Manifest manifest;
  manifest.root = std::move(*root);
  manifest.folder = "/nonexistent";
  config::expand_dotted_keys(manifest.root, problems);
  config::Interpolator(manifest.root, {}, problems).resolve_root(config::late_sections());
  const job::Checked checked = job::check(manifest, {}, true, problems);
  render(problems);
  if (!checked.graph) return;
  (void)checked.graph->hash();
  (void)plan::make_plan(*checked.graph, {32, 2, {}});
}

}  // namespace fdl::fuzz
