#include "box/session_store.h"

#include <fcntl.h>
#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>
#include <vector>

#include "os/file.h"

namespace glovebox::box {

namespace {

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/box-store-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path = name;
    fd = std::move(*os::open_path(path, O_RDONLY | O_DIRECTORY));
  }
  ~Folder() {
    auto tmp = os::open_path("/tmp", O_RDONLY | O_DIRECTORY);
    if (tmp) (void)os::remove_tree(tmp->get(), path.substr(5));
  }
  std::string path;
  UniqueFd fd;
};

}  // namespace

TEST_CASE("ids become folder names only when they are safe") {
  CHECK(folder_name("sesn_01AbC-9") == "sesn_01AbC-9");
  for (const char* id : {"", ".", "..", "a/b", "a b", "a\n", "ä"}) {
    INFO(id);
    CHECK(folder_name(id).size() == 64);
    CHECK(folder_name(id) != id);
  }
  CHECK(folder_name(std::string(64, 'A')) == std::string(64, 'A'));
  CHECK(folder_name(std::string(63, 'a')) == std::string(63, 'a'));
  CHECK(folder_name(std::string(64, 'g')) == std::string(64, 'g'));
  CHECK(folder_name(std::string(65, 'a')).size() == 64);
}

TEST_CASE("no id has the name that another one's digest is") {
  // From an id that is no name, over the digest of it, to the digest of that.
  std::string id = "sesn/1";
  std::set<std::string> names;
  for (int i = 0; i < 4; ++i) {
    CAPTURE(id);
    const std::string name = folder_name(id);
    CHECK(name != id);
    CHECK(names.insert(name).second);
    id = name;
  }
  CHECK(folder_name(std::string(64, 'a')) != std::string(64, 'a'));
  CHECK(folder_name(std::string(64, '0')) != std::string(64, '0'));
}

TEST_CASE("something else in the way of a session's folder is refused") {
  const Folder folder;
  REQUIRE(os::link_at(folder.fd.get(), "/tmp", "s"));
  auto opened = SessionStore::open(folder.fd.get(), "s");
  REQUIRE_FALSE(opened);
  CHECK(opened.error().kind() == ErrorKind::denied);
}

TEST_CASE("the shell's state is kept whole or not at all") {
  const Folder folder;
  auto store = SessionStore::open(folder.fd.get(), "s");
  REQUIRE(store);
  CHECK(store->load_shell_state().value().empty());
  CHECK_FALSE(store->save_shell_state(std::string(kMaxShellState + 1, 'x')));
  REQUIRE(store->save_shell_state("x=1\n"));
  CHECK(SessionStore::open(folder.fd.get(), "s")->load_shell_state().value() == "x=1\n");
  REQUIRE(store->save_shell_state(std::string(9, '\0')));
  CHECK(store->load_shell_state().value().empty());
  REQUIRE(store->remove_shell_state());
  REQUIRE(store->remove_shell_state());
  CHECK(store->load_shell_state().value().empty());
}

TEST_CASE("what a killed process did not finish goes, the rest stays") {
  const Folder folder;
  {
    const auto store = SessionStore::open(folder.fd.get(), "s");
    REQUIRE(store);
    REQUIRE(store->save_shell_state("x=1\n"));
    REQUIRE(store->pending().put("call", {}));
  }
  for (const char* name : {"/s/.new-0011223344556677", "/s/pending/.new-0011223344556677"})
    REQUIRE(os::open_path(folder.path + name, O_WRONLY | O_CREAT, 0600));
  const auto store = SessionStore::open(folder.fd.get(), "s");
  REQUIRE(store);
  CHECK(store->load_shell_state().value() == "x=1\n");
  CHECK(*store->pending().list() == std::vector<std::string>{"call"});
  const auto pending = os::open_path(folder.path + "/s/pending", O_RDONLY | O_DIRECTORY);
  CHECK(os::list_folder(store->fd(), 100)->size() == 3);  // state, outputs, pending
  CHECK(os::list_folder(pending->get(), 100)->size() == 1);
}

TEST_CASE("results are kept until they are settled") {
  const Folder folder;
  auto store = SessionStore::open(folder.fd.get(), "s");
  REQUIRE(store);
  StoredResult result;
  result.tool = "bash";
  result.outcome = "finished";
  result.is_error = true;
  result.content = R"([{"type":"text","text":"x"}])";
  result.wall_us = -5;
  CHECK_FALSE(store->pending().get("a").value());
  REQUIRE(store->pending().put("a", result));
  REQUIRE(store->pending().put("../b", result));
  CHECK(store->pending().list().value() == std::vector<std::string>{"../b", "a"});
  const auto back = store->pending().get("../b").value();
  REQUIRE(back);
  CHECK(back->content == result.content);
  CHECK(back->is_error);
  CHECK(back->wall_us == -5);
  REQUIRE(store->pending().remove("a"));
  CHECK_FALSE(store->pending().get("a").value());
  // What a crash may leave behind is no result.
  auto pending = os::open_path(folder.path + "/s/pending", O_RDONLY | O_DIRECTORY);
  REQUIRE(os::replace_file(pending->get(), "junk", "glovebox result 1\n", 0600));
  CHECK(store->pending().list().value() == std::vector<std::string>{"../b"});
  CHECK_FALSE(store->pending().get("junk").value());
  REQUIRE(os::replace_file(pending->get(), "empty", "", 0600));
  CHECK_FALSE(store->pending().get("empty").value());
}

TEST_CASE("outputs are numbered and the oldest go first") {
  const Folder folder;
  auto store = SessionStore::open(folder.fd.get(), "s");
  REQUIRE(store);
  for (const char* name : {"1.txt", "2.txt", "3.txt"}) {
    auto output = store->create_output(OutputKind::cut);
    REQUIRE(output);
    CHECK(output->name == name);
    REQUIRE(os::truncate(output->fd.get(), kOutputsQuota / 2));  // sparse
  }
  CHECK(store->trim_outputs().value() == 1);
  CHECK(store->trim_outputs().value() == 0);
  CHECK(store->create_output(OutputKind::cut)->name == "4.txt");
}

}  // namespace glovebox::box
