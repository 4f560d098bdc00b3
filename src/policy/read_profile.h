// The parts of a policy, from a document. For load.cc.
//
// Each function notes what is wrong at the reader and fills in what was right.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "policy/document.h"
#include "policy/keys.h"
#include "policy/policy.h"

namespace glovebox::policy {

constexpr std::size_t kMaxName = 256;  // bytes of an id, of a tool's name, of the policy's name
constexpr std::size_t kMaxSentence = 1024;  // of `why`, of a tool's description
constexpr std::size_t kMaxList = 4096;      // elements of one list

void read_bind(DocumentReader& reader, const Value& value, std::vector<Bind>& binds);
void read_profile(DocumentReader& reader, const Entry& entry,
                  std::map<std::string, ProfilePart>& parts);
// The keys of a profile or of a cap. `place` says which of the two.
void read_part(DocumentReader& reader, const Table& given, Place place, std::string_view where,
               ProfilePart& part);
void read_mounts(DocumentReader& reader, const Value& value, Profile& profile);
// Adds the names that were given to `given`, as `limits.NAME`.
void read_limits(DocumentReader& reader, const Value& value, Limits& limits,
                 std::set<std::string>& given);
void read_guard(DocumentReader& reader, const Value& value, std::vector<Guard>& guard);
void read_egress(DocumentReader& reader, const Value& value, Profile& profile);
void read_deny(DocumentReader& reader, const Value& value, Deny& deny);
void read_approvals(DocumentReader& reader, const Value& value, std::vector<Approval>& approvals);
void read_secret(DocumentReader& reader, const Entry& entry,
                 std::map<std::string, SecretRule>& secrets);
void read_tool(DocumentReader& reader, const Entry& entry,
               std::map<std::string, CustomTool>& tools);
void read_test(DocumentReader& reader, const Value& value, std::vector<Test>& tests);

// "64KiB" and the like.
std::optional<std::uint64_t> read_bytes(DocumentReader& reader, const Value& value,
                                        std::string_view what);
// "30s" and the like.
std::optional<milliseconds> read_time(DocumentReader& reader, const Value& value,
                                      std::string_view what);
// 1 to kMaxName bytes.
void read_name(DocumentReader& reader, const Value& value, std::string_view what,
               std::string& name);
void read_sentence(DocumentReader& reader, const Value& value, std::string_view what,
                   std::string& sentence);
// A list of different strings; `use` is called with each.
void read_texts(DocumentReader& reader, const Value& value, std::string_view what,
                const std::function<void(const Value&, const std::string&)>& use);
// A tool as a bind names it.
bool is_tool_pattern(std::string_view pattern);
inline constexpr std::string_view kToolForm = "a tool is a name, or a prefix with `*` at its end";
// A name, `*.suffix`, an address or a block.
std::optional<EgressTarget> read_target(DocumentReader& reader, const Value& value,
                                        const std::string& text);
// `host:port`.
std::optional<Endpoint> parse_endpoint(std::string_view text);
// Notes that the key belongs to a later version of glovebox.
void report_later(DocumentReader& reader, const Key& key);

}  // namespace glovebox::policy
