#include "box/pending_results.h"

#include <fcntl.h>
#include <stdlib.h>

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <utility>
#include <vector>

#include "os/file.h"

namespace glovebox::box {

namespace {

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/box-pending-XXXXXX";
    REQUIRE(::mkdtemp(name) != nullptr);
    path_ = name;
  }
  ~Folder() {
    const auto tmp = os::open_path("/tmp", O_RDONLY | O_DIRECTORY);
    if (tmp) (void)os::remove_tree(tmp->get(), path_.substr(5));
  }
  UniqueFd fd() const { return std::move(*os::open_path(path_, O_RDONLY | O_DIRECTORY)); }
  PendingResults open() const { return std::move(*PendingResults::open(fd())); }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : *os::list_folder(fd().get(), 100)) names.push_back(entry.name);
    std::sort(names.begin(), names.end());
    return names;
  }
  std::string bytes_of(const std::string& name) const {
    return *os::read_all(os::open_at(fd().get(), name, O_RDONLY)->get(), 1 << 20);
  }
  void write(const std::string& name, const std::string& bytes) const {
    REQUIRE(os::replace_file(fd().get(), name, bytes, 0600));
  }

 private:
  std::string path_;
};

StoredResult result_of(std::string content) {
  StoredResult result;
  result.tool = "bash";
  result.outcome = "finished";
  result.content = std::move(content);
  return result;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a settled result leaves its sheet to the next") {
  const Folder folder;
  const PendingResults pending = folder.open();
  REQUIRE(pending.put("a", result_of("[1]")));
  CHECK(folder.bytes_of("a").size() == kSheet);
  REQUIRE(pending.remove("a"));
  CHECK(folder.names() == Names{kBlankSheet});
  CHECK(pending.list().value().empty());
  const std::uint64_t inode = os::facts_at(folder.fd().get(), kBlankSheet)->inode;
  StoredResult early = result_of("[2]");
  early.is_provisional = true;
  REQUIRE(pending.put("e", early));
  CHECK(pending.get("e").value()->is_provisional);
  early.is_provisional = false;
  early.cpu_us = 7;
  REQUIRE(pending.amend("e", early));
  CHECK_FALSE(pending.get("e").value()->is_provisional);
  CHECK(pending.get("e").value()->cpu_us == 7);
  CHECK_FALSE(pending.amend("absent", early));
  REQUIRE(pending.remove("e"));
  // A shorter one on the sheet of a longer one.
  REQUIRE(pending.put("b", result_of("[]")));
  CHECK(folder.names() == Names{"b"});
  CHECK(os::facts_at(folder.fd().get(), "b")->inode == inode);
  CHECK(pending.get("b").value()->content == "[]");
  CHECK_FALSE(pending.get("b").value()->is_provisional);
  REQUIRE(pending.put("c", result_of("[3]")));
  CHECK(pending.list().value() == Names{"b", "c"});
  REQUIRE(pending.remove("b"));
  REQUIRE(pending.remove("c"));  // one blank sheet is enough
  CHECK(folder.names() == Names{kBlankSheet});
  REQUIRE(pending.remove("c"));
}

TEST_CASE("a settled result leaves nothing of what it said, in no sheet and no file") {
  const Folder folder;
  const PendingResults pending = folder.open();
  for (const std::size_t size : {std::size_t{100}, kSheet - 500, 2 * kSheet}) {
    const std::string said = "said by a tool " + std::string(size, '.') + " and its end";
    REQUIRE(pending.put("call", result_of(said)));
    REQUIRE(pending.remove("call"));
    for (const std::string& name : folder.names()) {
      CAPTURE(name, size);
      CHECK_FALSE(folder.bytes_of(name).contains("said by"));
      CHECK_FALSE(folder.bytes_of(name).contains("its end"));
    }
  }
}

TEST_CASE("a result that is larger than a sheet has a file of its own") {
  const Folder folder;
  const PendingResults pending = folder.open();
  const std::string content(kSheet, 'x');
  REQUIRE(pending.put("a", result_of(content)));
  CHECK(pending.get("a").value()->content == content);
  REQUIRE(pending.remove("a"));
  CHECK(folder.names().empty());
  CHECK(pending.put("b", result_of(std::string(kMaxStoredResult + 1, 'x'))).error().kind() ==
        ErrorKind::limit);
}

TEST_CASE("what the power went over") {
  const Folder folder;
  {
    const PendingResults pending = folder.open();
    REQUIRE(pending.put("call", result_of("[1]")));
  }
  const std::string whole = folder.bytes_of("call");
  SECTION("a sheet that was flushed and has no name yet is given it") {
    folder.write(kBlankSheet, whole);
    REQUIRE(os::remove_file(folder.fd().get(), "call"));
    CHECK(folder.open().list().value() == Names{"call"});
    CHECK(folder.names() == Names{"call"});
  }
  SECTION("its name is there as well") {
    folder.write(kBlankSheet, whole);
    CHECK(folder.open().list().value() == Names{"call"});
  }
  SECTION("a torn sheet is no result, wherever it was torn") {
    for (std::size_t at = 0; at < 200; ++at) {
      std::string torn = whole;
      torn[at] = static_cast<char>(torn[at] ^ 1);
      folder.write("call", torn);
      const auto got = folder.open().get("call");
      REQUIRE(got);
      // Behind its end there is nothing that could be torn.
      if (*got) CHECK((*got)->content == "[1]");
      if (at < 150) CHECK_FALSE(got->has_value());
    }
  }
  SECTION("a file that was cut is none") {
    for (std::size_t length = 0; length < 150; ++length) {
      folder.write("call", whole.substr(0, length));
      CHECK_FALSE(folder.open().get("call").value());
    }
  }
  SECTION("a result under the name of another call is not taken for its") {
    folder.write("other", whole);
    CHECK(folder.open().list().value() == Names{"call"});
    CHECK_FALSE(folder.open().get("other"));
  }
}

}  // namespace glovebox::box
