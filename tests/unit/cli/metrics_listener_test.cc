#include "cli/metrics_listener.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox::cli;
using glovebox::roles::StartedAs;

TEST_CASE("sockets go where the state folder is the only one, else into the state folder") {
  const struct {
    const char* name;
    StartedAs started;
    std::string named, state, runtime, folder;
  } rows[] = {
      {"root", StartedAs::root, "", "/var/lib/glovebox", "/run/user/0", "/run/glovebox"},
      {"root, another folder", StartedAs::root, "/s", "/s", "", "/s/run"},
      {"a user", StartedAs::user, "", "/h/s", "/run/user/7", "/run/user/7/glovebox"},
      {"a user, another folder", StartedAs::user, "/s", "/s", "/run/user/7", "/s/run"},
      {"a user without a place", StartedAs::user, "", "/h/s", "", "/h/s/run"},
      {"a user with a relative place", StartedAs::user, "", "/h/s", "run", "/h/s/run"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.name);
    CHECK(socket_folder(row.started, row.named, row.state, row.runtime) == row.folder);
  }
}
