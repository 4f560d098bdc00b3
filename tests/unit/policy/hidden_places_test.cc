#include "policy/hidden_places.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "compare_support.h"
#include "policy/file_place.h"
#include "policy/guard_name.h"
#include "policy/judge.h"

namespace glovebox::policy {
namespace {

Mount from(std::string at, std::string source, MountMode mode) {
  Mount made = mount(std::move(at), mode);
  made.from = std::move(source);
  return made;
}

// Mounts inside one another, the same folder by two paths, patterns of both modes.
Profile tangled() {
  Profile profile;
  profile.mounts = {mount("@workspace", MountMode::read_write),
                    mount("@tmp", MountMode::tmpfs),
                    mount("/data", MountMode::read_write),
                    mount("/data/secret", MountMode::hide),
                    mount("/data/secret/open", MountMode::read_only),
                    from("/again", "/data", MountMode::read_only),
                    from("/inner", "/data/secret/deep", MountMode::read_write),
                    from("/outer", "/", MountMode::read_only),
                    from("/tools", "/usr", MountMode::read_only),
                    mount("@tmp/x", MountMode::hide),
                    mount("@workspace/.env*", MountMode::hide),
                    mount("@workspace/docs*", MountMode::read_only),
                    mount("@workspace/docs/out", MountMode::tmpfs),
                    mount("@workspace/private", MountMode::hide)};
  profile.deny.paths = {{"/usr/bin/sudo", line(7)}, {"/workspace/keys/k*", line(8)}};
  return profile;
}

TEST_CASE("what is hidden is named as the policy names it, by whatever path it is reached") {
  const struct {
    const char *path, *named;  // empty: it is not hidden
  } rows[] = {
      {"/data", ""},
      {"/data/a", ""},
      {"/data/secrets", ""},
      {"/data/secret", "/data/secret"},
      {"/data/secret/a", "/data/secret"},
      {"/data/secret/open", "/data/secret"},
      {"/data/secret/open/a", "/data/secret"},
      {"/again/a", ""},
      {"/again/secret/a", "/data/secret"},
      {"/inner", "/data/secret"},
      {"/inner/a", "/data/secret"},
      {"/outer/data/a", ""},
      {"/outer/data/secret", "/data/secret"},
      {"/outer/usr/bin/sudo", "/usr/bin/sudo"},
      {"/tools/bin/sudo", "/usr/bin/sudo"},
      {"/tools/bin/sudoedit", ""},
      {"/usr/bin/sudo", "/usr/bin/sudo"},
      {"/tmp/x", "@tmp/x"},
      {"/var/tmp/x/a", "@tmp/x"},
      {"/tmp/xa", ""},
      {"/workspace/.env", "@workspace/.env*"},
      {"/workspace/.env.local/a", "@workspace/.env*"},
      {"/workspace/a/b/.envrc", "@workspace/.env*"},
      {"/workspace/.en", ""},
      {"/data/.env", ""},
      {"/workspace/keys/key", "/workspace/keys/k*"},
      {"/workspace/a/keys/k/b", "/workspace/keys/k*"},
      {"/workspace/keys", ""},
      {"/workspace/private/a", "@workspace/private"},
      {"/workspace/a/private", ""},
  };
  const Profile profile = tangled();
  const HiddenPlaces hidden(profile);
  const PlaceIndex index(profile);
  for (const auto& row : rows) {
    INFO(row.path);
    const HiddenPlace* found = hidden.find(row.path);
    CHECK((found == nullptr ? "" : found->named) == std::string_view(row.named));
    CHECK((index.find(row.path).kind == FilePlace::Kind::hidden) == (found != nullptr));
  }
}

TEST_CASE("the index of places finds what the places one by one give") {
  const Profile profile = tangled();
  const PlaceIndex index(profile);
  for (const char* path : {"/",
                           "/data",
                           "/data/secret/open/a",
                           "/again/x",
                           "/inner/x",
                           "/workspace",
                           "/workspace/docs",
                           "/workspace/docs/a",
                           "/workspace/docs/out",
                           "/workspace/docs/out/a",
                           "/workspace/docs2",
                           "/workspace/docs2/a",
                           "/workspace/a/docs",
                           "/workspace/doc",
                           "/tmp/a",
                           "/var/tmp/a",
                           "/var/tmp/x",
                           "/usr/lib",
                           "/etc/ssl/certs",
                           "/nothing",
                           "/outer",
                           "/dev/null"}) {
    INFO(path);
    const FilePlace one = find_place(profile, path);
    const FilePlace other = index.find(path);
    CHECK(one.kind == other.kind);
    CHECK(one.mount == other.mount);
    CHECK(one.at == other.at);
    CHECK(one.rule == other.rule);
  }
}

TEST_CASE(
    "a read-only pattern holds at the root of the workspace, and beneath what is mounted there") {
  const Profile profile = tangled();
  const auto writes = [&](const char* path) {
    return judge(profile, plain_filters(), FileRequest{FileAct::write, path}).allowed;
  };
  CHECK_FALSE(writes("/workspace/docs"));
  CHECK_FALSE(writes("/workspace/docs2/a"));
  CHECK(writes("/workspace/docs/out/a"));
  CHECK(writes("/workspace/a/docs"));
  CHECK(writes("/workspace/doc"));
}

TEST_CASE("names in the workspace") {
  CHECK(in_workspace("@workspace/a/b") == "a/b");
  CHECK(in_workspace("/workspace/a") == "a");
  for (const char* path : {"", "@workspace", "/workspace", "/workspaces/a", "@tmp/a", "/a"})
    CHECK(in_workspace(path).empty());
  CHECK(is_workspace_pattern("@workspace/a*"));
  CHECK_FALSE(is_workspace_pattern("@workspace/a"));
  CHECK_FALSE(is_workspace_pattern("/data/a*"));
  CHECK(named_part(".git", ".git/hooks") == 4);
  CHECK(named_part(".git", ".gitx") == 0);
  CHECK(named_part(".env*", ".env.local/a") == 10);
  CHECK(named_part("a/b", "a/b") == 3);
  CHECK(named_part("a/b", "a") == 0);
}

}  // namespace
}  // namespace glovebox::policy
