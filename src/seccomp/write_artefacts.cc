// Run by the build: writes what a reviewer reads of each shipped filter, NAME.table and
// NAME.bpf.txt, into a folder.
#include <cstdio>
#include <filesystem>
#include <format>
#include <fstream>
#include <print>
#include <string>

#include "seccomp/filter.h"

namespace {

bool write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) std::println(stderr, "write_artefacts: {}: not written", path.string());
  return static_cast<bool>(file);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace glovebox::seccomp;
  if (argc != 2) {
    std::println(stderr, "usage: write_artefacts FOLDER");
    return 1;
  }
  const std::filesystem::path folder = argv[1];
  for (const std::string_view name : builtin_names()) {
    const auto artefacts = artefacts_of(name);
    if (!artefacts) {
      std::println(stderr, "write_artefacts: {}: {}", name, artefacts.error().message());
      return 1;
    }
    if (!write(folder / std::format("{}.table", name), artefacts->table) ||
        !write(folder / std::format("{}.bpf.txt", name), artefacts->program))
      return 1;
  }
  return 0;
}
