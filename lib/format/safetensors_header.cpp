#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "lib/format/json_text.h"
#include "lib/format/safetensors.h"
#include "lib/format/safetensors_dtype.h"

// The header is read event by event rather than into a tree: a tree would keep only one of two
// equal names, and would grow with the nesting of a hostile file.

namespace fdl::format {
namespace {

// Receives the events of one header. After a `false`, problem() says what is wrong.
class HeaderEvents : public nlohmann::json_sax<nlohmann::json> {
 public:
  const std::string& problem() const { return problem_; }
  SafetensorsHeader take() { return std::move(header_); }

  bool null() override { return misplaced("null"); }
  bool boolean(bool) override { return misplaced("a boolean"); }
  bool number_integer(number_integer_t value) override {
    return misplaced(fmt::format("{}", value));
  }
  bool number_float(number_float_t, const string_t& text) override {
    return misplaced(shortened(text));
  }
  bool binary(binary_t&) override { return misplaced("binary data"); }

  bool number_unsigned(number_unsigned_t value) override {
    if (place_ == Place::Shape) return add_dim(value);
    if (place_ != Place::Offsets) return misplaced(fmt::format("{}", value));
    if (num_offsets_ == 2) return refuse("data_offsets has more than two numbers");
    (num_offsets_++ == 0 ? entry_.begin : entry_.end) = value;
    return true;
  }

  bool string(string_t& text) override {
    if (place_ == Place::Metadata) {
      if (header_.metadata.emplace(key_, std::move(text)).second) return true;
      return refuse("key '{}' stands twice", shortened(key_));
    }
    if (place_ != Place::Entry || key_ != "dtype")
      return misplaced(fmt::format("'{}'", shortened(text)));
    const std::optional<SafetensorsDtype> dtype = dtype_from_name(text);
    if (!dtype) {
      return refuse("dtype '{}' is not read; expected one of {}", shortened(text), dtype_names());
    }
    entry_.dtype = *dtype;
    return true;
  }

  bool key(string_t& text) override {
    key_ = std::move(text);
    if (place_ == Place::Top) {
      subject_ = key_;
      return key_ != kMetadataName || !std::exchange(has_metadata_, true) ||
             refuse("it stands twice");
    }
    if (place_ == Place::Metadata) return true;
    if (key_ == "dtype") return first_time(has_dtype_);
    if (key_ == "shape") return first_time(has_shape_);
    if (key_ == "data_offsets") return first_time(has_offsets_);
    return refuse("unknown key '{}'; expected dtype, shape and data_offsets", shortened(key_));
  }

  bool start_object(std::size_t) override {
    if (place_ == Place::Outside) return enter(Place::Top);
    if (place_ != Place::Top) return misplaced("a map");
    if (subject_ == kMetadataName) return enter(Place::Metadata);
    entry_ = SafetensorsEntry{};
    entry_.name = subject_;
    has_dtype_ = has_shape_ = has_offsets_ = false;
    num_offsets_ = 0;
    return enter(Place::Entry);
  }

  bool end_object() override {
    if (place_ == Place::Top) return enter(Place::Outside);
    if (place_ == Place::Metadata) return enter(Place::Top);
    if (!has_dtype_ || !has_shape_ || !has_offsets_) {
      return refuse("{} is missing", !has_dtype_   ? "dtype"
                                     : !has_shape_ ? "shape"
                                                   : "data_offsets");
    }
    header_.entries.push_back(std::move(entry_));
    return enter(Place::Top);
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::Entry || key_ == "dtype") return misplaced("a list");
    return enter(key_ == "shape" ? Place::Shape : Place::Offsets);
  }

  bool end_array() override {
    if (place_ == Place::Offsets && num_offsets_ != 2)
      return refuse("data_offsets has {} numbers; expected 2", num_offsets_);
    return enter(Place::Entry);
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception&) override {
    problem_ = fmt::format("its header is not JSON at byte {}", 8 + position - 1);
    return false;
  }

 private:
  enum class Place { Outside, Top, Metadata, Entry, Shape, Offsets };

  bool enter(Place place) {
    place_ = place;
    return true;
  }

  bool first_time(bool& seen) {
    return !std::exchange(seen, true) || refuse("key '{}' stands twice", key_);
  }

