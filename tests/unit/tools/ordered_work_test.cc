#include "tools/ordered_work.h"

#include <atomic>
#include <string>

#include "support.h"

using namespace glovebox::tools;

TEST_CASE("results come in order and each once, with any number of threads") {
  for (const unsigned threads : {0u, 1u, 2u, 4u}) {
    for (const std::size_t pieces : {0UL, 1UL, 63UL, 64UL, 65UL, 1000UL}) {
      std::size_t next = 0;
      OrderedWork::run(
          pieces, threads, [](std::size_t number) { return std::to_string(number); },
          [&](const std::string& result) { return result == std::to_string(next++); });
      CAPTURE(threads, pieces);
      CHECK(next == pieces);
    }
  }
}

TEST_CASE("no work is begun far behind what was taken") {
  std::atomic<std::size_t> begun = 0;
  std::size_t taken = 0;
  OrderedWork::run(
      100'000, 4,
      [&](std::size_t) {
        ++begun;
        return std::string();
      },
      [&](const std::string&) { return ++taken < 10; });
  CHECK(taken == 10);
  CHECK(begun <= 10 + OrderedWork::kAhead);
}
