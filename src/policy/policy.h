// The policy: who may run what inside which walls, as typed data.
//
// A Policy exists only if its files were valid as a whole. Every value keeps the place it came
// from, so that each decision can name its rule as file:line. Rules are sets: the order in a file
// means nothing. What is not allowed is denied, and a denial wins over whatever allows.
//
// A profile is written in parts (ProfilePart): its own keys, and those of the profile that it
// extends. flatten() makes of the parts what a call gets (Profile); everything that decides,
// compares or explains works on that.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/units.h"
#include "codec/cidr.h"

namespace glovebox::policy {

struct Origin {
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t width = 1;  // columns that a caret underlines

  bool operator==(const Origin&) const = default;
};
std::string to_string(const Origin& origin);  // `file:line`

using Day = std::chrono::sys_days;

enum class MountMode { read_only, read_write, tmpfs, hide };
enum class Exec { no, yes };
// Whether somebody would mind if what is mounted left the host (F4 of design/policy.md).
enum class Data { confidential, public_data };

struct Mount {
  std::string at;  // absolute path in the box, `@workspace`, `@workspace/…`, `@tmp`
  std::optional<std::string> from;  // absolute path on the host; absent: the same as `at`
  MountMode mode = MountMode::read_only;
  Exec exec = Exec::no;
  std::optional<ByteLimit> size;  // tmpfs only
  Data data = Data::confidential;
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

// A name, or `*.suffix`: names with one or more labels before the suffix. Lower case, A-labels.
struct HostPattern {
  std::string name;  // without `*.`
  bool below = false;

  bool operator==(const HostPattern&) const = default;
};
using EgressTarget = std::variant<HostPattern, codec::Cidr>;

struct PortRange {
  std::uint16_t first = 0, last = 0;  // both included

  bool operator==(const PortRange&) const = default;
};

// In the order of what they hide from the egress role.
enum class EgressMode { http, inspect, sni, raw };

// `/seg/*/seg/**`: `*` is one segment, `**` is what is left, also nothing.
struct PathPattern {
  std::vector<std::string> segments;
  bool open = false;  // ends with `**`

  bool operator==(const PathPattern&) const = default;
};
struct HttpRule {
  std::string method;  // upper case; `*` for any
  PathPattern path;
  Origin origin;
};

struct EgressRule {
  EgressTarget target;
  PortRange ports;
  EgressMode mode = EgressMode::sni;
  std::vector<HttpRule> allow;        // empty with `whole_host`
  bool whole_host = false;            // anything may be done there
  bool trusted = false;               // what comes from there is no untrusted input
  bool private_addresses = false;     // the name may stand for an address that is not public
  std::optional<std::string> inject;  // a secret's name; mode inspect only
  std::string why;
  Origin origin;
};

// A box is listened to on so many TCP ports at most, of all rules of its profile.
inline constexpr std::size_t kMostEgressPorts = 32;

// What is denied whatever allows it.
struct Deny {
  template <class T>
  struct Item {
    T value;
    Origin origin;
  };
  std::vector<Item<std::string>> tools;     // patterns as in a bind
  std::vector<Item<std::string>> paths;     // of the box: absolute, or `@workspace/…`
  std::vector<Item<std::string>> syscalls;  // names; answered with EPERM
  std::vector<Item<EgressTarget>> egress;
};

// A name that a call may neither change nor create at the workspace root or at the root of a
// repository in it: `.git/hooks`, `.vscode`, `.env*`.
struct Guard {
  std::string name;
  Origin origin;
};

struct Approval {
  std::string tool;  // a pattern as in a bind
  std::string by;    // `channel:name`
  milliseconds timeout{0};
  Origin origin;  // of `otherwise`, which can only be deny
};

enum class AuditLevel { metadata, args, args_output };
enum class AuditEgress { ordered, durable };
struct Audit {
  AuditLevel level = AuditLevel::args;
  AuditEgress egress = AuditEgress::ordered;
  std::set<std::string> capture;
};

// What a call gets.
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
  std::vector<Guard> guard;
  std::vector<std::string> devices;  // nodes below /dev
  std::vector<EgressRule> egress;
  Deny deny;
  std::vector<Approval> approvals;
  Audit audit;
  Origin origin;  // of its name
  // Where a key that has no place of its own was written: `background`, `env.LANG`, `audit.level`,
  // `audit.capture.NAME`, `devices./dev/x`, `syscalls`, `landlock`, `user`; in the profile of a
  // part also `extends`, `why`, `expires`, `guard`, `egress.inject.SECRET`. Absent: the default.
  std::map<std::string, Origin> origins;
};

// A profile as one table of a file gives it. What is absent is the parent's, or the default.
struct ProfilePart {
  std::string name;
  std::optional<std::string> extends;
  std::string why;
  std::optional<Day> expires;   // the last day on which it adds anything
  std::set<std::string> given;  // keys that stand in it: `root`, `limits.wall`, `audit.level`
  Profile own;                  // values of the keys that are given
};

enum class Exposure { egress, file, env };
struct Endpoint {
  HostPattern host;
  std::uint16_t port = 0;

