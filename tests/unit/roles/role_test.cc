#include "roles/role.h"

#include <catch2/catch_test_macros.hpp>
#include <string_view>

#include "base/error.h"
#include "base/exit_code.h"
#include "roles/role_start.h"

using namespace glovebox::roles;

TEST_CASE("a range of ids that somebody has is refused") {
  struct Row {
    std::string_view text, says;
  };
  const Row rows[] = {
      {"", "FIRST-LAST"},
      {"100000", "FIRST-LAST"},
      {"-100000", "FIRST-LAST"},
      {"100000-", "FIRST-LAST"},
      {"100000-200000-300000", "FIRST-LAST"},
      {"100000 - 200000", "FIRST-LAST"},
      {"0x20000-0x30000", "FIRST-LAST"},
      {"200000-100000", "comes before"},
      {"0-200000", "ids of boxes are"},
      {"1000-200000", "ids of boxes are"},
      {"65534-65540", "ids of boxes are"},
      {"100000-4294967295", "ids of boxes are"},
      {"100000-99999999999", "FIRST-LAST"},
      {"1900000000-1900065601", "is the id of a role"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto range = parse_id_range(row.text);
    REQUIRE_FALSE(range);
    INFO(range.error().message());
    CHECK(range.error().message().contains(row.says));
  }
}

TEST_CASE("a range of ids is read") {
  CHECK(parse_id_range("100000-165535").value() == IdRange{100000, 165535});
  CHECK(parse_id_range("1900000000-1900065535").value() == IdRange{});
  CHECK(parse_id_range("70000-70000").value() == IdRange{70000, 70000});
}

TEST_CASE("a start that fails ends with the documented code") {
  using glovebox::Error;
  using glovebox::ErrorKind;
  using glovebox::ExitCode;
  struct Row {
    ErrorKind kind;
    ExitCode code, of_log;
  };
  const Row rows[] = {
      {ErrorKind::invalid, ExitCode::unconfigured, ExitCode::unconfigured},
      {ErrorKind::not_found, ExitCode::unconfigured, ExitCode::unconfigured},
      {ErrorKind::denied, ExitCode::unconfigured, ExitCode::unconfigured},
      {ErrorKind::unsupported, ExitCode::host_lacks, ExitCode::host_lacks},
      {ErrorKind::conflict, ExitCode::bug, ExitCode::corrupt_log},
      {ErrorKind::io, ExitCode::bug, ExitCode::log_failed},
      {ErrorKind::limit, ExitCode::bug, ExitCode::log_failed},
      {ErrorKind::exists, ExitCode::bug, ExitCode::busy},
      {ErrorKind::timeout, ExitCode::bug, ExitCode::bug},
      {ErrorKind::cancelled, ExitCode::bug, ExitCode::bug},
      {ErrorKind::closed, ExitCode::bug, ExitCode::bug},
      {ErrorKind::protocol, ExitCode::bug, ExitCode::bug},
      {ErrorKind::internal, ExitCode::bug, ExitCode::bug},
  };
  for (const Row& row : rows) {
    CAPTURE(to_string(row.kind));
    CHECK(exit_code_for(Error(row.kind, "x")) == row.code);
    CHECK(exit_code_of_log(Error(row.kind, "x")) == row.of_log);
  }
}
