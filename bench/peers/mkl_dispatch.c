/* Preloaded by tuned arms. PyTorch's MKL asks this function before it takes its AVX-512 kernels, and
 * the answer is no on a CPU that Intel did not make. fdl-engine has the same fix linked in. */
int mkl_serv_intel_cpu_true(void) { return 1; }
