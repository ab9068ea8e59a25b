#include "commands/bench/table_of_rows.h"

#include <array>
#include <random>

#include <fmt/format.h>

#include "lib/base/files.h"

namespace fdl::commands::bench {
namespace {

constexpr int kRows = 100'000, kNumbers = 20, kKinds = 12;
constexpr std::array<const char*, 4> kLabels = {"low", "middle", "high", "top"};

// The bits of the generator are the same everywhere; those of a distribution are not.
class Draw {
 public:
  int below(int limit) { return static_cast<int>(bits_() % static_cast<std::uint64_t>(limit)); }
  double between(double low, double high) {
    return low + (high - low) * static_cast<double>(bits_() >> 11) * 0x1p-53;
  }

 private:
  std::mt19937_64 bits_{0};
};

// Every fourth column has whole numbers, the others so many digits as their place says.
double number(Draw& draw, int column, std::string& row) {
  if (column % 4 == 0) {
    const int value = draw.below(10);
    row += fmt::format("{},", value);
    return value / 9.0 - 0.5;
  }
  const double value = draw.between(-2, 2);
  row += fmt::format("{:.{}f},", value, column % 4 * 2);
  return value;
}

std::string row_of(Draw& draw) {
  std::string out;
  double score = 0;
  for (int column = 0; column < kNumbers; ++column) {
    const double value = number(draw, column, out);
    if (column < kNumbers / 2) score += value;
  }
  const int kind = draw.below(kKinds);
  score += kind / 2.0 - 2.75 + draw.between(-0.5, 0.5);
  const std::size_t label = score < -3 ? 0 : score < 0 ? 1 : score < 3 ? 2 : 3;
  return out + fmt::format("{},{}\n", static_cast<char>('a' + kind), kLabels[label]);
}

}  // namespace

Result<void> write_table_of_rows(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) return {};
  FDL_TRY(make_folders(file.parent_path()));
  std::string text;
  for (int column = 0; column < kNumbers; ++column) text += fmt::format("n{},", column);
  text += "kind,label\n";
  Draw draw;
  for (int row = 0; row < kRows; ++row) text += row_of(draw);
  return write_atomic(file, text);
}

}  // namespace fdl::commands::bench
