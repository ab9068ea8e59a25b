// For any CPU.
#define FDL_ROWS_KIND kDefaultRows
#include "lib/kernels/functions.inc"
