#include "policy/keys.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "policy/policy.h"

namespace glovebox::policy {

namespace {

using Words = std::string_view;
constexpr std::array<Words, 4> kModes = {"ro", "rw", "tmp", "hide"};
constexpr std::array<Words, 1> kPublic = {"public"};
constexpr std::array<Words, 2> kBackgrounds = {"kill", "keep"};
constexpr std::array<Words, 2> kUsers = {"agent", "root"};
constexpr std::array<Words, 2> kEnforce = {"best", "wall"};
constexpr std::array<Words, 3> kLevels = {"metadata", "args", "args+output"};
constexpr std::array<Words, 2> kAuditEgress = {"ordered", "durable"};
constexpr std::array<Words, 4> kEgressModes = {"http", "inspect", "sni", "raw"};
constexpr std::array<Words, 1> kOtherwise = {"deny"};
constexpr std::array<Words, 3> kExposures = {"egress", "file", "env"};
constexpr std::array<Words, 2> kExpect = {"allow", "deny"};

using enum Shape;
using P = Place;
constexpr auto kNeeded = Need::required;
constexpr auto kFree = Need::optional;

constexpr KeyRule kRules[] = {
    {P::policy,
     "glovebox",
     whole,
     "Version of the policy language; the first key of the file.",
     kNeeded,
     P::policy,
     {},
     1,
     1},
    {P::policy, "name", text, "What this policy is called in messages and records."},
    {P::policy, "cap", text, "File that bounds every profile; absolute, or relative to this file."},
    {P::policy, "include", texts,
     "Files with profiles, secrets, tools and tests, in this folder or below it."},
    {P::policy, "bind", tables, "Who gets which profile: at most one bind applies to a call.",
     kNeeded, P::bind},
    {P::policy, "profile", named, "What a call may do.", kFree, P::profile},
    {P::policy, "secret", named, "A credential, and where it may go.", kFree, P::secret},
    {P::policy, "tool", named, "A tool of the operator's own.", kFree, P::tool},
    {P::policy, "test", tables, "A request and what must become of it.", kFree, P::test},

    {P::included, "glovebox", whole, "Version of the policy language.", kFree, P::policy, {}, 1, 1},
    {P::included, "profile", named, "What a call may do.", kFree, P::profile},
    {P::included, "secret", named, "A credential, and where it may go.", kFree, P::secret},
    {P::included, "tool", named, "A tool of the operator's own.", kFree, P::tool},
    {P::included, "test", tables, "A request and what must become of it.", kFree, P::test},

    {P::test_file,
     "glovebox",
     whole,
     "Version of the policy language.",
     kFree,
     P::policy,
     {},
     1,
     1},
    {P::test_file, "test", tables, "A request and what must become of it.", kFree, P::test},

    {P::cap_file,
     "glovebox",
     whole,
     "Version of the policy language; the first key of the file.",
     kNeeded,
     P::policy,
     {},
     1,
     1},
    {P::cap_file, "name", text, "What this cap is called in messages."},
    {P::cap_file, "cap", table,
     "What no profile may exceed: rights that are not mentioned are not allowed, single values "
     "that are not mentioned are not bounded.",
     kNeeded, P::cap},

    {P::bind, "environment", text, "Id of an environment; absent: any."},
    {P::bind, "agent", text, "Id of an agent; absent: any."},
    {P::bind, "tools", strings,
     "Tool to profile; a tool is a name or a prefix with `*` at its end, the longest wins.",
     kNeeded},

    {P::profile, "extends", text, "The profile whose rights this one adds to."},
    {P::profile, "why", text, "Why it adds rights: a sentence, the number of a ticket."},
    {P::profile, "expires", date, "The last day on which it adds anything."},
    {P::profile, "root", text, "\"host\", or \"image:NAME\" of the configuration."},
    {P::profile, "mount", tables, "What of the host is seen, and what is hidden.", kFree, P::mount},
    {P::profile, "env", strings, "Environment variables; nothing is inherited."},
    {P::profile, "background", text, "What becomes of processes that a call leaves behind.", kFree,
     P::policy, kBackgrounds},
    {P::profile, "user", text, "Who the programs in the box are.", kFree, P::policy, kUsers},
    {P::profile, "limits", table, "What a call may use up.", kFree, P::limits},
    {P::profile, "syscalls", text,
     "Filter of system calls: \"builtin:NAME\", or a file, relative to this one."},
    {P::profile,
     "landlock",
     whole,
     "The ABI of Landlock that the kernel must have.",
     kFree,
     P::policy,
     {},
     1,
     64},
    {P::profile, "guard", texts,
     "Names that a call may neither change nor create at the root of the workspace or of a "
     "repository in it."},
    {P::profile, "devices", texts, "Nodes below /dev that are in the box."},
    {P::profile, "egress", tables, "Where connections may go.", kFree, P::egress},
    {P::profile, "deny", table, "What is denied whatever allows it.", kFree, P::deny},
    {P::profile, "approve", tables, "Calls that somebody has to allow first.", kFree, P::approve},
    {P::profile, "audit", table, "What is recorded.", kFree, P::audit},

    {P::cap, "root", text, "\"host\", or \"image:NAME\" of the configuration."},
    {P::cap, "mount", tables, "What of the host may be seen.", kFree, P::mount},
    {P::cap, "background", text, "What may become of processes that a call leaves behind.", kFree,
     P::policy, kBackgrounds},
    {P::cap, "user", text, "Who the programs in the box may be.", kFree, P::policy, kUsers},
    {P::cap, "limits", table, "The most that a call may use up.", kFree, P::limits},
    {P::cap, "syscalls", text, "The filter that permits everything that a profile's may."},
    {P::cap,
     "landlock",
     whole,
     "The ABI of Landlock that profiles must demand.",
     kFree,
     P::policy,
     {},
     1,
     64},
    {P::cap, "guard", texts, "Names that every profile must guard."},
    {P::cap, "devices", texts, "Nodes below /dev that may be in a box."},
    {P::cap, "egress", tables, "Where connections may be allowed to go.", kFree, P::egress},
    {P::cap, "deny", table, "What no profile may allow.", kFree, P::deny},
    {P::cap, "approve", tables, "Calls that somebody has to allow in every profile.", kFree,
     P::approve},
    {P::cap, "audit", table, "The least that is recorded.", kFree, P::audit},

    {P::mount, "at", text, "Absolute path in the box, @workspace, @workspace/… or @tmp.", kNeeded},
    {P::mount, "from", text, "Absolute path on the host; absent: the same as `at`."},
    {P::mount, "mode", text, "How it is mounted.", kNeeded, P::policy, kModes},
    {P::mount, "exec", flag,
     "Whether programs run from there; what can be written cannot unless "
     "this says so."},
    {P::mount, "size", quantity, "Size of a tmp mount."},
    {P::mount, "data", text, "\"public\": nobody would mind if it left the host.", kFree, P::policy,
     kPublic},

    {P::limits, "wall", limit, "Time that a call may take.", kFree, P::limit},
    {P::limits, "cpu", limit, "Processor time.", kFree, P::limit},
    {P::limits, "cores", count, "Processors at once.", kFree, P::limit, {}, 1, kMaxCount},
    {P::limits, "memory", limit, "Memory.", kFree, P::limit},
    {P::limits, "pids", count, "Processes and threads at once.", kFree, P::limit, {}, 1, kMaxCount},
    {P::limits, "disk", limit, "What the workspace may grow to.", kFree, P::limit},
    {P::limits, "tmp", limit, "Size of /tmp.", kFree, P::limit},
    {P::limits, "files", count, "Open files of a process.", kFree, P::limit, {}, 1, kMaxCount},
    {P::limits, "output", limit, "Output that is kept.", kFree, P::limit},

    {P::limit, "value", magnitude, "The limit.", kNeeded},
    {P::limit, "enforce", text, "\"wall\": a host that can only watch it is refused.", kFree,
     P::policy, kEnforce},

    {P::audit, "level", text, "How much of a call is recorded.", kFree, P::policy, kLevels},
    {P::audit, "egress", text, "Whether a connection waits for its record.", kFree, P::policy,
     kAuditEgress},
    {P::audit, "capture", texts, "What is kept beside the records."},

    {P::deny, "tools", texts, "Tools; a name or a prefix with `*` at its end."},
    {P::deny, "paths", texts, "Paths of the box, and what lies below them."},
    {P::deny, "syscalls", texts, "Names of system calls; the answer is EPERM."},
    {P::deny, "egress", texts, "Host names, `*.suffix`, addresses and blocks of addresses."},

    {P::egress, "host", text, "A name, `*.suffix`, an address or a block of addresses.", kNeeded},
    {P::egress, "port", port, "A port, or a range \"8000-8100\".", kNeeded},
    {P::egress, "mode", text, "What the egress role looks at; 443: sni, 80: http.", kFree,
     P::policy, kEgressModes},
    {P::egress, "allow", texts, "\"METHOD /path/*/**\"; with http and inspect."},
    {P::egress, "whole_host", flag, "Anything may be done there; needs `why`."},
    {P::egress, "trusted", flag, "What comes from there is no untrusted input."},
    {P::egress, "private", flag, "Its addresses may be ones that are not public."},
    {P::egress, "inject", text, "A secret that is added on the way; with inspect."},
    {P::egress, "why", text, "Why it is needed."},

    {P::approve, "when", table, "Which calls.", kNeeded, P::when},
    {P::approve, "by", text, "Who is asked: \"channel:name\".", kNeeded},
    {P::approve, "timeout", quantity, "How long the answer may take.", kNeeded},
    {P::approve, "otherwise", text, "What becomes of it without an answer.", kNeeded, P::policy,
     kOtherwise},

    {P::when, "tool", text, "A tool; a name or a prefix with `*` at its end.", kNeeded},

    {P::secret, "from", text, "\"credential:NAME\" or \"file:/path\".", kNeeded},
    {P::secret, "only", texts, "\"host:port\": where it may go.", kNeeded},
    {P::secret, "expose", text, "Who holds it: the egress role, or the tools themselves.", kFree,
     P::policy, kExposures},
    {P::secret, "tools", texts, "Who sees it, with \"file\" and \"env\"."},

    {P::tool, "description", text, "What the model is told about it."},
    {P::tool, "command", texts, "Program and arguments; the input is JSON on stdin."},
    {P::tool, "mcp", table, "An MCP server whose tools are served.", kFree, P::mcp},

    {P::mcp, "command", texts, "Program and arguments; started in a box."},
    {P::mcp, "url", text, "An https address."},

    {P::test, "as", table, "Who asks.", kFree, P::who},
    {P::test, "try", text, "A request, as `policy why` takes it.", kNeeded},
    {P::test, "expect", text, "What must become of it.", kNeeded, P::policy, kExpect},

    {P::who, "environment", text, "Id of an environment."},
    {P::who, "agent", text, "Id of an agent."},
    {P::who, "tool", text, "Name of a tool."},
};
static_assert(std::ranges::is_sorted(kRules, {}, &KeyRule::place));

}  // namespace

std::span<const KeyRule> key_rules() {
  return kRules;
}

std::span<const KeyRule> keys_of(Place place) {
  const auto found = std::ranges::equal_range(kRules, place, {}, &KeyRule::place);
  return {found.begin(), found.end()};
}

std::vector<std::string_view> key_names(Place place) {
  std::vector<std::string_view> names;
  for (const KeyRule& rule : keys_of(place)) names.push_back(rule.name);
  return names;
}

void only_keys(DocumentReader& reader, const Table& table, std::string_view where, Place place) {
  const auto known = keys_of(place);
  for (const Entry& entry : table.entries)
    if (std::ranges::find(known, entry.key.name, &KeyRule::name) == known.end())
      reader.unknown_key(entry.key, where, key_names(place));
}

}  // namespace glovebox::policy
