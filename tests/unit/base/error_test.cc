#include "base/error.h"

#include <catch2/catch_test_macros.hpp>
#include <cerrno>

#include "base/result.h"

using namespace glovebox;

TEST_CASE("an errno becomes the kind that callers branch on") {
  struct Row {
    const char* name;
    int number;
    ErrorKind kind;
  };
  const Row rows[] = {
      {"missing", ENOENT, ErrorKind::not_found},  {"exists", EEXIST, ErrorKind::exists},
      {"permission", EPERM, ErrorKind::denied},   {"access", EACCES, ErrorKind::denied},
      {"read-only", EROFS, ErrorKind::denied},    {"no space", ENOSPC, ErrorKind::limit},
      {"too many", EMFILE, ErrorKind::limit},     {"no such call", ENOSYS, ErrorKind::unsupported},
      {"timeout", ETIMEDOUT, ErrorKind::timeout}, {"broken pipe", EPIPE, ErrorKind::closed},
      {"loop", ELOOP, ErrorKind::invalid},        {"anything else", EIO, ErrorKind::io},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const Error error = Error::from_errno(row.number, "open");
      CHECK(error.kind() == row.kind);
      CHECK(error.error_number() == row.number);
      CHECK(error.message() == "open: " + errno_name(row.number));
    }
  }
}

TEST_CASE("a number without a name is still told") {
  CHECK(errno_name(4095) == "E4095");
}

namespace {

Result<int> parse(int value) {
  if (value < 0) return Error(ErrorKind::invalid, "negative");
  return value;
}

Result<int> twice(int value) {
  return TRY_CONTEXT(parse(value), "twice") * 2;
}

Result<void> check(int value) {
  TRY(parse(value));
  return {};
}

}  // namespace

TEST_CASE("TRY hands on the error and each layer adds what it was doing") {
  CHECK(twice(4).value() == 8);
  const auto failed = twice(-1);
  REQUIRE_FALSE(failed.has_value());
  CHECK(failed.error().message() == "twice: negative");
  CHECK(failed.error().kind() == ErrorKind::invalid);
  CHECK(check(1).has_value());
  CHECK(check(-1).error().message() == "negative");
}
