#include "roles/secret_reference.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>

using namespace glovebox::roles;

TEST_CASE("what is no reference to a secret is refused, and never repeated") {
  struct Row {
    const char* name;
    std::string_view text, says;
  };
  const Row rows[] = {
      {"nothing", "", "credential:NAME"},
      {"the secret itself", "sk-ant-very-secret", "never written out"},
      {"another scheme", "vault:secret/key", "never written out"},
      {"a prefix in capitals", "FILE:/key", "never written out"},
      {"a credential without a name", "credential:", "plain name"},
      {"a credential in another folder", "credential:../key", "plain name"},
      {"a credential below", "credential:a/b", "plain name"},
      {"a credential that is hidden", "credential:.key", "plain name"},
      {"a file without a path", "file:", "absolute path"},
      {"a relative file", "file:key", "absolute path"},
      {"a file by a way up", "file:/etc/../key", "absolute path"},
      {"a file with a slash at its end", "file:/etc/", "absolute path"},
      {"the root", "file:/", "absolute path"},
      {"a file with NUL", std::string_view("file:/a\0b", 9), "absolute path"},
      {"a variable without a name", "env:", "name of a variable"},
      {"a variable with a digit first", "env:1KEY", "name of a variable"},
      {"a variable with an equals sign", "env:A=B", "name of a variable"},
      {"a descriptor without a number", "fd:", "number of a descriptor"},
      {"a negative descriptor", "fd:-1", "number of a descriptor"},
      {"stdout", "fd:1", "number of a descriptor"},
      {"stderr", "fd:2", "number of a descriptor"},
      {"a descriptor and more", "fd:3x", "number of a descriptor"},
      {"a descriptor beyond all", "fd:99999999999", "number of a descriptor"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const auto reference = parse_secret_reference(row.text);
    REQUIRE_FALSE(reference);
    CHECK(reference.error().kind() == glovebox::ErrorKind::invalid);
    CHECK(reference.error().message().contains(row.says));
    if (row.text.size() > 8) CHECK_FALSE(reference.error().message().contains(row.text));
  }
}

TEST_CASE("each kind of reference is read, and written as it was") {
  using From = SecretReference::From;
  struct Row {
    std::string_view text;
    SecretReference reference;
  };
  const Row rows[] = {
      {"credential:environment-key", {From::credential, "environment-key"}},
      {"credential:a.b@c:d_0", {From::credential, "a.b@c:d_0"}},
      {"file:/etc/glovebox/key", {From::file, "/etc/glovebox/key"}},
      {"env:GLOVEBOX_KEY", {From::variable, "GLOVEBOX_KEY"}},
      {"env:_k1", {From::variable, "_k1"}},
      {"fd:0", {From::descriptor, "", 0}},
      {"fd:7", {From::descriptor, "", 7}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto reference = parse_secret_reference(row.text);
    REQUIRE(reference);
    CHECK(*reference == row.reference);
    CHECK(to_string(*reference) == row.text);
  }
}
