// The files are TFRecords (tensorflow/core/lib/io/record_writer.h) of Event messages
// (tensorflow/core/util/event.proto), in protobuf's wire format.
#include "lib/monitor/tensorboard.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "lib/base/files.h"

namespace fdl::monitor {
namespace {

// The wire types of protobuf's encoding, and fields by their numbers in event.proto and
// summary.proto.
enum Wire { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };
enum EventField { kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7 };
enum ValueField { kTag = 1, kSimpleValue = 2 };
constexpr int kValueOfSummary = 1;
constexpr int kStatusOfSession = 1;
constexpr std::uint64_t kSessionStart = 1;

template <typename T>
std::string little_endian(T value) {
  std::string out(sizeof value, '\0');
  std::memcpy(out.data(), &value, sizeof value);
  return out;
}

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>((value & 0x7F) | 0x80);
  return out + static_cast<char>(value);
}

std::string key(int field, Wire wire) {
  return varint(static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(wire));
}

std::string bytes_field(int field, const std::string& bytes) {
  return key(field, kBytes) + varint(bytes.size()) + bytes;
}

std::string event_head(double wall_s, double step) {
  return key(kWallTime, kFixed64) + little_endian(wall_s) + key(kStep, kVarint) +
         varint(static_cast<std::uint64_t>(std::max(step, 0.0)));
}

double wall_clock_s() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::array<std::uint32_t, 256> crc_table() {
  constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected
  std::array<std::uint32_t, 256> out{};
  for (std::uint32_t i = 0; i < out.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit)
      value = (value & 1) != 0 ? value >> 1 ^ kPolynomial : value >> 1;
    out[i] = value;
  }
  return out;
}

}  // namespace

std::uint32_t crc32c(const std::string& bytes) {
  static const std::array<std::uint32_t, 256> table = crc_table();
  std::uint32_t out = 0xFFFFFFFF;
  for (const char c : bytes) out = table[(out ^ static_cast<unsigned char>(c)) & 0xFF] ^ out >> 8;
  return ~out;
}

std::string tfrecord(const std::string& bytes) {
  // Masked, so that a checksum over data that holds checksums stays one.
  const auto masked = [](const std::string& of) {
    const std::uint32_t crc = crc32c(of);
    return little_endian<std::uint32_t>((crc >> 15 | crc << 17) + 0xA282EAD8);
  };
  const std::string length = little_endian<std::uint64_t>(bytes.size());
  return length + masked(length) + bytes + masked(bytes);
}

Result<TensorboardWriter> TensorboardWriter::open(const std::filesystem::path& folder) {
  FDL_TRY(make_folders(folder));
  const double now_s = wall_clock_s();
  // Readers go through the files of a folder by name: the seconds come first.
  TensorboardWriter out(folder / fmt::format("events.out.tfevents.{:.0f}.{:06.0f}.fdl",
                                             std::floor(now_s), (now_s - std::floor(now_s)) * 1e6),
                        now_s);
  const std::string version = event_head(now_s, 0) + bytes_field(kFileVersion, "brain.Event:2");
  FDL_TRY(out.append(tfrecord(version)));
  return out;
}

Result<void> TensorboardWriter::append(const std::string& bytes) const {
  const int file = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const ssize_t written = file < 0 ? -1 : ::write(file, bytes.data(), bytes.size());
  const int why = written < 0 ? errno : ENOSPC;
  if (file >= 0) ::close(file);
  if (written == static_cast<ssize_t>(bytes.size())) return {};
  return fail(cannot_write(file_, why));
}

Result<void> TensorboardWriter::take(const Event& event) {
  std::string out;
  if (event.kind == "start") {  // what a former start recorded after this step counts no more
    const std::string session = key(kStatusOfSession, kVarint) + varint(kSessionStart);
    out += tfrecord(event_head(start_s_, event.number("resumed_from_step").value_or(0)) +
                    bytes_field(kSessionLog, session));
  }
  // The file is of this start alone, and so are the times of its fold.
  for (const auto& [name, series] : fold_.take(event).series) {
    for (std::size_t i = 0; i < series.size(); ++i) {
      const std::string value = bytes_field(kTag, name) + key(kSimpleValue, kFixed32) +
                                little_endian(static_cast<float>(series.value[i]));
      out += tfrecord(event_head(start_s_ + series.time_s[i], series.step[i]) +
                      bytes_field(kSummary, bytes_field(kValueOfSummary, value)));
    }
  }
  return out.empty() ? Result<void>() : append(out);
}

}  // namespace fdl::monitor
