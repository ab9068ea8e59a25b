#pragma once

#include <map>
#include <string>

// What a machine and a program on it are busy with.
namespace fdl::monitor {

// Reads Linux's own counters, and those of NVIDIA's driver where there is one.
class ResourceSampler {
 public:
  ResourceSampler();
  ~ResourceSampler();
  ResourceSampler(const ResourceSampler&) = delete;
  ResourceSampler& operator=(const ResourceSampler&) = delete;

  // "cpu_percent" (of all cores, since the last call), "ram_bytes" (in use), "ram_total_bytes",
  // "rss_bytes" (of this program), and of each GPU "gpu0_percent", "gpu0_memory_bytes",
  // "gpu0_memory_total_bytes". What cannot be read is left out, never 0.
  std::map<std::string, double> sample();

 private:
  struct Gpus;
  Gpus* gpus_ = nullptr;  // null where the driver is not there
  double busy_ = 0, all_ = 0;
};

}  // namespace fdl::monitor
