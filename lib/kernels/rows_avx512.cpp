// For CPUs with AVX512.
#define FDL_ROWS_KIND kAvx512Rows
#include "lib/kernels/functions.inc"
