// What the tests of system calls share: a folder of their own, and children that report back.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>

#include "os/process.h"

namespace glovebox::os::test {

class Folder {
 public:
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "glovebox-os-XXXXXX";
    path_ = ::mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string operator/(std::string_view name) const { return path_ / name; }
  std::string path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void write(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

inline std::string read(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// What `work` returns in a process of its own: for what a process cannot take back.
inline int in_child(const std::function<int()>& work, NamespaceFlags namespaces = 0) {
  auto child = fork_into(namespaces, work);
  if (!child) return -1;
  const auto facts = child->reap(Process::Wait::yes);
  return facts && *facts && !(*facts)->signalled ? (*facts)->code : -2;
}

}  // namespace glovebox::os::test
