// Tables in text: each record is read from the file when it is asked for.
#include "lib/job/sources/table.h"

#include <algorithm>
#include <cstring>

#include "lib/data/sources/open.h"
#include "lib/tensor/dtype.h"

namespace fdl::data {
namespace {

using job::TableDetails;
using job::TableField;

template <typename T>
void put(const std::vector<double>& numbers, std::vector<std::byte>& out) {
  out.resize(numbers.size() * sizeof(T));
  auto* to = reinterpret_cast<T*>(out.data());
  for (std::size_t i = 0; i < numbers.size(); ++i) to[i] = static_cast<T>(numbers[i]);
}

class TableSource : public Source {
 public:
  TableSource(std::vector<Layout> layout, std::shared_ptr<const TableDetails> details)
      : Source(std::move(layout)), details_(std::move(details)) {}

  std::int64_t num_samples() const override { return details_->table.num_records(); }
  bool is_costly() const override { return true; }

  Result<void> read(std::int64_t row, Scratch& scratch, std::span<SampleView> out) const override {
    format::Record record;
    FDL_TRY(details_->table.read(row, record));
    std::vector<double> numbers;
    for (std::size_t i = 0; i < layout().size(); ++i) {
      numbers.clear();
      FDL_TRY(job::read_field(*details_, details_->fields[i], record, numbers));
      const auto longest = static_cast<std::size_t>(layout()[i].num_elements());
      if (numbers.size() > longest) {
        return fail(error(Code::DataCorrupt, {}, "'{}' changed while it was in use",
                          details_->table.file().path().string())
                        .help("start again"));
      }
      if (layout()[i].dtype == at::kLong)
        put<std::int64_t>(numbers, scratch[i]);
      else
        put<float>(numbers, scratch[i]);
      out[i] = {scratch[i].data(), static_cast<std::int64_t>(numbers.size())};
    }
    return {};
  }

 private:
  std::shared_ptr<const TableDetails> details_;
};

OpenedSource open_table(const OpenContext& context) {
  auto details = std::static_pointer_cast<const TableDetails>(context.info.details);
  std::vector<Layout> layout;
  for (std::size_t i = 0; i < details->fields.size(); ++i) {
    const job::Field& field = context.info.fields[i];
    Layout own{field, tensor::scalar_type(field.type.dtype), {}};
    for (const catalog::Dim& dim : field.type.shape)
      own.sizes.push_back(dim.is_number() ? dim.number() : details->fields[i].longest);
    layout.push_back(std::move(own));
  }
  return std::make_shared<TableSource>(std::move(layout), std::move(details));
}

}  // namespace

OpenedSource open_csv(const OpenContext& context) { return open_table(context); }
OpenedSource open_jsonl(const OpenContext& context) { return open_table(context); }
OpenedSource open_parquet(const OpenContext& context) { return open_table(context); }

}  // namespace fdl::data
