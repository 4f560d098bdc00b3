#include "codec/crc32c.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox::codec;

namespace {

std::string counting(int first, int step) {
  std::string bytes;
  for (int i = 0; i < 32; ++i) bytes += static_cast<char>(first + step * i);
  return bytes;
}

// RFC 3720 B.4: an iSCSI SCSI Read (10) command.
std::string scsi_read() {
  std::string bytes(48, '\0');
  bytes[0] = 0x01, bytes[1] = static_cast<char>(0xc0);
  bytes[16] = 0x14, bytes[22] = 0x04, bytes[27] = 0x14, bytes[31] = 0x18;
  bytes[32] = 0x28, bytes[40] = 0x02;
  return bytes;
}

}  // namespace

TEST_CASE("the checksum of known bytes") {
  const struct {
    const char* name;
    std::string bytes;
    std::uint32_t value;
  } rows[] = {
      {"nothing", "", 0},
      {"check value", "123456789", 0xE3069283},
      {"zeros", std::string(32, '\0'), 0x8A9136AA},
      {"ones", std::string(32, '\xff'), 0x62A8AB43},
      {"counting up", counting(0, 1), 0x46DD794E},
      {"counting down", counting(31, -1), 0x113FDB5C},
      {"a command", scsi_read(), 0xD9963A56},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(crc32c(row.bytes) == row.value);
    CHECK(crc32c_by_table(row.bytes) == row.value);
  }
}

TEST_CASE("both ways agree at any length, alignment and split") {
  std::string bytes;
  for (unsigned i = 0; i < 300; ++i) bytes += static_cast<char>(i * 167 + (i >> 3));
  const std::string_view all = bytes;
  for (std::size_t at = 0; at < 17; ++at)
    for (std::size_t size = 0; at + size <= all.size(); ++size) {
      const std::string_view part = all.substr(at, size);
      const std::uint32_t value = crc32c(part);
      REQUIRE(crc32c_by_table(part) == value);
      REQUIRE(crc32c(part.substr(size / 3), crc32c(part.substr(0, size / 3))) == value);
      REQUIRE(crc32c_by_table(part.substr(size / 2), crc32c(part.substr(0, size / 2))) == value);
    }
}

TEST_CASE("a flipped bit, and what stood in front, change the checksum") {
  const std::string bytes = counting(7, 5);
  const std::uint32_t value = crc32c(bytes);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    REQUIRE(crc32c(changed) != value);
  }
  for (std::uint32_t before = 1; before < 1000; ++before) REQUIRE(crc32c(bytes, before) != value);
}
