// The races: somebody swaps names while the tools work. Nothing outside is ever read or written.
#include "tools/confined.h"

#include <linux/fs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <atomic>
#include <functional>
#include <thread>

#include "support.h"

using namespace glovebox;
using namespace glovebox::tools;
using namespace glovebox::tools::test;

namespace {

// Calls `swap` on a thread for as long as it lives.
class Swapper {
 public:
  explicit Swapper(std::function<void()> swap)
      : thread_([this, swap = std::move(swap)] {
          while (!is_over_) {
            swap();
            ++swaps_;
          }
        }) {}
  ~Swapper() {
    is_over_ = true;
    thread_.join();
  }
  Swapper(const Swapper&) = delete;
  Swapper& operator=(const Swapper&) = delete;
  int swaps() const { return swaps_; }

 private:
  std::atomic<bool> is_over_ = false;
  std::atomic<int> swaps_ = 0;
  std::thread thread_;
};

void exchange(const std::filesystem::path& a, const std::filesystem::path& b) {
  ::syscall(SYS_renameat2, AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE);
}

constexpr int kRounds = 3'000;

// A workspace where `d` is now a folder and now a link to a folder outside.
struct Swapped {
  Tree tree;
  Roots roots = tree.roots();
  Swapped() {
    tree.put("d/f", "inside");
    tree.put_outside("f", "canary");
    tree.link(tree.path("outside").string(), "e");
  }
  std::function<void()> swap() const {
    return [this] { exchange(tree.in("d"), tree.in("e")); };
  }
};

}  // namespace

TEST_CASE("B01 no write or edit lands outside while a folder and a link are swapped") {
  const Swapped swapped;
  const Swapper swapper(swapped.swap());
  int written = 0;
  for (int i = 0; i < kRounds || (written == 0 && i < 100 * kRounds); ++i) {
    written +=
        !is_error(call(FileTool::write, swapped.roots, R"({"file_path":"d/new","content":"x"})"));
    call(FileTool::write, swapped.roots, R"({"file_path":"d/f","content":"inside"})");
    call(FileTool::edit, swapped.roots,
         R"({"file_path":"d/f","old_string":"canary","new_string":"edited"})");
  }
  CHECK(written > 0);
  CHECK(swapped.tree.bytes(swapped.tree.path("outside/f")) == "canary");
  std::size_t outside = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator(swapped.tree.path("outside"))) {
    ++outside;
  }
  CHECK(outside == 1);
}

TEST_CASE("B02 nothing outside is read or found while a folder and a link are swapped") {
  const Swapped swapped;
  const Swapper swapper(swapped.swap());
  int reads = 0;
  int leaks = 0;
  for (int i = 0; i < kRounds || (reads == 0 && i < 100 * kRounds); ++i) {
    const std::string text = text_of(call(FileTool::read, swapped.roots, R"({"file_path":"d/f"})"));
    reads += text == "inside";
    leaks += text == "canary";
    if (i % 10 != 0) continue;
    const std::string hits =
        text_of(call(FileTool::grep, swapped.roots, R"({"pattern":"canary"})"));
    leaks += hits.find("canary") != std::string::npos;
    const std::string found =
        text_of(call(FileTool::glob, swapped.roots, R"({"pattern":"d/*","path":"."})"));
    leaks += found.find("outside") != std::string::npos;
  }
  CHECK(reads > 0);
  CHECK(leaks == 0);
}

TEST_CASE("B04 a file that becomes something else is refused, and nothing hangs") {
  using Make = void (*)(const std::filesystem::path&);
  const struct {
    const char* name;
    Make make;
  } others[] = {
      {"a FIFO", [](const std::filesystem::path& at) { ::mkfifo(at.c_str(), 0600); }},
      {"a device",
       [](const std::filesystem::path& at) {
         // An ordinary user cannot: then the name stays missing, and exchanging fails.
         ::mknod(at.c_str(), S_IFCHR | 0600, makedev(1, 5));
       }},
      {"a folder", [](const std::filesystem::path& at) { std::filesystem::create_directory(at); }},
      {"a sparse file",
       [](const std::filesystem::path& at) {
         std::ofstream(at).flush();
         std::filesystem::resize_file(at, std::uintmax_t{1} << 40);
       }},
  };
  for (const auto& other : others) {
    CAPTURE(other.name);
    const Tree tree;
    tree.put("f", "text");
    other.make(tree.in("other"));
    const Roots roots = tree.roots();
    const Swapper swapper([&] { exchange(tree.in("f"), tree.in("other")); });
    int reads = 0;
    for (int i = 0; i < kRounds / 3 || (reads == 0 && i < 100 * kRounds); ++i) {
      const ToolResult read = call(FileTool::read, roots, R"({"file_path":"f"})");
      if (!is_error(read)) {
        CHECK(text_of(read) == "text");
        ++reads;
      }
      call(FileTool::edit, roots, R"({"file_path":"f","old_string":"nowhere","new_string":""})");
    }
    CHECK(reads > 0);
  }
}

TEST_CASE("B05 a link that takes the target's place is replaced, never followed") {
  const Tree tree;
  tree.put("f", "inside");
  tree.put_outside("victim", "canary");
  tree.link((tree.path("outside") / "victim").string(), "l");
  const Roots roots = tree.roots();
  const Swapper swapper([&] { exchange(tree.in("f"), tree.in("l")); });
  // Each save waits for the disk and for the swapper's lock on the folder.
  for (int i = 0; i < kRounds / 10; ++i) {
    call(FileTool::write, roots, R"({"file_path":"f","content":"inside"})");
    call(FileTool::edit, roots, R"({"file_path":"f","old_string":"canary","new_string":"x"})");
  }
  CHECK(tree.bytes(tree.path("outside/victim")) == "canary");
}

TEST_CASE("parents are made one by one and never through a link") {
  const Tree tree;
  tree.link(tree.path("outside").string(), "out");
  const Roots roots = tree.roots();
  Place place{&roots.workspace(), "/workspace/out/x/f", "out/x/f"};  // as if swapped after locate
  CHECK_FALSE(open_parent(place));
  CHECK_FALSE(std::filesystem::exists(tree.path("outside/x")));
  place = {&roots.workspace(), "/workspace/a/b/c", "a/b/c"};
  CHECK(open_parent(place));
  CHECK(std::filesystem::is_directory(tree.in("a/b")));
  CHECK(last_name(place) == "c");
}
