#include "policy/normal_path.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

namespace glovebox::policy {
namespace {

TEST_CASE("paths that are not in the one form") {
  const std::string rows[] = {"",
                              "a",
                              "./a",
                              "a/b",
                              "/a/",
                              "//",
                              "//a",
                              "/a//b",
                              "/.",
                              "/..",
                              "/a/.",
                              "/a/..",
                              "/a/./b",
                              "/a/../b",
                              std::string("/a\0b", 4),
                              "/" + std::string(256, 'x'),
                              "/" + std::string(4096, 'x')};
  for (const std::string& row : rows) {
    CAPTURE(row.substr(0, 20));
    CHECK(!is_normal_path(row));
  }
}

TEST_CASE("paths that are") {
  for (const std::string& row :
       {std::string("/"), std::string("/a"), std::string("/a/b"), std::string("/..."),
        std::string("/.a"), std::string("/a b"), "/" + std::string(255, 'x')}) {
    CAPTURE(row.substr(0, 20));
    CHECK(is_normal_path(row));
  }
}

TEST_CASE("below is by parts") {
  CHECK(!is_below("/usrx", "/usr"));
  CHECK(!is_below("/us", "/usr"));
  CHECK(!is_below("/", "/usr"));
  CHECK(is_below("/usr", "/usr"));
  CHECK(is_below("/usr/lib", "/usr"));
}

}  // namespace
}  // namespace glovebox::policy
