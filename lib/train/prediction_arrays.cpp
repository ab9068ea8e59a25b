// Predictions as arrays: npy, and safetensors, whose tensors stand one behind the other and are
// therefore put together from files of their own.
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/check.h"
#include "lib/format/npy.h"
#include "lib/format/safetensors.h"
#include "lib/train/prediction_writers.h"

namespace fdl::train {
namespace {

using format::SafetensorsDtype;

SafetensorsDtype dtype_of(const at::Tensor& tensor) {
  if (tensor.scalar_type() == at::kLong) return SafetensorsDtype::I64;
  return tensor.scalar_type() == at::kDouble ? SafetensorsDtype::F64 : SafetensorsDtype::F32;
}

std::vector<std::int64_t> whole_shape(const at::Tensor& batch, std::int64_t num_samples) {
  std::vector<std::int64_t> out = batch.sizes().vec();
  out.front() = num_samples;
  return out;
}

// The same number of samples as the batch has, or an error.
Result<void> check_alike(const at::Tensor& batch, bool is_padded,
                         const std::vector<std::int64_t>& shape) {
  if (!is_padded &&
      batch.sizes().slice(1).vec() == std::vector<std::int64_t>(shape.begin() + 1, shape.end()))
    return {};
  return fail(error(Code::BadInput, {},
                    "the outputs of samples differ in shape, which one array cannot hold")
                  .help("write .jsonl"));
}

class NpyWriter : public PredictionWriter {
 public:
  NpyWriter(const PredictionPlan& plan, FileWriter& out) : plan_(plan), out_(out) {}

  Result<void> write(const PredictedBatch& batch) override {
    if (batch.outputs.size() != 1) {
      return fail(error(Code::BadInput, {},
                        "an .npy file holds one array, but the model has {} "
                        "outputs",
                        batch.outputs.size())
                      .help("write .safetensors, which holds them all"));
    }
    const at::Tensor& values = batch.outputs.front().values;
    if (shape_.empty()) {
      shape_ = whole_shape(values, plan_.num_samples);
      const std::string header = format::npy_header(dtype_of(values), shape_);
      FDL_TRY(out_.write(header.data(), header.size()));
    }
    FDL_TRY(check_alike(values, batch.outputs.front().is_padded(), shape_));
    return out_.write(values.const_data_ptr(), values.nbytes());
  }

 private:
  const PredictionPlan& plan_;
  FileWriter& out_;
  std::vector<std::int64_t> shape_;
};

// A file without a name, which goes when it is closed.
class Spool {
 public:
  static Result<Spool> beside(const std::filesystem::path& path, std::size_t number) {
    const std::string name = fmt::format("{}.part-{}-{}", path.string(), ::getpid(), number);
    Spool out;
    out.path_ = path;
    out.fd_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out.fd_ < 0) return fail(cannot_write(name, errno));
    ::unlink(name.c_str());
    return out;
  }
  Spool(Spool&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), path_(std::move(other.path_)) {}
  Spool& operator=(Spool&&) = delete;
  ~Spool() {
    if (fd_ >= 0) ::close(fd_);
  }

  Result<void> add(const at::Tensor& tensor) {
    const auto* next = static_cast<const char*>(tensor.const_data_ptr());
    for (std::size_t left = tensor.nbytes(); left > 0;) {
      const ssize_t written = ::write(fd_, next, left);
      if (written < 0 && errno != EINTR) return fail(cannot_write(path_, errno));
      if (written > 0) {
        next += written;
        left -= static_cast<std::size_t>(written);
      }
    }
    return {};
  }
  Result<void> copy_to(FileWriter& out) const {
    std::vector<char> buffer(1 << 16);
    for (off_t at = 0;;) {
      const ssize_t got = ::pread(fd_, buffer.data(), buffer.size(), at);
      if (got < 0) return fail(cannot_read(path_, errno));
      if (got == 0) return {};
      FDL_TRY(out.write(buffer.data(), static_cast<std::size_t>(got)));
      at += got;
    }
  }

 private:
  Spool() = default;
  int fd_ = -1;
  std::filesystem::path path_;
};

class SafetensorsWriter : public PredictionWriter {
 public:
  explicit SafetensorsWriter(const PredictionPlan& plan) : plan_(plan) {}

  Result<void> write(const PredictedBatch& batch) override {
    std::size_t next = 0;
    for (std::size_t i = 0; i < batch.outputs.size(); ++i) {
      const Prediction& one = batch.outputs[i];
      const std::string& name = plan_.outputs[i].name;
      if (one.labels.defined()) FDL_TRY(add(next++, name + ".label", one, one.labels));
      FDL_TRY(add(next++, name, one, one.values));
    }
    return {};
  }

  Result<void> finish() override {
    std::vector<format::TensorBytes> tensors;
    for (const Column& column : columns_) {
      std::uint64_t num_bytes = format::element_bytes(column.dtype);
      for (const std::int64_t size : column.shape) num_bytes *= static_cast<std::uint64_t>(size);
      tensors.push_back({column.name, column.dtype, column.shape, nullptr, num_bytes});
    }
    return format::write_safetensors(
        plan_.path, tensors, {},
        [&](std::size_t index, FileWriter& out) { return columns_[index].spool.copy_to(out); });
  }

 private:
  struct Column {
    std::string name;
    SafetensorsDtype dtype;
    std::vector<std::int64_t> shape;
    Spool spool;
  };

  Result<void> add(std::size_t index, const std::string& name, const Prediction& one,
                   const at::Tensor& values) {
    if (index == columns_.size()) {
      Result<Spool> spool = Spool::beside(plan_.path, index);
      if (!spool) return fail(spool.error());
      columns_.push_back(
          {name, dtype_of(values), whole_shape(values, plan_.num_samples), *std::move(spool)});
    }
    FDL_TRY(check_alike(values, one.is_padded(), columns_[index].shape));
    return columns_[index].spool.add(values);
  }

  const PredictionPlan& plan_;
  std::vector<Column> columns_;
};

}  // namespace

std::unique_ptr<PredictionWriter> npy_writer(const PredictionPlan& plan, FileWriter& out) {
  return std::make_unique<NpyWriter>(plan, out);
}

std::unique_ptr<PredictionWriter> safetensors_writer(const PredictionPlan& plan) {
  return std::make_unique<SafetensorsWriter>(plan);
}

std::unique_ptr<PredictionWriter> make_prediction_writer(PredictionFormat format,
                                                         const PredictionPlan& plan,
                                                         FileWriter& out) {
  switch (format) {
    case PredictionFormat::Csv:
      return csv_writer(plan, out);
    case PredictionFormat::JsonLines:
      return json_lines_writer(plan, out);
    case PredictionFormat::Npy:
      return npy_writer(plan, out);
    case PredictionFormat::Safetensors:
      return safetensors_writer(plan);
  }
  FDL_CHECK(!"a format that is none");
  return nullptr;
}

}  // namespace fdl::train
