#include "lib/tensor/tensor_file.h"

#include <ATen/ops/empty.h>

#include "lib/base/check.h"
#include "lib/format/safetensors.h"
#include "lib/tensor/dtype.h"

namespace fdl::tensor {
namespace {

using format::SafetensorsEntry;
using format::SafetensorsHeader;

std::span<std::byte> bytes_of(const at::Tensor& tensor) {
  FDL_CHECK(tensor.is_contiguous() && tensor.device().is_cpu());
  return {static_cast<std::byte*>(tensor.data_ptr()), tensor.nbytes()};
}

std::string shape_text(at::ScalarType dtype, at::IntArrayRef shape) {
  return fmt::format("{}[{}]", format::to_string(safetensors_dtype(dtype)),
                     fmt::join(shape.begin(), shape.end(), ", "));
}

// Why `entry` cannot be read into `target`; empty when it can.
std::string difference(const SafetensorsEntry* entry, const NamedTensor& target) {
  const std::string wanted = shape_text(target.value.scalar_type(), target.value.sizes());
  if (entry == nullptr) return fmt::format("'{}', {} here, is missing there", target.name, wanted);
  const std::string found = shape_text(scalar_type(entry->dtype), entry->shape);
  if (found == wanted) return "";
  return fmt::format("'{}' is {} there, {} here", target.name, found, wanted);
}

// The differences between a file and what it should hold, the first few.
std::vector<std::string> differences(const SafetensorsHeader& header,
                                     const std::vector<NamedTensor>& targets) {
  std::map<std::string_view, const SafetensorsEntry*> unread;
  for (const SafetensorsEntry& entry : header.entries) unread[entry.name] = &entry;
  std::vector<std::string> out;
  for (const NamedTensor& target : targets) {
    const auto it = unread.find(target.name);
    std::string text = difference(it == unread.end() ? nullptr : it->second, target);
    if (!text.empty()) out.push_back(std::move(text));
    if (it != unread.end()) unread.erase(it);
  }
  for (const auto& [name, entry] : unread)
    out.push_back(fmt::format("'{}', {} there, is unknown here", name,
                              shape_text(scalar_type(entry->dtype), entry->shape)));
  return out;
}

constexpr std::size_t kMostDifferences = 5;

}  // namespace

std::vector<NamedTensor> snapshot(const std::vector<NamedTensor>& tensors) {
  std::vector<NamedTensor> out;
  out.reserve(tensors.size());
  for (const NamedTensor& t : tensors)
    out.push_back({t.name, t.value.detach().to(at::kCPU, /*non_blocking=*/false, /*copy=*/true)});
  return out;
}

std::vector<NamedTensor> copies(const std::vector<NamedTensor>& tensors) {
  std::vector<NamedTensor> out;
  out.reserve(tensors.size());
  for (const NamedTensor& t : tensors) out.push_back({t.name, t.value.detach().clone()});
  return out;
}

Result<void> save_tensors(const std::filesystem::path& path,
                          const std::vector<NamedTensor>& tensors,
                          const std::map<std::string, std::string>& metadata) {
  std::vector<format::TensorBytes> list;
  list.reserve(tensors.size());
  for (const NamedTensor& t : tensors) {
    const auto bytes = bytes_of(t.value);
    list.push_back({t.name, safetensors_dtype(t.value.scalar_type()), t.value.sizes().vec(),
                    bytes.data(), bytes.size()});
  }
  return format::write_safetensors(path, list, metadata);
}

Result<std::vector<NamedTensor>> load_tensors(const std::filesystem::path& path) {
  const auto header = format::read_safetensors_header(path);
  if (!header) return fail(header.error());
  std::vector<NamedTensor> out;
  out.reserve(header->entries.size());
  for (const SafetensorsEntry& entry : header->entries) {
    out.push_back({entry.name, at::empty(entry.shape, scalar_type(entry.dtype))});
    FDL_TRY(format::read_safetensors_data(path, *header, entry, bytes_of(out.back().value)));
  }
  return out;
}

Result<void> load_tensors_into(const std::filesystem::path& path,
                               const std::vector<NamedTensor>& targets) {
  const auto header = format::read_safetensors_header(path);
  if (!header) return fail(header.error());
  const std::vector<std::string> found = differences(*header, targets);
  if (!found.empty()) {
    Diagnostic d = error(Code::CheckpointMismatch, {}, "'{}' holds other tensors: {}",
                         path.string(), found.front());
    for (std::size_t i = 1; i < std::min(found.size(), kMostDifferences); ++i)
      d.notes.push_back({found[i], {}});
    if (found.size() > kMostDifferences)
      d.notes.push_back({fmt::format("and {} more", found.size() - kMostDifferences), {}});
    return fail(std::move(d));
  }
  for (const NamedTensor& target : targets) {
    const at::Tensor to = target.value.detach();
    const at::Tensor here = to.device().is_cpu() ? to : at::empty(to.sizes(), to.scalar_type());
    FDL_TRY(
        format::read_safetensors_data(path, *header, *header->find(target.name), bytes_of(here)));
    if (!to.device().is_cpu()) to.copy_(here);
  }
  return {};
}

}  // namespace fdl::tensor
