#include <cstdio>
#include <print>
#include <string_view>

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    std::println("glovebox {}", GLOVEBOX_VERSION);
    return 0;
  }
  std::println(stderr, "glovebox: error: no such command");
  return 64;
}
