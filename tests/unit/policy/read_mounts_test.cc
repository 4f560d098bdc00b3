#include <catch2/catch_test_macros.hpp>
#include <format>
#include <string>
#include <string_view>

#include "support.h"

namespace glovebox::policy {
namespace {

// The table begins at 5:11.
std::string with_mount(std::string_view body) {
  return with_profile(std::format("mount = [ {{ {} }} ]", body));
}

TEST_CASE("each wrong mount is named with its place") {
  const Broken rows[] = {
      {"a string", with_profile("mount = [ \"/usr\" ]"), "GB0011 5:11", "a mount must be a table"},
      {"without a place", with_mount("mode = \"ro\""), "GB0013 5:11", "a mount needs `at`"},
      {"without a mode", with_mount("at = \"/opt\""), "GB0013 5:11", "a mount needs `mode`"},
      {"unknown key", with_mount("at = \"/opt\", mode = \"ro\", form = \"/x\""), "GB0010 5:39",
       "unknown key `form` in a mount", "did you mean `from`?", 4},
      {"place of a wrong type", with_mount("at = 1, mode = \"ro\""), "GB0011 5:18",
       "at must be a string"},
      {"relative place", with_mount("at = \"opt\", mode = \"ro\""), "GB0020 5:18",
       "a path is absolute", "anchors:"},
      {"dots", with_mount("at = \"/opt/../etc\", mode = \"ro\""), "GB0020 5:18",
       "a path is absolute"},
      {"slash at the end", with_mount("at = \"/opt/\", mode = \"ro\""), "GB0020 5:18",
       "a path is absolute"},
      {"unknown anchor", with_mount("at = \"@home\", mode = \"ro\""), "GB0020 5:18",
       "or an anchor"},
      {"anchor and dots", with_mount("at = \"@workspace/../x\", mode = \"hide\""), "GB0020 5:18",
       "or an anchor"},
      {"below @tmp", with_mount("at = \"@tmp/x\", mode = \"hide\""), "GB0020 5:18", "or an anchor"},
      {"source is an anchor", with_mount("at = \"/opt\", from = \"@workspace\", mode = \"ro\""),
       "GB0020 5:33", "a source is an absolute path"},
      {"unknown mode", with_mount("at = \"/opt\", mode = \"r\""), "GB0012 5:33",
       "mode must be one of \"ro\", \"rw\", \"tmp\", \"hide\""},
      {"exec of a wrong type", with_mount("at = \"/opt\", mode = \"ro\", exec = \"yes\""),
       "GB0011 5:46", "exec must be true or false"},
      {"size of a wrong type", with_mount("at = \"/opt\", mode = \"tmp\", size = 5"), "GB0011 5:47",
       "must be a string"},
      {"size without a unit", with_mount("at = \"/opt\", mode = \"tmp\", size = \"5\""),
       "GB0012 5:47", "`size` must be a size such as"},
      {"size of a folder", with_mount("at = \"/opt\", mode = \"rw\", size = \"5MiB\""),
       "GB0016 5:39", "only a tmp mount has a size", "", 4},
      {"source of a tmp", with_mount("at = \"/opt\", mode = \"tmp\", from = \"/x\""), "GB0016 5:40",
       "a tmp mount is empty"},
      {"source of what is hidden", with_mount("at = \"/opt\", mode = \"hide\", from = \"/x\""),
       "GB0016 5:41", "what is hidden has none"},
      {"source of an anchor", with_mount("at = \"@workspace\", mode = \"rw\", from = \"/x\""),
       "GB0016 5:45", "an anchor has its own source"},
      {"exec of what is hidden", with_mount("at = \"/opt\", mode = \"hide\", exec = true"),
       "GB0016 5:41", "nothing is there to run"},
      {"@tmp read-only", with_mount("at = \"@tmp\", mode = \"ro\""), "GB0012 5:11",
       "@tmp must have mode \"tmp\""},
      {"@workspace as tmp", with_mount("at = \"@workspace\", mode = \"tmp\""), "GB0012 5:11",
       "\"rw\" or \"ro\""},
      {"@workspace hidden", with_mount("at = \"@workspace\", mode = \"hide\""), "GB0012 5:11",
       "\"rw\" or \"ro\""},
      {"exec of a read-only place in the workspace",
       with_mount("at = \"@workspace/x\", mode = \"ro\", exec = true"), "GB0016 5:11",
       "the workspace's own holds"},
      {"a star in the middle of a place in the workspace",
       with_mount("at = \"@workspace/a*b\", mode = \"ro\""), "GB0020 5:11", "`*` can only end",
       "@workspace/.env*"},
      {"a star alone", with_mount("at = \"@workspace/a/*\", mode = \"hide\""), "GB0020 5:11",
       "`*` can only end"},
      {"a place too deep in the workspace",
       with_mount("at = \"@workspace/a/b/c/d/e/f/g/h/i\", mode = \"ro\""), "GB0020 5:11",
       "at most 8 components"},
      {"twice",
       with_profile(
           "mount = [ { at = \"/opt\", mode = \"ro\" }, { at = \"/opt\", mode = \"hide\" } ]"),
       "GB0014 5:41", "`/opt` is mounted twice"},
  };
  for (const Broken& row : rows) {
    DYNAMIC_SECTION(row.name) {
      check_broken(row);
    }
  }
}

TEST_CASE("places that no policy may give") {
  const char* const rows[] = {
      "at = \"/\", mode = \"ro\"",
      "at = \"/host\", from = \"/\", mode = \"ro\"",
      "at = \"/host\", from = \"/\", mode = \"rw\"",
      "at = \"/proc\", mode = \"ro\"",
      "at = \"/proc/sys\", mode = \"tmp\"",
      "at = \"/sys\", mode = \"rw\"",
      "at = \"/dev/kvm\", mode = \"rw\"",
      "at = \"/x\", from = \"/proc/1\", mode = \"ro\"",
      "at = \"/x\", from = \"/dev\", mode = \"rw\"",
      "at = \"/workspace\", mode = \"rw\"",
      "at = \"/tmp\", mode = \"tmp\"",
      "at = \"/outputs\", mode = \"hide\"",
      "at = \"/outputs/1.txt\", mode = \"ro\"",
      "at = \"/usr\", mode = \"rw\"",
      "at = \"/x\", from = \"/usr/local\", mode = \"rw\"",
      "at = \"/etc/ssl\", mode = \"rw\"",
      "at = \"/x\", from = \"/root\", mode = \"rw\"",
      "at = \"/x\", from = \"/run/user\", mode = \"rw\"",
      "at = \"/boot\", mode = \"rw\"",
  };
  for (const char* row : rows) {
    DYNAMIC_SECTION(row) {
      const Loaded loaded = load("test.toml", with_mount(row));
      CHECK(places(loaded.diagnostics) == std::vector<std::string>{"GB0021 5:11"});
    }
  }
}

Mount mount_of(std::string_view body) {
  return policy_of(with_mount(body)).profiles.at("p").mounts.at(0);
}

TEST_CASE("what a mount means") {
  struct Row {
    const char* body;
    MountMode mode;
    Exec exec;
  };
  const Row rows[] = {
      {"at = \"/opt\", mode = \"ro\"", MountMode::read_only, Exec::yes},
      {"at = \"/opt\", mode = \"ro\", exec = false", MountMode::read_only, Exec::no},
      {"at = \"/srv\", mode = \"rw\"", MountMode::read_write, Exec::no},
      {"at = \"/srv\", mode = \"rw\", exec = true", MountMode::read_write, Exec::yes},
      {"at = \"@workspace\", mode = \"rw\"", MountMode::read_write, Exec::no},
      {"at = \"@workspace/.env\", mode = \"hide\"", MountMode::hide, Exec::no},
      {"at = \"@workspace/.env*\", mode = \"hide\"", MountMode::hide, Exec::no},
      {"at = \"@workspace/docs/api\", mode = \"ro\"", MountMode::read_only, Exec::yes},
      {"at = \"@tmp\", mode = \"tmp\"", MountMode::tmpfs, Exec::no},
      {"at = \"@tmp\", mode = \"tmp\", exec = true", MountMode::tmpfs, Exec::yes},
      {"at = \"/usrx\", mode = \"rw\"", MountMode::read_write, Exec::no},
      {"at = \"/usr/share/x\", mode = \"hide\"", MountMode::hide, Exec::no},
      {"at = \"/proc/x\", mode = \"hide\"", MountMode::hide, Exec::no},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.body) {
      const Mount mount = mount_of(row.body);
      CHECK(mount.mode == row.mode);
      CHECK(mount.exec == row.exec);
      CHECK(mount.origin.line == 5);
    }
  }
  const Mount full = mount_of("at = \"/data\", from = \"/srv/data\", mode = \"ro\"");
  CHECK(full.at == "/data");
  CHECK(full.from == "/srv/data");
  CHECK(mount_of("at = \"/x\", mode = \"tmp\", size = \"5MiB\"").size == ByteLimit(5 * kMiB));
}

}  // namespace
}  // namespace glovebox::policy