  bool operator==(const Endpoint&) const = default;
};
struct SecretRule {
  std::string name;
  std::string from;  // `credential:NAME`, `file:PATH`
  std::vector<Endpoint> only;
  Exposure expose = Exposure::egress;
  std::vector<std::string> tools;  // with file and env: who sees it
  Origin origin;
};

// A tool of the operator's own (`[tool.NAME]`).
struct CustomTool {
  std::string name;
  std::string description;
  std::vector<std::string> command;                     // argv, or
  std::optional<std::vector<std::string>> mcp_command;  // an MCP server started in a box, or
  std::optional<std::string> mcp_url;                   // one of the private network
  Origin origin;
};

// Who asks, as far as a policy can tell callers apart.
struct Who {
  std::string environment = "local";
  std::string agent = "local";
  std::string tool = "bash";

  bool operator==(const Who&) const = default;
};

// `[[test]]`: a request in the grammar of request.h and what must become of it.
struct Test {
  Who as;
  std::string request;
  bool allow = false;
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

enum class Ground : std::uint8_t { given, no_bind, not_named, denied, expired };

struct Decision {
  const Profile* profile = nullptr;  // null: denied
  Origin rule;                       // what decided
  std::string reason;                // for people; names no untrusted text
  Ground ground = Ground::no_bind;
  const ToolRule* bound = nullptr;  // what the bind gives, also when that denies the tool
};

struct Policy {
  std::string file;
  std::string name;
  std::vector<Bind> binds;
  std::map<std::string, ProfilePart> parts;
  // As they are on `day`: a part that has expired adds nothing, and a profile whose own part has
  // expired and that extends none allows nothing (it stays here, empty, with its origin).
  std::map<std::string, Profile> profiles;
  Day day{};
  std::optional<Day> last_day;  // on which `profiles` hold; absent: for ever
  // What no profile may exceed: rights that it does not mention are not allowed, @workspace and
  // @tmp aside; a single value that it does not mention (no origin) is the widest that there is.
  // bound_for() gives the cap as one profile meets it.
  std::optional<Profile> cap;
  std::map<std::string, SecretRule> secrets;
  std::map<std::string, CustomTool> tools;
  std::vector<Test> tests;

  // The same policy on another day.
  Policy on(Day day) const;

  // Exactly one bind can apply (overlaps are refused when the file is read); inside it the longest
  // literal prefix wins; what `deny.tools` of the profile names is denied, and so is everything
  // when no part of the profile holds on `day` any more.
  Decision decide(std::string_view environment, std::string_view agent,
                  std::string_view tool) const;
};

// A profile may extend one that extends one …, so often.
constexpr int kMaxExtends = 4;

// Whether `tool` is what `pattern` names: a name, `prefix*`, or `*`.
bool matches(std::string_view pattern, std::string_view tool);
// Whether every tool that `inner` names is named by `outer`.
bool tools_lie_in(std::string_view inner, std::string_view outer);

// One profile, child after parents: rights add up, single values are the child's where it gives
// them, denials and guards of all hold. Of two mounts at one place `hide` wins, else the wider of
// modes, exec and sizes; what `deny.paths` names is hidden. A part that has expired adds nothing:
// its denials, guards, approvals and hidden places hold, its single values where they are the
// narrower ones. `parts` must be free of cycles and undefined parents.
Profile flatten(const std::map<std::string, ProfilePart>& parts, std::string_view name, Day day);
// The part of that name if neither it nor any of its ancestors holds on `day`: then the profile
// allows nothing. Null otherwise.
const ProfilePart* ended(const std::map<std::string, ProfilePart>& parts, std::string_view name,
                         Day day);
// The cap as this profile meets it: single values that the cap does not mention are the profile's
// own. Only for a policy that has one.
Profile bound_for(const Policy& policy, const Profile& profile);

// Whether everything that is reached by `inner` is reached by `outer`.
bool lies_in(const EgressTarget& inner, const EgressTarget& outer);
bool request_lies_in(const HttpRule& inner, const HttpRule& outer);
// As far as two rules of the same mode can be compared one by one.
bool rule_lies_in(const EgressRule& inner, const EgressRule& outer);
std::string to_string(const EgressTarget& target);
std::string to_string(Day day);  // 2027-03-31

}  // namespace glovebox::policy
