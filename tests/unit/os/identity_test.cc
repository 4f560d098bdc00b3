#include "os/identity.h"

#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "os/file.h"
#include "support.h"

using namespace glovebox;
using namespace glovebox::os;
using namespace glovebox::os::test;

TEST_CASE("a process that dropped its capabilities has none and gets none back") {
  const int code = in_child([] {
    if (!keep_only({})) return 1;
    if (effective_capabilities().value() != 0) return 2;
    // Root without capabilities cannot change its ids to another user's.
    if (become(12345, 12345)) return 3;
    const std::string status = read("/proc/self/status");
    for (const char* set :
         {"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapAmb:\t0000000000000000"})
      if (!status.contains(set)) return 4;
    if (effective_uid() == 0 && !status.contains("CapBnd:\t0000000000000000")) return 5;
    return 0;
  });
  CHECK(code == 0);
}

TEST_CASE("what is kept is kept, and nothing beside it") {
  const int code = in_child([] {
    if (effective_uid() != 0) return keep_only({Capability::kill}) ? 1 : 0;  // cannot be had
    if (!keep_only({Capability::kill, Capability::chown})) return 2;
    return effective_capabilities().value() == ((1u << 5) | (1u << 0)) ? 0 : 3;
  });
  CHECK(code == 0);
}

TEST_CASE("ids are those of the other user, or the change is refused") {
  const int code = in_child([] {
    if (effective_uid() != 0) return become(12345, 12345) ? 1 : 0;
    if (!drop_groups() || !become(12345, 12346)) return 2;
    if (effective_uid() != 12345 || effective_gid() != 12346) return 3;
    return become(0, 0) ? 4 : 0;
  });
  CHECK(code == 0);
}

TEST_CASE("a new user namespace gets its one id from outside") {
  const Pipe go = make_pipe().value();
  const Pipe done = make_pipe().value();
  auto child = fork_into(static_cast<NamespaceFlags>(Namespace::user), [&] {
    char byte = 0;
    (void)read_some(go.reader.get(), &byte, 1);
    return ::getuid() == 1000 && ::getgid() == 1000 ? 0 : 1;
  });
  if (!child) SKIP("no user namespaces here: " << child.error().message());
  REQUIRE(map_ids(child->pid(), 1000, ::geteuid(), ::getegid()));
  CHECK(read("/proc/" + std::to_string(child->pid()) + "/setgroups") == "deny\n");
  REQUIRE(write_all(go.writer.get(), "x"));
  CHECK(child->reap(Process::Wait::yes).value()->code == 0);
}
