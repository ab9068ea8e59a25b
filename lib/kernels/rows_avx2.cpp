// For CPUs with AVX2.
#define FDL_ROWS_KIND kAvx2Rows
#include "lib/kernels/functions.inc"
