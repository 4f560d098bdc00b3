// What `policy why` and `policy diff` say about a path is what the box's plan does about it.
#include <algorithm>
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <format>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "box/plan.h"
#include "plan_of.h"
#include "policy/compare.h"
#include "policy/file_place.h"
#include "policy/guard_name.h"
#include "policy/judge.h"
#include "policy/load.h"
#include "policy/normal_path.h"
#include "policy/system_places.h"

namespace glovebox::box {
namespace {

// A host that has everything.
class WholeHost final : public HostView {
 public:
  std::optional<PathFacts> look(const std::string& path) const override {
    const bool is_device = std::ranges::contains(policy::kSystemDevices, path);
    return PathFacts{is_device ? PathFacts::Kind::device : PathFacts::Kind::directory, {}, {1, 2}};
  }
};

struct Rights {
  bool read = false, write = false;
  bool operator==(const Rights&) const = default;
};

// What the box shows: what is mounted last is on top, and guards hold for what is there.
Rights in_box(const BoxPlan& plan, std::string_view path) {
  const MountEntry* top = nullptr;
  for (const MountEntry& entry : plan.mounts)
    if (entry.kind != MountKind::directory && policy::is_below(path, entry.at)) top = &entry;
  if (top == nullptr || top->kind == MountKind::mask) return {};
  Rights rights{true, top->access == Access::read_write || top->kind == MountKind::inner_bind};
  const std::string_view rest = policy::in_workspace(path);
  for (const GuardRule& guard : plan.guards) {
    const bool here = guard.reach == Reach::workspace
                          ? !rest.empty() && policy::named_part(guard.name, rest) != 0
                          : policy::names_in_workspace(guard.name, path);
    if (!here) continue;
    rights.write = false;
    if (guard.protection == Protection::hidden) rights.read = false;
  }
  return rights;
}

Rights by_policy(const policy::Profile& profile, const std::string& path) {
  const auto may = [&](policy::FileAct act) {
    return policy::judge(profile, {}, policy::FileRequest{act, path}).allowed;
  };
  return {may(policy::FileAct::read), may(policy::FileAct::write)};
}

// One after the other, the other way round: the order of a file means nothing.
std::vector<std::string> mount_lists() {
  const char* const outer[] = {
      R"({ at = "/data", mode = "ro" })",
      R"({ at = "/data", mode = "rw" })",
      R"({ at = "/data", mode = "hide" })",
      R"({ at = "/data", mode = "tmp" })",
      R"({ at = "/data", from = "/srv", mode = "rw" })",
  };
  const char* const inner[] = {
      R"({ at = "/data/x", mode = "hide" })",
      R"({ at = "/data/x", mode = "rw" })",
      R"({ at = "/data/x", mode = "tmp" })",
      R"({ at = "/data/x/y", mode = "ro" })",
      R"({ at = "/other", from = "/srv/x", mode = "ro" })",
      R"({ at = "@workspace/x", mode = "hide" })",
      R"({ at = "@workspace/x", mode = "ro" })",
      R"({ at = "@workspace/x*", mode = "ro" })",
      R"({ at = "@workspace/.env*", mode = "hide" })",
      R"({ at = "/usr/lib", mode = "hide" })",
      R"({ at = "/tools", from = "/usr", mode = "ro" })",
      R"({ at = "/var/tmp/x", mode = "hide" })",
  };
  std::vector<std::string> lists;
  for (const char* a : outer)
    for (const std::string_view b : inner) {
      lists.push_back(std::format("{}, {}", a, b));
      lists.push_back(std::format("{}, {}", b, a));
      for (const std::string_view c : inner)
        if (c > b && c.substr(0, c.find(',')) != b.substr(0, b.find(',')))
          lists.push_back(std::format("{}, {}, {}", b, a, c));
    }
  return lists;
}

constexpr const char* kDenials[] = {"", "/data/x", "@workspace/.env*", "/usr/bin", "/other/z"};

constexpr std::array kPaths = {"/data",
                               "/data/a",
                               "/data/x",
                               "/data/x/a",
                               "/data/x/y",
                               "/data/x/y/z",
                               "/other",
                               "/other/z",
                               "/other/y",
                               "/usr/lib/a",
                               "/usr/bin/a",
                               "/tools/lib/a",
                               "/tools/bin/a",
                               "/tools/share/a",
                               "/workspace/a",
                               "/workspace/x",
                               "/workspace/x/a",
                               "/workspace/xa",
                               "/workspace/b/x",
                               "/workspace/.env",
                               "/workspace/.env.local",
                               "/workspace/b/.envrc",
                               "/tmp/x",
                               "/tmp/a",
                               "/var/tmp/x",
                               "/var/tmp/a",
                               "/elsewhere",
                               "/etc/ssl/a"};

struct Case {
  std::string text;
  policy::Profile profile;
  std::vector<Rights> rights;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = [] {
    std::vector<Case> made;
    for (const std::string& list : mount_lists())
      for (const std::string_view denial : kDenials) {
        std::string text = std::format(
            "mount = [ {{ at = \"@workspace\", mode = \"rw\" }}, {{ at = \"@tmp\", mode = \"tmp\" "
            "}}, {} ]\n",
            list);
        if (!denial.empty()) text += std::format("deny = {{ paths = [ \"{}\" ] }}\n", denial);
        made.push_back({text, profile_of(text), {}});
        const BoxPlan plan = plan_of(made.back().profile, WholeHost()).value();
        for (const char* path : kPaths) made.back().rights.push_back(in_box(plan, path));
      }
    return made;
  }();
  return all;
}

TEST_CASE("a path is decided as the box shows it, whatever is hidden below or above a mount") {
  std::size_t checked = 0;
  for (const Case& one : cases())
    for (std::size_t i = 0; i < kPaths.size(); ++i) {
      const Rights said = by_policy(one.profile, kPaths.at(i));
      ++checked;
      if (said == one.rights[i]) continue;
      CAPTURE(one.text, kPaths.at(i), said.read, said.write, one.rights[i].read,
              one.rights[i].write);
      CHECK(said == one.rights[i]);
    }
  CHECK(checked > 10'000);
}

TEST_CASE("what a box shows and another does not is a difference of their policies") {
  const auto& all = cases();
  constexpr std::size_t kStep = 151;
  std::size_t wider = 0;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = i % kStep; j < all.size(); j += kStep) {
      bool more = false;
      for (std::size_t k = 0; k < kPaths.size(); ++k)
        more = more || (all[j].rights[k].read && !all[i].rights[k].read) ||
               (all[j].rights[k].write && !all[i].rights[k].write);
      if (!more) continue;
      ++wider;
      const auto found = policy::compare(all[i].profile, {}, all[j].profile, {});
      if (std::ranges::contains(found, policy::Direction::wider, &policy::Difference::direction))
        continue;
      CAPTURE(all[i].text, all[j].text);
      FAIL("no widening was found");
    }
  CHECK(wider > 1000);
}

TEST_CASE("what every box has is one list for those who decide and those who make it") {
  const BoxPlan plan = plan_of(profile_of("user = \"agent\"\n"), WholeHost()).value();
  std::set<std::string, std::less<>> made, known;
  for (const MountEntry& entry : plan.mounts)
    if (entry.kind != MountKind::directory) made.insert(entry.at);
  for (const std::string_view place : policy::system_places()) known.emplace(place);
  CHECK(made == known);
}

}  // namespace
}  // namespace glovebox::box
