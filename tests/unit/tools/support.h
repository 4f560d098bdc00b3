// What the tests of the tools share: a folder tree on disk with roots on it, and calls by JSON.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "codec/json.h"
#include "tools/file_tool.h"
#include "tools/limits.h"
#include "tools/result.h"
#include "tools/roots.h"

namespace glovebox::tools::test {

// Three folders: `workspace` and `memory` (roots) and `outside`. In memory where that is possible:
// thousands of saves are synced.
class Tree {
 public:
  Tree() {
    const bool has_memory = ::access("/dev/shm", W_OK | X_OK) == 0;
    const auto parent =
        has_memory ? std::filesystem::path("/dev/shm") : std::filesystem::temp_directory_path();
    std::string name = (parent / "gb-tools-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    base_ = name;
    for (const char* folder : {"workspace", "memory", "outside"}) {
      std::filesystem::create_directory(base_ / folder);
    }
  }
  ~Tree() {
    std::error_code ignored;
    std::filesystem::remove_all(base_, ignored);
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  std::filesystem::path path(std::string_view below) const { return base_ / below; }
  std::filesystem::path in(std::string_view below) const { return base_ / "workspace" / below; }

  void put(std::string_view below, std::string_view bytes) const {
    std::filesystem::create_directories(in(below).parent_path());
    std::ofstream(in(below), std::ios::binary) << bytes;
  }
  void put_outside(std::string_view name, std::string_view bytes) const {
    std::ofstream(path("outside") / name, std::ios::binary) << bytes;
  }
  std::string bytes(const std::filesystem::path& file) const {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  }
  std::string get(std::string_view below) const { return bytes(in(below)); }
  void link(std::string_view target, std::string_view below) const {
    std::filesystem::create_symlink(target, in(below));
  }

  static Root root(const std::filesystem::path& folder, std::string shown,
                   RootAccess access = RootAccess::read_write,
                   RootNaming naming = RootNaming::announced) {
    Root root;
    root.dir = UniqueFd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    root.path = std::move(shown);
    root.access = access;
    root.naming = naming;
    return root;
  }
  // The workspace alone.
  Roots roots(std::string host_workdir = {}) const {
    return std::move(
        *Roots::make(root(path("workspace"), "/workspace"), {}, std::move(host_workdir)));
  }
  // The workspace and a read-only root.
  Roots roots_with_memory(RootNaming naming = RootNaming::announced) const {
    std::vector<Root> extra;
    extra.push_back(root(path("memory"), "/mnt/memory", RootAccess::read_only, naming));
    return std::move(*Roots::make(root(path("workspace"), "/workspace"), std::move(extra)));
  }

 private:
  std::filesystem::path base_;
};

inline codec::Json json(std::string_view text) {
  auto parsed = codec::parse_json(text);
  REQUIRE(parsed);
  return std::move(*parsed);
}

inline std::string text_of(const ToolResult& result) {
  REQUIRE(result.content.size() == 1);
  const auto* text = std::get_if<TextBlock>(&result.content.front());
  REQUIRE(text != nullptr);
  return text->text;
}

inline bool is_error(const ToolResult& result) {
  return result.is_error == ToolResult::IsError::yes;
}

inline ToolResult call(FileTool tool, const Roots& roots, std::string_view input,
                       const ToolLimits& limits = {}) {
  const SystemClock clock;
  SystemRandom random;
  return run_file_tool(tool, json(input), {roots, limits, clock, random});
}

// A call and the answer it must get, for tables. `!` before the answer: an error result.
struct Row {
  const char* name;
  FileTool tool;
  const char* input;
  const char* answer;
};

inline void check(const Row& row, const Roots& roots, const ToolLimits& limits = {}) {
  CAPTURE(row.name, row.input);
  const ToolResult result = normalised(call(row.tool, roots, row.input, limits));
  CHECK((is_error(result) ? "!" : "") + text_of(result) == row.answer);
}

}  // namespace glovebox::tools::test
