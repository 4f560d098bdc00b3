#include "tools/whole_file.h"

#include <cerrno>
#include <format>
#include <set>

#include "support.h"
#include "tools/confined.h"

using namespace glovebox;
using namespace glovebox::tools;
using namespace glovebox::tools::test;

namespace {

class SameRandom final : public Random {
 public:
  void fill(std::span<std::byte> out) override {
    for (std::byte& byte : out) byte = std::byte{0xab};
  }
};

}  // namespace

TEST_CASE("a temporary name that somebody placed before is never followed nor used") {
  const Tree tree;
  tree.put_outside("victim", "precious");
  std::string name = ".glovebox-";
  for (int i = 0; i < 16; ++i) name += "ab";
  name += ".tmp";
  SameRandom random;
  const Roots roots = tree.roots();
  const auto place = locate(roots, "f");
  REQUIRE(place);

  tree.link((tree.path("outside") / "victim").string(), name);
  CHECK(save_whole(*place, "x", random).error().error_number() == EEXIST);
  std::filesystem::remove(tree.in(name));
  std::filesystem::create_hard_link(tree.path("outside/victim"), tree.in(name));
  CHECK(save_whole(*place, "x", random).error().error_number() == EEXIST);
  CHECK(tree.bytes(tree.path("outside/victim")) == "precious");
  std::filesystem::remove(tree.in(name));
  CHECK(save_whole(*place, "x", random));
  CHECK(tree.get("f") == "x");
  CHECK_FALSE(std::filesystem::exists(tree.in(name)));
}

TEST_CASE("a failed save leaves nothing behind") {
  const Tree tree;
  std::filesystem::create_directories(tree.in("d/f"));
  SystemRandom random;
  const Roots roots = tree.roots();
  CHECK(save_whole(*locate(roots, "d/f"), "x", random).error().error_number() == EISDIR);
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(tree.in("d"))) {
    names.insert(entry.path().filename());
  }
  CHECK(names == std::set<std::string>{"f"});
}

TEST_CASE("reading stops at the limit and says whether more follows") {
  const Tree tree;
  tree.put("f", std::string(1000, 'x'));
  for (const std::uint64_t limit : {0UL, 1UL, 999UL, 1000UL, 1001UL, 1UL << 30}) {
    const UniqueFd fd(::open(tree.in("f").c_str(), O_RDONLY | O_CLOEXEC));
    const auto file = read_whole(fd.get(), limit);
    CAPTURE(limit);
    REQUIRE(file);
    CHECK(file->bytes.size() == std::min<std::uint64_t>(limit, 1000));
    CHECK(file->is_cut == (limit < 1000));
  }
}
