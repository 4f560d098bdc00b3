#include "ipc/wire.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox;
using namespace glovebox::ipc;

namespace {

enum class Choice : std::uint8_t { first, second };

}  // namespace

TEST_CASE("what a writer would not have written is refused") {
  CHECK(Reader("").number<std::uint8_t>().error().kind() == ErrorKind::protocol);
  CHECK_FALSE(Reader("abc").number<std::uint32_t>());
  CHECK_FALSE(Reader("1234567").signed_number());
  CHECK_FALSE(Reader("\x02").flag());
  CHECK_FALSE(Reader("\x02").choice(Choice::second));
  CHECK_FALSE(Reader("").choice(Choice::second));
  CHECK_FALSE(Reader("x").finish());
  CHECK_FALSE(Reader(Writer().text("abc").take()).text(2));
  CHECK_FALSE(Reader(Writer().number(std::uint32_t{4}).take() + "abc").text(100));
  CHECK_FALSE(Reader(Writer().number(std::uint32_t{0xffffffff}).take()).text(kMaxBlob));
  CHECK_FALSE(Reader(Writer().number(static_cast<std::uint32_t>(kMaxList + 1)).take()).count());
}

TEST_CASE("numbers are little-endian, texts have their length in front") {
  CHECK(Writer().number(std::uint16_t{0x0102}).take() == "\x02\x01");
  CHECK(Writer().text("ab").take() == std::string("\x02\0\0\0ab", 6));
  CHECK(Writer().signed_number(-1).take() == std::string(8, '\xff'));
}

TEST_CASE("what was written is read") {
  const std::string bytes = Writer()
                                .number(std::uint8_t{1})
                                .number(std::uint64_t{1} << 63)
                                .signed_number(INT64_MIN)
                                .text(std::string("a\0b", 3))
                                .text("")
                                .take();
  Reader reader(bytes);
  CHECK(reader.choice(Choice::second).value() == Choice::second);
  CHECK(reader.number<std::uint64_t>().value() == std::uint64_t{1} << 63);
  CHECK_FALSE(reader.finish());
  CHECK(reader.signed_number().value() == INT64_MIN);
  CHECK(reader.text(3).value() == std::string("a\0b", 3));
  CHECK(reader.text(0).value().empty());
  CHECK(reader.finish());
}
