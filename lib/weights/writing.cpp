#include "lib/weights/writing.h"

#include "lib/weights/numbers.h"
#include "lib/weights/pieces.h"

namespace fdl::weights {
namespace {

namespace fs = std::filesystem;

format::TensorBytes header_of(const StoredTensor& tensor, std::string_view name) {
  return {name, tensor.dtype, tensor.shape, nullptr, tensor.num_bytes};
}

std::string file_name(const WeightFiles& model) { return model.files.front().path().string(); }

Result<void> check_same(const WeightFiles& first, const WeightFiles& other) {
  const auto refuse = [&](const std::string& what) {
    return fail(error(Code::WeightsMismatch, {}, "'{}' and '{}' are of different models: {}",
                      file_name(first), file_name(other), what)
                    .help("`fdl ckpt diff` names all that differs"));
  };
  if (first.tensors.size() != other.tensors.size())
    return refuse(fmt::format("{} and {} tensors", first.tensors.size(), other.tensors.size()));
  for (const StoredTensor& tensor : first.tensors) {
    const StoredTensor* const found = other.find(tensor.name);
    if (found == nullptr) return refuse(fmt::format("only the first has '{}'", tensor.name));
    if (found->type_text() != tensor.type_text()) {
      return refuse(
          fmt::format("'{}' is {} and {}", tensor.name, tensor.type_text(), found->type_text()));
    }
  }
  return {};
}

// The bytes of the mean of a tensor over all models, from byte `from` on.
Result<std::vector<std::byte>> mean_piece(std::span<const WeightFiles> models,
                                          const std::vector<const StoredTensor*>& tensors,
                                          std::uint64_t from, std::uint64_t num_bytes) {
  std::vector<std::byte> bytes(num_bytes);
  std::vector<double> sum;
  for (std::size_t m = 0; m < models.size(); ++m) {
    FDL_TRY(models[m].read(*tensors[m], from, bytes));
    if (!is_floating(tensors[m]->dtype)) continue;
    const std::vector<double> numbers = decode(tensors[m]->dtype, bytes);
    sum.resize(numbers.size());
    for (std::size_t i = 0; i < numbers.size(); ++i) sum[i] += numbers[i];
  }
  if (sum.empty()) return bytes;
  for (double& n : sum) n /= static_cast<double>(models.size());
  return encode(tensors.front()->dtype, sum);
}

}  // namespace

Result<void> copy_tensors(const WeightFiles& files, std::span<const Copied> tensors,
                          const std::map<std::string, std::string>& metadata,
                          const fs::path& path) {
  std::vector<format::TensorBytes> headers;
  for (const Copied& one : tensors) headers.push_back(header_of(*one.tensor, one.name));
  return format::write_safetensors(
      path, headers, metadata, [&](std::size_t i, FileWriter& out) -> Result<void> {
        return for_each_piece(files, *tensors[i].tensor, [&](std::span<const std::byte> bytes) {
          return out.write(bytes.data(), bytes.size());
        });
      });
}

Result<void> average(std::span<const WeightFiles> models,
                     const std::map<std::string, std::string>& metadata, const fs::path& path) {
  for (const WeightFiles& other : models.subspan(1)) FDL_TRY(check_same(models.front(), other));
  std::vector<format::TensorBytes> headers;
  for (const StoredTensor& tensor : models.front().tensors)
    headers.push_back(header_of(tensor, tensor.name));
  const auto produce = [&](std::size_t i, FileWriter& out) -> Result<void> {
    std::vector<const StoredTensor*> tensors;
    for (const WeightFiles& model : models)
      tensors.push_back(model.find(models.front().tensors[i].name));
    const std::uint64_t num_bytes = tensors.front()->num_bytes;
    for (std::uint64_t from = 0; from < num_bytes; from += kPieceBytes) {
      const auto piece = mean_piece(models, tensors, from, std::min(kPieceBytes, num_bytes - from));
      if (!piece) return fail(piece.error());
      FDL_TRY(out.write(piece->data(), piece->size()));
    }
    return {};
  };
  return format::write_safetensors(path, headers, metadata, produce);
}

}  // namespace fdl::weights