  bool add_dim(std::uint64_t dim) {
    if (dim > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return refuse("dimension {} is too large", dim);
    if (entry_.shape.size() == kMostTensorDims)
      return refuse("it has more than {} dimensions", kMostTensorDims);
    entry_.shape.push_back(static_cast<std::int64_t>(dim));
    return true;
  }

  bool misplaced(std::string_view found) {
    switch (place_) {
      case Place::Outside:
        problem_ = "its header is no map of tensors";
        return false;
      case Place::Top:
        return refuse("expected a map, found {}", found);
      case Place::Metadata:
        return refuse("expected a string for each key, found {}", found);
      case Place::Entry:
        return refuse("{} cannot be {}", key_, found);
      case Place::Shape:
        return refuse("shape takes whole numbers from 0, found {}", found);
      case Place::Offsets:
        break;
    }
    return refuse("data_offsets takes whole numbers from 0, found {}", found);
  }

  template <typename... A>
  bool refuse(fmt::format_string<A...> text, A&&... args) {
    problem_ =
        fmt::format("'{}': {}", shortened(subject_), fmt::format(text, std::forward<A>(args)...));
    return false;
  }

  Place place_ = Place::Outside;
  std::string subject_;  // the name at the top level that is being read
  std::string key_;
  SafetensorsEntry entry_;
  SafetensorsHeader header_;
  bool has_metadata_ = false;
  bool has_dtype_ = false;
  bool has_shape_ = false;
  bool has_offsets_ = false;
  int num_offsets_ = 0;
  std::string problem_;
};

using Entries = std::vector<const SafetensorsEntry*>;
using Problem = std::optional<std::string>;

Problem check_one(const SafetensorsEntry& entry, std::uint64_t num_data_bytes) {
  const std::optional<std::uint64_t> expected = shape_bytes(entry.shape, entry.dtype);
  if (!expected) return fmt::format("'{}': its shape is too large to count", shortened(entry.name));
  if (entry.begin > entry.end || entry.end > num_data_bytes) {
    return fmt::format("'{}': data_offsets [{}, {}] lie outside the {} bytes of data",
                       shortened(entry.name), entry.begin, entry.end, num_data_bytes);
  }
  if (entry.num_bytes() != *expected) {
    return fmt::format("'{}': data_offsets [{}, {}] hold {} bytes, but dtype and shape take {}",
                       shortened(entry.name), entry.begin, entry.end, entry.num_bytes(), *expected);
  }
  return {};
}

Problem check_names(Entries entries) {
  const auto less = [](const auto* a, const auto* b) { return a->name < b->name; };
  const auto same = [](const auto* a, const auto* b) { return a->name == b->name; };
  std::sort(entries.begin(), entries.end(), less);
  const auto twice = std::adjacent_find(entries.begin(), entries.end(), same);
  if (twice == entries.end()) return {};
  return fmt::format("'{}': the name stands twice", shortened((*twice)->name));
}

// In the order of their offsets, every tensor must begin where the one before it ends.
Problem check_cover(Entries entries, std::uint64_t num_data_bytes) {
  std::sort(entries.begin(), entries.end(), [](const auto* a, const auto* b) {
    return std::pair(a->begin, a->end) < std::pair(b->begin, b->end);
  });
  std::uint64_t covered = 0;
  const SafetensorsEntry* before = nullptr;
  for (const SafetensorsEntry* entry : entries) {
    if (entry->begin < covered) {
      return fmt::format("'{}' and '{}' overlap at byte {} of the data", shortened(before->name),
                         shortened(entry->name), entry->begin);
    }
    if (entry->begin > covered) {
      return fmt::format("bytes {} to {} of the data, before '{}', belong to no tensor", covered,
                         entry->begin, shortened(entry->name));
    }
    covered = entry->end;
    before = entry;
  }
  if (covered == num_data_bytes) return {};
  return fmt::format("bytes {} to {} of the data, at its end, belong to no tensor", covered,
                     num_data_bytes);
}

Problem check_entries(const SafetensorsHeader& header, std::uint64_t num_data_bytes) {
  Entries entries;
  for (const SafetensorsEntry& entry : header.entries) {
    if (Problem problem = check_one(entry, num_data_bytes)) return problem;
    entries.push_back(&entry);
  }
  if (Problem problem = check_names(entries)) return problem;
  return check_cover(std::move(entries), num_data_bytes);
}

}  // namespace

Result<SafetensorsHeader> parse_safetensors_header(std::string_view text,
                                                   std::uint64_t num_data_bytes,
                                                   const std::filesystem::path& path) {
  const auto damaged = [&](std::string_view problem) {
    return fail(error(Code::CheckpointCorrupt, {}, "'{}' is no whole safetensors file: {}",
                      path.string(), problem)
                    .help("fetch the file again, or use another checkpoint"));
  };
  if (!text.starts_with('{')) return damaged("its header does not begin with '{' at byte 8");
  // To the JSON reader a NUL byte ends the text; what follows would go unseen.
  if (const std::size_t nul = text.find('\0'); nul != std::string_view::npos)
    return damaged(fmt::format("its header is not JSON at byte {}", 8 + nul));

  HeaderEvents events;
  if (!nlohmann::json::sax_parse(text, &events)) return damaged(events.problem());
  SafetensorsHeader header = events.take();
  header.data_offset = 8 + text.size();
  if (const Problem problem = check_entries(header, num_data_bytes)) return damaged(*problem);
  return header;
}

}  // namespace fdl::format
