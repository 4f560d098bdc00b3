// The policy: who may run what inside which walls, as typed data.
//
// A Policy exists only if its file was valid as a whole. Every value keeps the place it came from,
// so that each decision can name its rule as file:line. Rules are sets: the order in a file means
// nothing. What is not allowed is denied.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace glovebox::policy {

struct Origin {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};
std::string to_string(const Origin& origin);  // `file:line`

enum class MountMode { read_only, read_write, tmpfs, hide };
enum class Exec { no, yes };

struct Mount {
  std::string at;  // absolute path in the box, `@workspace`, `@workspace/…`, `@tmp`
  std::optional<std::string> from;  // absolute path on the host; absent: the same as `at`
  MountMode mode = MountMode::read_only;
  Exec exec = Exec::no;
  std::optional<ByteLimit> size;  // tmpfs only
  Origin origin;
};

// How a limit must be kept. `best`: a wall where the host can build one, else watched.
enum class Enforce { best, wall };

template <class T>
struct Limit {
  T value;
  Enforce enforce = Enforce::best;
  Origin origin = {};
};

struct Limits {
  Limit<milliseconds> wall{seconds(120)};
  Limit<milliseconds> cpu{seconds(480)};
  Limit<std::uint32_t> cores{2};
  Limit<std::uint32_t> pids{512};
  Limit<std::uint32_t> files{1024};
  Limit<ByteLimit> memory{ByteLimit(2 * kGiB)};
  Limit<ByteLimit> disk{ByteLimit(4 * kGiB)};
  Limit<ByteLimit> tmp{ByteLimit(512 * kMiB)};
  Limit<ByteLimit> output{ByteLimit(64 * kMiB)};
};

// No limit may be larger: every limit is finite.
constexpr seconds kMaxTime{24 * 3600};
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 46;
constexpr std::uint32_t kMaxCount = 1'000'000;

// What becomes of the processes that a call leaves behind.
enum class Background {
  kill,  // they end with the call
  keep,  // they live on between the calls of the session, and end with it
};
enum class BoxUser { agent, root };

struct Root {
  enum class Kind { host, image } kind = Kind::host;
  std::string image;
  Origin origin;
};

struct Profile {
  std::string name;
  Root root;
  std::vector<Mount> mounts;
  std::map<std::string, std::string> env;
  Background background = Background::kill;
  BoxUser user = BoxUser::agent;
  Limits limits;
  std::string syscalls = "builtin:bash";  // or an absolute path
  int landlock_abi = 1;
  Origin origin;
};

// A tool pattern of a bind: a name, `prefix*`, or `*`.
struct ToolRule {
  std::string pattern;
  std::string profile;
  Origin origin;
};

struct Bind {
  std::optional<std::string> environment;  // absent: any
  std::optional<std::string> agent;
  std::vector<ToolRule> tools;
  Origin origin;
};

struct Decision {
  const Profile* profile = nullptr;  // null: denied
  Origin rule;                       // what decided
  std::string reason;                // for people; names no untrusted text
};

struct Policy {
  std::string file;
  std::string name;
  std::vector<Bind> binds;
  std::map<std::string, Profile> profiles;

  // Exactly one bind can apply (overlaps are refused when the file is read); inside it the longest
  // literal prefix wins.
  Decision decide(std::string_view environment, std::string_view agent,
                  std::string_view tool) const;
};

}  // namespace glovebox::policy
