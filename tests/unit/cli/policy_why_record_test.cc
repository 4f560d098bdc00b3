#include "cli/policy_why_record.h"

#include <stdlib.h>

#include <catch2/catch_test_macros.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "../salted_record.h"

#include "../log_folder.h"
#include "audit/record.h"
#include "cli/policy_why.h"
#include "codec/digest.h"
#include "roles/call_decision.h"
#include "roles/stored_policy.h"

namespace glovebox::cli {
namespace {

using audit::RecordKind;
using codec::JsonObject;

constexpr std::string_view kText = R"(glovebox = 1
[[bind]]
environment = "prod"
tools = { bash = "p", "mcp:*" = "q" }
[profile.q]
mount = [{ at = "@workspace", mode = "ro" }]
[profile.p]
extends = "q"
why = "it ends"
expires = 2026-11-25
mount = [{ at = "@workspace", mode = "rw" }]
guard = [ ".vscode" ]
egress = [
  { host = "a.test", port = 443, mode = "inspect", allow = [ "GET /v1" ] },
  { host = "10.0.0.7", port = 5432, mode = "raw", private = true, why = "the database", whole_host = true },
]
deny = { tools = [ "mcp:x/*" ] }
)";

// Digests of a policy as the boxer makes them.
std::string digest_of(const roles::PolicySource& source) {
  roles::BoxerSettings settings;
  settings.policy_file = source.file;
  settings.policy_text = source.text;
  return roles::activate_policy(settings, policy::Day::max()).value().digest;
}

// The folder of a log in which the policy was loaded as record 0.
class Log {
 public:
  explicit Log(std::string_view text = kText, std::string_view digest = "") {
    std::string name = std::filesystem::temp_directory_path() / "glovebox-why-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    roles::PolicySource source;
    source.file = "/etc/glovebox/policy.toml";
    source.text = text;
    document_ = roles::document_of(source);
    digest_ = digest.empty() ? digest_of(source) : digest;
    std::filesystem::create_directory(folder_ / "policies");
    keep(document_);
    add(RecordKind::policy_load, "", {{"pol", digest_}, {"doc", codec::sha256(document_).hex()}});
    add(RecordKind::session_open, "", {{"env", "prod"}, {"agent", "a"}});
  }
  ~Log() { std::filesystem::remove_all(folder_); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  std::string folder() const { return folder_.string(); }
  const std::string& digest() const { return digest_; }

  void keep(std::string_view document) const { write(folder_ / "policies" / digest_, document); }
  void forget() const { std::filesystem::remove(folder_ / "policies" / digest_); }

  // Returns its index.
  std::uint64_t add(RecordKind kind, std::string_view tool_use,
                    std::initializer_list<std::pair<const char*, std::string>> members,
                    std::int64_t day = 24) {
    constexpr std::int64_t kMicrosecondsOfDay = 86'400'000'000;
    constexpr std::int64_t kNovember = 1'793'491'200'000'000;  // 2026-11-01
    JsonObject object;
    for (const auto& [key, value] : members) object.set(key, value);
    if (port_ != 0) object.set("port", port_);
    const audit::RecordStamp stamp{.wall = {kNovember + (day - 1) * kMicrosecondsOfDay},
                                   .since_boot = microseconds(1),
                                   .boot_id = "b",
                                   .previous = {}};
    const bool has_session = kind != RecordKind::policy_load;
    glovebox::test::add_to_log(
        folder_, {glovebox::test::salted_record(kind, stamp, has_session ? "s" : "", tool_use,
                                                std::move(object))
                      .value()});
    return count_++;
  }
  std::uint64_t traffic(RecordKind kind, std::int64_t port,
                        std::initializer_list<std::pair<const char*, std::string>> members) {
    port_ = port;
    const std::uint64_t index = add(kind, "", members);
    port_ = 0;
    return index;
  }
  std::uint64_t call(std::string_view tool, std::string_view id = "t", std::int64_t day = 24) {
    return add(RecordKind::tool_intent, id,
               {{"tool", std::string(tool)}, {"pol", digest_}, {"dec", "allow"}}, day);
  }

 private:
  static void write(const std::filesystem::path& path, std::string_view bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  }

  std::filesystem::path folder_;
  std::string document_, digest_;
  std::uint64_t count_ = 0;
  std::int64_t port_ = 0;  // of the record that is made
};

Error error_of(const Log& log, std::uint64_t index) {
  const auto why = why_of_record(log.folder(), index);
  REQUIRE_FALSE(why);
  return why.error();
}

ExitCode run(const Log& log, std::uint64_t index) {
  PolicyWhyOptions options;
  options.record = index;
  options.log = log.folder();
  return run_policy_why(options);
}

TEST_CASE("where a record says nothing, or its policy is not what it was, there is no answer") {
  SECTION("no log") {
    CHECK(why_of_record("/nowhere", 0).error().kind() == ErrorKind::not_found);
  }
  SECTION("no such record, and one that decides nothing") {
    Log log;
    CHECK(error_of(log, 99).message().contains("no record 99: the last one is 1"));
    CHECK(error_of(log, 0).message().contains("record 0 is a policy.load"));
    CHECK(run(log, 99) == ExitCode::invalid_file);
  }
  SECTION("the policy is not kept any more") {
    Log log;
    const auto index = log.call("bash");
    log.forget();
    CHECK(error_of(log, index).kind() == ErrorKind::not_found);
    CHECK(run(log, index) == ExitCode::invalid_file);
  }
  SECTION("the policy was never loaded") {
    Log log;
    log.add(RecordKind::tool_intent, "t", {{"tool", "bash"}, {"pol", std::string(64, 'f')}});
    CHECK(error_of(log, 2).message().contains("was ever loaded"));
  }
  SECTION("the policy was changed") {
    Log log;
    const auto index = log.call("bash");
    log.keep("{}");
    CHECK(error_of(log, index).message().contains("it was changed"));
  }
  SECTION("the policy is not the one of its name, and the log says that it is") {
    Log log(kText, std::string(64, 'a'));
    const Error error = error_of(log, log.call("bash"));
    CHECK(error.kind() == ErrorKind::conflict);
    CHECK(error.message().contains("what is kept of policy " + log.digest() + " is here policy "));
    CHECK(error.message().contains("hint: "));
    CHECK(run(log, 2) == ExitCode::invalid_file);
  }
}

TEST_CASE("a record of a call is decided as it was") {
  Log log;
  const auto given = log.call("bash");
  const auto denied = log.add(
      RecordKind::tool_deny, "u",
      {{"tool", "grep"}, {"pol", log.digest()}, {"dec", "deny"}, {"why", "no rule names it"}});
  const auto why = why_of_record(log.folder(), given);
  REQUIRE(why);
  CHECK(why->verdict.allow());
  CHECK(to_text(*why) ==
        "record 2, tool.intent of 2026-11-24T00:00:00.000000Z: allow\n"
        "policy " +
            log.digest() +
            "\n"
            "request tool bash, as tool bash in environment prod of agent a\n"
            "allow: the bind gives tool `bash`\n"
            "  bind         tool `bash` gets profile `p`\n"
            "               at /etc/glovebox/policy.toml:4\n"
            "  profile      `p`\n"
            "               at /etc/glovebox/policy.toml:7\n"
            "  rule         the bind gives tool `bash`\n"
            "               at /etc/glovebox/policy.toml:4\n"
            "  enforced by  the boxer, before a box is made\n");
  CHECK(run(log, given) == ExitCode::done);

  const auto no = why_of_record(log.folder(), denied);
  REQUIRE(no);
  CHECK_FALSE(no->verdict.allow());
  CHECK(to_text(*no).contains(": deny, no rule names it\n"));
  CHECK(to_json(*no).contains(
      R"("record":{"index":3,"kind":"tool.deny","time":"2026-11-24T00:00:00.000000Z",)"
      R"("said":"deny, no rule names it","policy":")" +
      log.digest()));
  CHECK(run(log, denied) == ExitCode::negative);
}

TEST_CASE("traffic of a tool, and of a network that calls share, is decided as it was") {
  Log log;
  const auto denied = log.traffic(RecordKind::net_deny, 443,
                                  {{"tool", "bash"},
                                   {"prof", "p"},
                                   {"pol", log.digest()},
                                   {"dec", "deny"},
                                   {"l7", "inspect"},
                                   {"host", "a.test"},
                                   {"meth", "POST"},
                                   {"path", "/v1"},
                                   {"why", "x"}});
  const auto opened = log.traffic(RecordKind::net_open, 5432,
                                  {{"prof", "p"},
                                   {"pol", log.digest()},
                                   {"dec", "allow"},
                                   {"l7", "raw"},
                                   {"host", "10.0.0.7"}});
  const auto asked = log.add(
      RecordKind::net_deny, "",
      {{"prof", "q"}, {"pol", log.digest()}, {"dec", "deny"}, {"l7", "dns"}, {"host", "b.test"}});
  const auto unknown = log.add(RecordKind::net_deny, "",
                               {{"prof", "gone"},
                                {"pol", log.digest()},
                                {"dec", "deny"},
                                {"l7", "dns"},
                                {"host", "b.test"}});
  const auto of_tool = why_of_record(log.folder(), denied);
  REQUIRE(of_tool);
  CHECK_FALSE(of_tool->verdict.allow());
  CHECK(to_text(*of_tool).contains(
      "request POST https://a.test/v1, as tool bash in environment prod of agent a\n"));
  CHECK(of_tool->verdict.words.contains("does not allow this method and path"));
  CHECK(to_json(*of_tool).contains(R"("tool":"bash")"));

  const auto shared = why_of_record(log.folder(), opened);
  REQUIRE(shared);
  CHECK(to_text(*shared) ==
        "record 3, net.open of 2026-11-24T00:00:00.000000Z: allow\n"
        "policy " +
            log.digest() +
            "\n"
            "request connect 10.0.0.7:5432, as profile p in environment prod of agent a\n"
            "allow: the rule for `10.0.0.7/32`, port 5432, mode raw gives it\n"
            "  profile      `p`, for whichever of its calls it was\n"
            "               at /etc/glovebox/policy.toml:7\n"
            "  rule         the rule for `10.0.0.7/32`, port 5432, mode raw gives it\n"
            "               at /etc/glovebox/policy.toml:15\n"
            "  enforced by  the egress role: a box has no other way out\n");
  CHECK(to_json(*shared).contains(R"("profile":"p")"));
  CHECK_FALSE(to_json(*shared).contains(R"("tool":)"));
  CHECK(run(log, opened) == ExitCode::done);

  CHECK(why_of_record(log.folder(), asked).value().verdict.words ==
        "the profile has no egress rule");
  CHECK(run(log, asked) == ExitCode::negative);
  CHECK(why_of_record(log.folder(), unknown).value().verdict.words ==
        "the policy has no profile of that name");
}

TEST_CASE("a refusal in a call names the rule that refused, on the day of the record") {
  Log log;
  log.call("bash");
  const auto taken = log.add(RecordKind::fs_deny, "t", {{"name", "/workspace/.vscode"}});
  const auto refused = log.add(RecordKind::sys_deny, "t", {{"call", "ptrace"}, {"dec", "deny"}});
  const auto guard = why_of_record(log.folder(), taken);
  REQUIRE(guard);
  CHECK(policy::to_string(guard->request.request) == "write @workspace/.vscode");
  CHECK(guard->verdict.words.contains("`.vscode` is guarded"));
  const auto call = why_of_record(log.folder(), refused);
  REQUIRE(call);
  CHECK(call->verdict.words.contains("builtin:bash"));
  CHECK_FALSE(call->verdict.allow());

  // The part that gives a workspace to write in has ended by then.
  log.add(RecordKind::tool_intent, "later", {{"tool", "bash"}, {"pol", log.digest()}}, 26);
  const auto late = log.add(RecordKind::fs_deny, "later", {{"name", "/workspace/file"}}, 26);
  const auto ended = why_of_record(log.folder(), late);
  REQUIRE(ended);
  CHECK(ended->verdict.words.contains("read-only"));
}

}  // namespace
}  // namespace glovebox::cli
