// libtorch's MKL chooses its kernels by the CPU's vendor before its features, and takes a slower
// path on others than Intel's. It asks this function, which an executable may define: true lets the
// features decide. Every executable that computes links this object, or its bits would differ from
// the engine's.

extern "C" int mkl_serv_intel_cpu_true();

extern "C" int mkl_serv_intel_cpu_true() { return 1; }
