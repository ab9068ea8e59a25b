#pragma once

#include <cstddef>

// The plain C interface of libfdl_parquet.so, which holds the only code that links Apache Arrow.
// See parquet.h for the interface that the rest uses.
namespace fdl::format {

// Where a table goes: first its columns, then the values of each column in the order of the rows.
// Texts live only during a call.
struct ParquetSink {
  void* context;
  void (*column)(void* context, const char* name);
  void (*missing)(void* context, std::size_t column);
  void (*number)(void* context, std::size_t column, double number);
  void (*text)(void* context, std::size_t column, const char* bytes, std::size_t num_bytes);
  void (*list)(void* context, std::size_t column, const double* numbers, std::size_t count);
};

// Why a file cannot be read; cut to fit, and always ends in NUL.
struct ParquetProblem {
  char reason[512];
};

}  // namespace fdl::format

// Whether the whole file was read.
extern "C" bool fdl_read_parquet(const char* path, const fdl::format::ParquetSink* sink,
                                 fdl::format::ParquetProblem* problem) noexcept;
