#include "lib/monitor/resources.h"

#include <cstdlib>
#include <dlfcn.h>
#include <memory>
#include <sstream>
#include <unistd.h>

#include <fmt/format.h>

#include "lib/base/files.h"

namespace fdl::monitor {

// NVIDIA Management Library: https://docs.nvidia.com/deploy/nvml-api. Only asked, never linked: it
// comes with the driver, and starts no context on a device.
struct ResourceSampler::Gpus {
  using Device = void*;
  struct Utilization {
    unsigned gpu = 0, memory = 0;
  };
  struct Memory {
    unsigned long long total = 0, free = 0, used = 0;
  };

  template <typename Function>
  void find(Function& function, const char* name) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    is_whole = is_whole && function != nullptr;
  }

  static Gpus* open() {
    void* const library = ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return nullptr;
    auto out = std::make_unique<Gpus>();
    out->library = library;
    out->find(out->init, "nvmlInit_v2");
    out->find(out->count, "nvmlDeviceGetCount_v2");
    out->find(out->handle, "nvmlDeviceGetHandleByIndex_v2");
    out->find(out->utilization, "nvmlDeviceGetUtilizationRates");
    out->find(out->memory, "nvmlDeviceGetMemoryInfo");
    return out->is_whole && out->init() == 0 ? out.release() : nullptr;
  }

  void add(std::map<std::string, double>& out) const {
    unsigned num = 0;
    if (count(&num) != 0) return;
    for (unsigned i = 0; i < num; ++i) {
      Device device = nullptr;
      Utilization busy;
      Memory held;
      if (handle(i, &device) != 0) continue;
      if (utilization(device, &busy) == 0) out[fmt::format("gpu{}_percent", i)] = busy.gpu;
      if (memory(device, &held) != 0) continue;
      out[fmt::format("gpu{}_memory_bytes", i)] = static_cast<double>(held.used);
      out[fmt::format("gpu{}_memory_total_bytes", i)] = static_cast<double>(held.total);
    }
  }

  void* library = nullptr;
  bool is_whole = true;
  int (*init)() = nullptr;
  int (*count)(unsigned*) = nullptr;
  int (*handle)(unsigned, Device*) = nullptr;
  int (*utilization)(Device, Utilization*) = nullptr;
  int (*memory)(Device, Memory*) = nullptr;
};

namespace {

// The first line of /proc/stat: ticks of all cores, the fourth and fifth of them idle.
bool read_ticks(double& busy, double& all) {
  const Result<std::string> text = read_file("/proc/stat", 1 << 20);
  if (!text) return false;
  std::istringstream words(text->substr(0, text->find('\n')));
  std::string name;
  words >> name;
  double idle = 0, ticks = 0;
  busy = all = 0;
  for (int i = 0; i < 8 && words >> ticks; ++i) {
    all += ticks;
    if (i == 3 || i == 4) idle += ticks;
  }
  busy = all - idle;
  return name == "cpu" && all > 0;
}

// "MemTotal:  123 kB" of /proc/meminfo, in bytes; negative when it is not there.
double read_field(const std::string& text, const char* name) {
  const std::size_t at = text.find(name);
  return at == std::string::npos
             ? -1
             : std::strtod(text.c_str() + at + std::string(name).size(), nullptr) * 1024;
}

}  // namespace

ResourceSampler::ResourceSampler() : gpus_(Gpus::open()) { read_ticks(busy_, all_); }

ResourceSampler::~ResourceSampler() { delete gpus_; }

std::map<std::string, double> ResourceSampler::sample() {
  std::map<std::string, double> out;
  double busy = 0, all = 0;
  if (read_ticks(busy, all) && all > all_) out["cpu_percent"] = 100 * (busy - busy_) / (all - all_);
  busy_ = busy;
  all_ = all;
  if (const Result<std::string> text = read_file("/proc/meminfo", 1 << 16)) {
    const double total = read_field(*text, "MemTotal:"), left = read_field(*text, "MemAvailable:");
    if (total >= 0 && left >= 0) {
      out["ram_total_bytes"] = total;
      out["ram_bytes"] = total - left;
    }
  }
  if (const Result<std::string> text = read_file("/proc/self/statm", 1 << 12)) {
    double pages = -1, resident = -1;
    std::istringstream(*text) >> pages >> resident;
    if (resident >= 0) out["rss_bytes"] = resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }
  if (gpus_ != nullptr) gpus_->add(out);
  return out;
}

}  // namespace fdl::monitor
