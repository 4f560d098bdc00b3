// Every fuzz target over its corpus, on the objects of the product: no seed crashes, cut short at
// any length; and the corpus is worth starting from, with seeds that the parser takes and seeds
// that it refuses.
#include <catch2/catch_test_macros.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#define FUZZ_TARGET(name)                                           \
  extern "C" int fuzz_one_##name(const std::uint8_t*, std::size_t); \
  bool fuzz_accepts_##name(std::string_view);
#include "corpus_targets.inc"
#undef FUZZ_TARGET

namespace {

using OneInput = int (*)(const std::uint8_t*, std::size_t);
using Accepts = bool (*)(std::string_view);

constexpr std::size_t kLeastSeeds = 20;
constexpr std::size_t kCutAtEveryLength = 1024;  // bytes; longer seeds run whole only

std::vector<std::string> seeds_of(std::string_view target) {
  const char* root = std::getenv("GLOVEBOX_SOURCE_ROOT");
  std::filesystem::path folder = root != nullptr ? root : GLOVEBOX_SOURCE_ROOT;
  folder = folder / "fuzz/corpus" / target;
  std::vector<std::string> seeds;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::ifstream file(entry.path(), std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return seeds;
}

void run(OneInput one_input, std::string_view bytes) {
  // An exact copy on the heap, so that a read past the end is one past an allocation.
  std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
  CHECK(one_input(copy.data(), copy.size()) == 0);
}

void check_corpus(std::string_view target, OneInput one_input, Accepts accepts) {
  const std::vector<std::string> seeds = seeds_of(target);
  std::size_t accepted = 0;
  for (const std::string& seed : seeds) {
    CAPTURE(target, seed);
    run(one_input, seed);
    for (std::size_t length = 0; seed.size() <= kCutAtEveryLength && length < seed.size(); ++length)
      run(one_input, std::string_view(seed).substr(0, length));
    if (accepts(seed)) ++accepted;
  }
  CAPTURE(target, seeds.size(), accepted);
  CHECK(seeds.size() >= kLeastSeeds);
  CHECK(accepted * 3 >= seeds.size());
  CHECK((seeds.size() - accepted) * 3 >= seeds.size());
}

}  // namespace

#define FUZZ_TARGET(name)                                      \
  TEST_CASE("corpus of " #name) {                              \
    check_corpus(#name, fuzz_one_##name, fuzz_accepts_##name); \
  }
#include "corpus_targets.inc"
