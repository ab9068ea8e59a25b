// The sources that read files, from files made here.
#include <ATen/ops/equal.h>
#include <doctest/doctest.h>

#include "lib/format/safetensors.h"
#include "tests/temporary_folder.h"
#include "tests/unit/data/fixture.h"

namespace fdl::data {
namespace {

using std::string_literals::operator""s;
using testing::CheckedJob;
using testing::open_split;
using testing::TemporaryFolder;
using testing::values_of;

struct Files {
  TemporaryFolder folder;

  CheckedJob job(const std::string& model, const std::string& data,
                 const std::string& loss = "cross_entropy") const {
    std::string text = data;
    for (std::size_t at; (at = text.find("DIR")) != std::string::npos;)
      text.replace(at, 3, folder.path().string());
    return testing::check_job("model: { " + model + " }\ndata: { " + text +
                              " }\ntraining: { epochs: 1, batch_size: 3, loss: " + loss +
                              ", optimizer: { sgd: { lr: 0.1 } } }\n");
  }
};

template <typename T = std::int64_t>
std::vector<T> numbers(const at::Tensor& x) {
  const auto* from = x.const_data_ptr<T>();
  return {from, from + x.numel()};
}
using Numbers = std::vector<std::int64_t>;
using Floats = std::vector<float>;

std::string predictor(int vocab) {
  return "inputs: { tokens: \"i64[T<=4]\" }, flow: [{ embedding: { num: " + std::to_string(vocab) +
         ", dim: 4 } }, { linear: " + std::to_string(vocab) + " }]";
}

std::string npy(const std::string& descr, const std::string& shape, const std::string& data) {
  const std::string header =
      "{'descr': '" + descr + "', 'fortran_order': False, 'shape': " + shape + ", }";
  return std::string("\x93NUMPY\x01") + '\0' + static_cast<char>(header.size()) + '\0' + header +
         data;
}

}  // namespace

TEST_CASE(
    "text: windows of characters, numbered by the training part, and slices that share none") {
  Files files;
  files.folder.file("t.txt",
                    "abcabcabc\xC3\xA4"
                    "abcabcabca");  // 20 characters
  const CheckedJob job =
      files.job(predictor(5),
                "train: { text: { file: DIR/t.txt, stride: 2 }, slice: \":60%\" }, "
                "val: { text: { file: DIR/t.txt }, slice: \"60%:\" }");
  CHECK(job.job.axis_sizes.at("T") == 4);
  const Dataset train = open_split(job, "train"), val = open_split(job, "val");
  CHECK(train.rows == Numbers{0, 2, 4, 6});  // of 12 characters
  CHECK(val.rows == Numbers{12});            // the last 8: one window of 4, and too few for two
  CHECK(numbers(values_of(train, "tokens")[3]) == Numbers{0, 1, 2, 3});
  CHECK(numbers(values_of(train, "target")[3]) == Numbers{1, 2, 3, 0});
  CHECK(*train.fields[0].words == std::vector<std::string>{"a", "b", "c", "\xC3\xA4"});
  CHECK(train.fields[0].num_classes == 4);
}

TEST_CASE("text: bytes are tokens of a vocabulary of 256") {
  Files files;
  files.folder.file("t.txt", "\xFF\x00z!!!"s);
  const CheckedJob job =
      files.job(predictor(256), "train: { text: { file: DIR/t.txt, unit: bytes, window: 3 } }");
  const Dataset data = open_split(job, "train");
  CHECK(data.num_samples() == 1);
  CHECK(numbers(values_of(data, "tokens")) == Numbers{255, 0, 'z'});
}

TEST_CASE("csv: vectors, numbers, classes of the training part, missing values") {
  Files files;
  files.folder.file("t.csv",
                    "a,b,kind,label\n1,2,x,cat\n3,,y,dog\n5,-1e1,x,cat\n7,8,new,dog\n9,1,,cat\n");
  const std::string table =
      "csv: { file: DIR/t.csv, x: [a], b: { column: b, missing: 0.5 }, kind: { column: kind, "
      "unknown: true }, label: { column: label, classes: [dog, cat] } }";
  const CheckedJob job =
      files.job("inputs: { x: \"f32[1]\" }, flow: [linear: 2]",
                "train: { " + table + ", slice: \":3\" }, val: { " + table + ", slice: \"3:\" }",
                "{ cross_entropy: { target: label } }");
  const Dataset train = open_split(job, "train"), val = open_split(job, "val");
  CHECK(numbers<float>(values_of(train, "x")) == Floats{1, 3, 5});
  CHECK(values_of(train, "x").sizes() == at::IntArrayRef({3, 1}));
  CHECK(numbers<float>(values_of(train, "b")) == Floats{2, 0.5, -10});
  CHECK(numbers(values_of(train, "kind")) == Numbers{0, 1, 0});
  CHECK(numbers(values_of(train, "label")) == Numbers{1, 0, 1});
  CHECK(numbers(values_of(val, "kind")) == Numbers{2, 2});  // neither was seen in training
  CHECK(train.fields[2].num_classes == 3);
  CHECK(*train.fields[3].words == std::vector<std::string>{"dog", "cat"});
}

TEST_CASE("csv: without fields each column is one; integers where the model takes them") {
  Files files;
  files.folder.file("t.csv", "tokens;target\n3;a\n1;b\n");
  const CheckedJob job = files.job(
      "inputs: { tokens: \"i64[]\" }, flow: [{ embedding: { num: 5, dim: 4 } }, { linear: 2 }]",
      "train: { csv: { file: DIR/t.csv, delimiter: \";\" } }");
  const Dataset data = open_split(job, "train");
  CHECK(numbers(values_of(data, "tokens")) == Numbers{3, 1});
  CHECK(numbers(values_of(data, "target")) == Numbers{0, 1});
}

TEST_CASE("jsonl: lists of different lengths are padded and masked") {
  Files files;
  files.folder.file("t.jsonl",
                    "{\"words\": [1, 2, 3], \"tags\": [0, 1, 0], \"id\": 7}\n"
                    "{\"id\": 8, \"words\": [4], \"tags\": [1]}\n");
  const CheckedJob job = files.job(
      "inputs: { words: \"i64[T<=5]\" }, flow: [{ embedding: { num: 5, dim: 4 } }, { linear: 2 }]",
      "train: { jsonl: { file: DIR/t.jsonl, words: words, tags: tags } }, pad: { words: 0 }");
  LoaderSpec spec;
  spec.batch_size = 2;
  const auto batches = testing::all_batches(job, "train", spec);
  REQUIRE(batches.size() == 1);
  REQUIRE(batches[0].fields.size() == 4);
  CHECK(numbers(batches[0].fields[0]) == Numbers{1, 2, 3, 4, 0, 0});
  CHECK(numbers(batches[0].fields[1]) == Numbers{0, 1, 0, 1, -100, -100});
  CHECK(numbers(batches[0].fields[2].to(at::kLong)) == Numbers{1, 1, 1, 1, 0, 0});
}

TEST_CASE("jsonl: lists of one length are vectors") {
  Files files;
  files.folder.file("t.jsonl", "{\"x\": [1, 2.5], \"y\": true}\n{\"x\": [3, 4], \"y\": 0}\n");
  const CheckedJob job = files.job("inputs: { x: \"f32[2]\" }, flow: [linear: 1, { squeeze: 1 }]",
                                   "train: { jsonl: DIR/t.jsonl }", "mse");
  const Dataset data = open_split(job, "train");
  CHECK(numbers<float>(values_of(data, "x")) == Floats{1, 2.5, 3, 4});
  CHECK(numbers<float>(values_of(data, "y")) == Floats{1, 0});
}

TEST_CASE("npy: arrays by file, class numbers of any integer type") {
  Files files;
  const float x[] = {1, 2, 3, 4, 5, 6};
  files.folder.file("x.npy",
                    npy("<f4", "(3, 2)", std::string(reinterpret_cast<const char*>(x), sizeof x)));
  files.folder.file("y.npy", npy("|u1", "(3,)", "\x01\x00\x02"s));
  const CheckedJob job = files.job(
      "inputs: { x: \"f32[2]\" }, flow: [linear: 3]",
      "train: { npy: { x: DIR/x.npy, y: { file: DIR/y.npy, classes: 3 } }, slice: \"1:\" }");
  const Dataset data = open_split(job, "train");
  CHECK(numbers<float>(values_of(data, "x")) == Floats{3, 4, 5, 6});
  CHECK(numbers(values_of(data, "y")) == Numbers{0, 2});

  files.folder.file("y.npy", npy("|u1", "(3,)", "\x01\x00\x03"s));
  const Dataset bad = open_split(job, "train");
  Scratch scratch(2);
  std::vector<SampleView> views(2);
  CHECK(bad.source->read(1, scratch, views).has_value());
  const auto refused = bad.source->read(2, scratch, views);
  REQUIRE(!refused.has_value());
  CHECK(refused.error().message == "'y' of sample 2 is 3, but there are 3 classes, from 0 to 2");
}

TEST_CASE("safetensors: each tensor is a field") {
  Files files;
  const float x[] = {1, 2, 3, 4};
  const std::int64_t y[] = {1, 0};
  const format::TensorBytes tensors[] = {
      {"x", format::SafetensorsDtype::F32, {2, 2}, x, sizeof x},
      {"label", format::SafetensorsDtype::I64, {2}, y, sizeof y}};
  REQUIRE(format::write_safetensors(files.folder.path() / "d.safetensors", tensors).has_value());
  const CheckedJob job = files.job("inputs: { x: \"f32[2]\" }, flow: [linear: 3]",
                                   "train: { safetensors: DIR/d.safetensors }");
  const Dataset data = open_split(job, "train");
  CHECK(numbers<float>(values_of(data, "x")) == Floats{1, 2, 3, 4});
  CHECK(numbers(values_of(data, "label")) == Numbers{1, 0});
}

TEST_CASE("cifar: records of labels and colours, over several files") {
  Files files;
  const auto record = [](char first, char second, char colour) {
    return std::string({first, second}) + std::string(3072, colour);
  };
  files.folder.file("train.bin", record(3, 55, 'a') + record(1, 9, 'b'));
  const std::string model =
      "inputs: { image: \"f32[3, 32, 32]\" }, flow: [flatten, { linear: 100 }]";
  const std::string rest = " }, transforms: { all: { image: [to_f32] } }";
  const Dataset fine =
      open_split(files.job(model, "train: { cifar100: { path: DIR }" + rest), "train");
  CHECK(numbers(values_of(fine, "label")) == Numbers{55, 9});
  CHECK(values_of(fine, "image")[1].eq('b').all().item<bool>());
  const Dataset coarse = open_split(
      files.job(model, "train: { cifar100: { path: DIR, labels: coarse }" + rest), "train");
  CHECK(numbers(values_of(coarse, "label")) == Numbers{3, 1});
  for (int i = 1; i <= 5; ++i)
    files.folder.file(fmt::format("data_batch_{}.bin", i),
                      record(static_cast<char>(i), 0, 'c').erase(1, 1));
  const Dataset ten =
      open_split(files.job(model, "train: { cifar10: { path: DIR }" + rest), "train");
  CHECK(numbers(values_of(ten, "label")) == Numbers{1, 2, 3, 4, 5});
}

TEST_CASE("token_shards: windows over the ends of files, with and without headers") {
  Files files;
  const auto tokens = [](std::initializer_list<int> list) {
    std::string out;
    for (const int one : list) out += {static_cast<char>(one), static_cast<char>(one >> 8)};
    return out;
  };
  files.folder.file("a.bin", tokens({1, 2, 300, 4, 5}));
  files.folder.file("b.bin", "\x88\xD8\x34\x01"s + std::string(1020, 'x') + tokens({6, 7, 8, 9}));
  const CheckedJob job =
      files.job(predictor(400), "train: { token_shards: { path: DIR, vocab: 400 } }");
  const Dataset data = open_split(job, "train");
  CHECK(data.source->num_samples() == 9);
  REQUIRE(data.rows == Numbers{0, 4});
  CHECK(numbers(values_of(data, "tokens")) == Numbers{1, 2, 300, 4, 5, 6, 7, 8});
  CHECK(numbers(values_of(data, "target")[1]) == Numbers{6, 7, 8, 9});
}

TEST_CASE("any number of threads gives the same batches of a table") {
  Files files;
  std::string text = "x,label\n";
  for (int i = 0; i < 50; ++i) text += fmt::format("{},{}\n", i, i % 3 == 0 ? "a" : "b");
  files.folder.file("t.csv", text);
  const CheckedJob job = files.job("inputs: { x: \"f32[1]\" }, flow: [linear: 2]",
                                   "train: { csv: { file: DIR/t.csv } }");
  LoaderSpec spec;
  spec.batch_size = 4;
  spec.shuffle = true;
  spec.workers = 0;
  const auto expected = testing::all_batches(job, "train", spec);
  for (const std::int64_t workers : {1, 4}) {
    spec.workers = workers;
    const auto found = testing::all_batches(job, "train", spec);
    REQUIRE(found.size() == expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      for (std::size_t k = 0; k < found[i].fields.size(); ++k)
        CHECK(at::equal(found[i].fields[k], expected[i].fields[k]));
    }
  }
}

}  // namespace fdl::data
