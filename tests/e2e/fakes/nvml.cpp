// Stands in for NVIDIA's management library, as two devices, where there is none.
namespace {

int devices[2];

}  // namespace

extern "C" {

struct FakeUtilization {
  unsigned gpu, memory;
};
struct FakeMemory {
  unsigned long long total, free, used;
};

int nvmlInit_v2() { return 0; }

int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 2;
  return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  *device = &devices[index];
  return index < 2 ? 0 : 2;
}

int nvmlDeviceGetUtilizationRates(void* device, FakeUtilization* out) {
  if (device == &devices[1]) return 3;  // a device that cannot tell
  *out = {42, 7};
  return 0;
}

int nvmlDeviceGetMemoryInfo(void* device, FakeMemory* out) {
  *out = {80ULL << 30, 79ULL << 30, device == &devices[0] ? 1ULL << 30 : 2ULL << 30};
  return 0;
}
}
