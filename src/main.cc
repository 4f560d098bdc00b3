#include <cstdio>
#include <print>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/exit_code.h"
#include "cli/plane.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 1 && arguments[0] == "--version") {
    std::println("glovebox {}", GLOVEBOX_VERSION);
    return 0;
  }
  if (!arguments.empty() && arguments[0] == "plane")
    return glovebox::to_int(glovebox::cli::plane_command(std::span(arguments).subspan(1)));
  std::println(stderr, "glovebox: error: no such command");
  return 64;
}
