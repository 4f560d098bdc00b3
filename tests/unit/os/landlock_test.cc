#include "os/landlock.h"

#include <fcntl.h>

#include <catch2/catch_test_macros.hpp>
#include <cerrno>
#include <string>

#include "os/file.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::os;
using namespace glovebox::os::test;

TEST_CASE("what no rule grants is refused, what one grants is not") {
  const int abi = landlock_abi();
  if (abi == 0) SKIP("no Landlock in this kernel");
  const Folder folder;
  std::filesystem::create_directory(folder / "granted");
  write(folder / "granted/file", "x");
  write(folder / "other", "x");
  const int code = in_child([&] {
    auto rules = Landlock::make(1, {.signals = false, .abstract_sockets = false});
    const auto granted = open_path(folder / "granted", O_PATH);
    if (!rules || !granted) return 1;
    if (!rules->allow(granted->get(), file_right::read_file | file_right::read_folder)) return 2;
    if (rules->restrict_self()) return 3;  // needs no_new_privs, or a capability
    return 4;
  });
  // Root may restrict itself without no_new_privs.
  CHECK((code == 3 || code == 4));

  const int confined = in_child([&] {
    auto rules = Landlock::make(abi, {});
    const auto granted = open_path(folder / "granted", O_PATH);
    const auto file = open_path(folder / "granted/file", O_PATH);
    if (!rules || !granted || !file || !set_no_new_privileges()) return 1;
    if (!rules->allow(granted->get(), file_right::read_file | file_right::read_folder)) return 2;
    // Rights that only folders have are left out for a file.
    if (!rules->allow(file->get(), file_right::write_file | file_right::make_regular)) return 3;
    if (!rules->restrict_self()) return 4;
    if (!open_path(folder / "granted/file", O_RDWR)) return 5;
    if (open_path(folder / "granted/new", O_WRONLY | O_CREAT, 0600)) return 6;
    const auto other = open_path(folder / "other", O_RDONLY);
    return other || other.error().error_number() != EACCES ? 7 : 0;
  });
  CHECK(confined == 0);
}
