#include "codec/ustar.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>

using namespace glovebox;
using namespace glovebox::codec;

namespace {

constexpr UstarLimits kLimits{.max_bytes = 1 << 20, .max_files = 8};

std::string sample() {
  UstarWriter writer(1'795'534'951);
  writer.add("README.txt", "hello\n").value();
  writer.add("proofs/1.tlog-proof", std::string(512, 'x')).value();
  writer.add("empty", "").value();
  return std::move(writer).finish();
}

// The header at `at` with some bytes changed and the sum made right again.
std::string with(std::size_t at, std::size_t place, std::string_view bytes) {
  std::string archive = sample();
  archive.replace(at + place, bytes.size(), bytes);
  unsigned sum = 8 * ' ';
  for (std::size_t i = 0; i < kUstarBlock; ++i)
    if (i < 148 || i >= 156) sum += static_cast<unsigned char>(archive[at + i]);
  std::string digits(6, '0');
  for (std::size_t i = 6; i-- > 0; sum /= 8) digits[i] = static_cast<char>('0' + sum % 8);
  archive.replace(at + 148, 6, digits);
  return archive;
}

}  // namespace

TEST_CASE("names that lead out of a folder, or mean two things, are none") {
  for (const std::string& name :
       {std::string(), std::string("/x"), std::string("x/"), std::string("."), std::string(".."),
        std::string("../x"), std::string("a/../b"), std::string("a/./b"), std::string("a//b"),
        std::string("a b"), std::string("a\nb"), std::string("a\0b", 3), std::string("a\\b"),
        std::string("\xc3\xa4"), std::string("a:b"), std::string(kMaxUstarName + 1, 'a')}) {
    CAPTURE(name);
    CHECK_FALSE(is_archive_name(name));
    UstarWriter writer(0);
    CHECK(writer.add(name, "x").error().kind() == ErrorKind::invalid);
  }
  CHECK(is_archive_name("a"));
  CHECK(is_archive_name("..a/b-c_d.e"));
  CHECK(is_archive_name(std::string(kMaxUstarName, 'a')));
}

TEST_CASE("an archive that is not as it would be written is refused") {
  struct Row {
    const char* name;
    std::string archive;
    std::string_view says;
  };
  const std::string good = sample();
  REQUIRE(parse_ustar(good, kLimits));
  const std::string second = good.substr(0, 1024);  // the first file, once more
  const Row rows[] = {
      {"empty", "", "byte 0: it has no end"},
      {"not one", std::string(2048, 'x'), "byte 0: no file as glovebox writes them"},
      {"a name that leads out", with(0, 0, "../ADME.txt"), "no file"},
      {"an absolute name", with(0, 0, "/"), "no file"},
      {"bytes behind the name", with(0, 20, "x"), "no file"},
      {"a name in two parts", with(0, 345, "prefix"), "no file"},
      {"a symbolic link", with(0, 156, "2"), "no file"},
      {"a folder", with(0, 156, "5"), "no file"},
      {"a name to link to", with(0, 157, "/etc/passwd"), "no file"},
      {"a setuid mode", with(0, 100, "0004755"), "no file"},
      {"an owner", with(0, 108, "0000001"), "no file"},
      {"an owner's name", with(0, 265, "root"), "no file"},
      {"an old form", with(0, 257, std::string(8, '\0')), "no file"},
      {"GNU's form", with(0, 257, "ustar  "), "no file"},
      {"a size that is no number", with(0, 124, "x"), "no file"},
      {"a size in base 256", with(0, 124, "\x80"), "no file"},
      {"a huge size", with(0, 124, "77777777777"), "byte 512: the file is cut"},
      {"another time", with(1024, 136, "00000000001"), "byte 1024: files of several times"},
      {"a wrong sum", std::string(good).replace(148, 6, "000000"), "no file"},
      {"bytes behind a file", std::string(good).replace(512 + 6, 1, "x"), "bytes behind the file"},
      {"bytes behind the end", good + std::string(512, '\0'), "bytes behind its end"},
      {"another archive behind the end", good + good, "bytes behind its end"},
      {"one block of zeros, then a file", std::string(512, '\0') + good, "bytes behind its end"},
      {"two files of a name", second + good, "a second file of the same name"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto files = parse_ustar(row.archive, kLimits);
    REQUIRE_FALSE(files);
    INFO(files.error().message());
    CHECK(files.error().kind() == ErrorKind::invalid);
    CHECK(files.error().message().contains(row.says));
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    REQUIRE_FALSE(parse_ustar(good.substr(0, size), kLimits));
  CHECK(parse_ustar(good, {.max_bytes = good.size() - 1, .max_files = 8}).error().kind() ==
        ErrorKind::limit);
  CHECK(parse_ustar(good, {.max_bytes = good.size(), .max_files = 2}).error().kind() ==
        ErrorKind::limit);
}

TEST_CASE("a bit that is changed in a header or in padding is seen") {
  const std::string good = sample();
  for (std::size_t at = 0; at < good.size(); ++at) {
    if ((at >= 512 && at < 518) || (at >= 1536 && at < 2048)) continue;  // contents
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    CAPTURE(at);
    const auto files = parse_ustar(changed, kLimits);
    // A name or a time may be another one with a sum that does not fit: never accepted.
    REQUIRE_FALSE(files);
  }
}

TEST_CASE("what is written is read, in its order") {
  const std::string archive = sample();
  CHECK(archive.size() % kUstarBlock == 0);
  CHECK(sample() == archive);
  const auto files = parse_ustar(archive, kLimits).value();
  REQUIRE(files.size() == 3);
  CHECK(files[0].name == "README.txt");
  CHECK(files[0].bytes == "hello\n");
  CHECK(files[1].name == "proofs/1.tlog-proof");
  CHECK(files[1].bytes == std::string(512, 'x'));
  CHECK(files[2].bytes.empty());
  UstarWriter twice(-5);
  twice.add("a", "1").value();
  CHECK(twice.add("a", "2").error().kind() == ErrorKind::exists);
  CHECK(parse_ustar(std::move(twice).finish(), kLimits));
  CHECK(parse_ustar(UstarWriter(0).finish(), kLimits)->empty());
}
