// Goldens: tests/golden/audit. GLOVEBOX_ACCEPT=1 takes the present lines.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "audit/export_fields.h"
#include "audit/export_line.h"
#include "audit/export_ocsf.h"
#include "audit/export_run.h"
#include "codec/jcs.h"
#include "codec/json.h"
#include "codec/merkle.h"
#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

using codec::Json;
using codec::JsonObject;

const ExportOrigin kFrom{.origin = kOrigin, .version = "1.2.3"};
constexpr ExportFormat kAll[] = {ExportFormat::jsonl, ExportFormat::ocsf, ExportFormat::cef,
                                 ExportFormat::syslog};
const std::string kDigest(64, 'a');

void check_golden(const std::string& name, const std::string& text) {
  const char* given = std::getenv("GLOVEBOX_SOURCE_ROOT");
  const std::filesystem::path root = given != nullptr ? given : GLOVEBOX_SOURCE_ROOT;
  const auto path = root / "tests/golden/audit" / name;
  if (std::getenv("GLOVEBOX_ACCEPT") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  std::ifstream file(path, std::ios::binary);
  const std::string wanted{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  CHECK(text == wanted);
}

JsonObject members(std::initializer_list<std::pair<std::string_view, Json>> list) {
  return *Json::object(list).as_object();
}

// One record of each shape that the roles write.
std::vector<std::string> usual_records() {
  RecordMaker maker;
  std::vector<std::string> out;
  const auto add = [&](RecordKind kind, std::string_view session, std::string_view tool_use,
                       std::initializer_list<std::pair<std::string_view, Json>> list = {}) {
    out.push_back(maker.make(kind, session, tool_use, members(list)));
  };
  add(RecordKind::boot, "", "", {{"version", "1.2.3"}});
  add(RecordKind::policy_load, "", "",
      {{"pol", kDigest},
       {"doc", kDigest},
       {"polfile", "/etc/glovebox/policy.toml"},
       {"act", "load"}});
  add(RecordKind::policy_reject, "", "", {{"polfile", "p.toml"}, {"why", "p.toml:3: no such key"}});
  add(RecordKind::session_open, "sess_1", "",
      {{"env", "env_1"}, {"agent", "agent_1"}, {"work", "work_1"}, {"pol", kDigest}});
  add(RecordKind::tool_intent, "sess_1", "toolu_1",
      {{"tool", "bash"},
       {"arg", Json::object({{"command", "curl https://api.example.com"}})},
       {"pol", kDigest},
       {"prof", "shell"},
       {"rule", "policy.toml:12"},
       {"dec", "allow"}});
  add(RecordKind::net_open, "sess_1", "toolu_1",
      {{"tool", "bash"},
       {"pol", kDigest},
       {"prof", "shell"},
       {"dec", "allow"},
       {"host", "api.example.com"},
       {"addr", "192.0.2.7"},
       {"port", 443},
       {"l7", "inspect"},
       {"rule", "policy.toml:20"},
       {"meth", "GET"},
       {"path", "/v1/x"},
       {"status", 200},
       {"up", 120},
       {"down", 4096},
       {"ms", 35}});
  add(RecordKind::net_open, "sess_1", "toolu_1",
      {{"dec", "allow"},
       {"host", "git.example.com"},
       {"addr", "2001:db8::1"},
       {"port", 22},
       {"l7", "raw"},
       {"at", "beginning"}});
  add(RecordKind::net_deny, "sess_1", "toolu_1",
      {{"pol", kDigest},
       {"prof", "shell"},
       {"dec", "deny"},
       {"host", "evil.example"},
       {"port", 443},
       {"l7", "sni"},
       {"why", "no rule"},
       {"n", 3},
       {"t1", 1'795'534'951'000'000},
       {"t2", 1'795'534'952'000'000}});
  add(RecordKind::net_deny, "sess_1", "",
      {{"dec", "deny"}, {"l7", "tcp"}, {"why", "lost"}, {"n", 2}});
  add(RecordKind::sys_deny, "sess_1", "toolu_1",
      {{"dec", "deny"},
       {"call", "ptrace"},
       {"errno", "EPERM"},
       {"pid", 17},
       {"comm", "gdb"},
       {"rule", "bash.seccomp:9"}});
  add(RecordKind::fs_deny, "sess_1", "toolu_1",
      {{"name", "/workspace/.git/hooks/pre-commit"},
       {"type", "file"},
       {"rule", "policy.toml:30"},
       {"did", "moved"}});
  add(RecordKind::fs_deny, "sess_1", "toolu_1", {{"more", 4}});
  add(RecordKind::tool_result, "sess_1", "toolu_1",
      {{"outcome", "exited"}, {"exit", 2}, {"err", true}, {"why", "exit status 2"}});
  add(RecordKind::tool_deny, "sess_1", "toolu_2",
      {{"tool", "write"},
       {"pol", kDigest},
       {"rule", "policy.toml:40"},
       {"dec", "deny"},
       {"outcome", "refused"},
       {"why", "no write outside @workspace"}});
  add(RecordKind::tool_intent, "sess_1", "toolu_3", {{"tool", "read"}, {"dec", "allow"}});
  add(RecordKind::tool_orphan, "sess_1", "toolu_3", {{"why", "interrupted"}});
  add(RecordKind::session_close, "sess_1", "", {{"why", "done"}});
  add(RecordKind::operator_action, "", "", {{"act", "policy.revoke"}, {"pol", kDigest}});
  add(RecordKind::gap, "", "", {{"bytes", 512}});
  add(RecordKind::stop, "", "");
  return out;
}

// Attack G10: values that try to end a line, a field, a string, or to steer a terminal. Such a line
// is what a tampered log may hold; build_record would have made most of it visible.
const std::string kHostile[] = {
    "a\nCEF:0|x|x|1|x|x|9|",
    "<14>1 2026-01-01T00:00:00Z h a - - - forged",
    "\x1b[2J\x1b]0;title\x07",
    R"(","index":0,"leaf":"00","record":{"k":"boot"}})",
    R"(x"] [other@1 a="b")",
    R"(a|b|c\|d\)",
    "dec=allow act=allow",
    std::string("a\0b", 3),
    "line\r\nnext",
    "\xe2\x80\xae"
    "desrever \xe2\x80\xa8 separator",
    "\x7f\xc2\x9b"
    "31m",
    std::string(3000, '='),
    std::string(3000, '\\'),
};

std::string hostile_line(const std::string& whole) {
  const std::string value = whole.substr(0, 600);
  JsonObject record = members({{"v", 1},
                               {"k", "tool.deny"},
                               {"t", 1},
                               {"mt", 1},
                               {"boot", value},
                               {"prev", std::string(64, '0')},
                               {"sid", value},
                               {"tu", value}});
  for (const char* key :
       {"tool", "rule", "why", "host", "pol", "prof", "l7", "meth", "path", "addr", "call", "name",
        "comm", "outcome", "agent", "type", "polfile", "at"})
    record.set(key, value);
  return codec::to_jcs(record).value();
}

ExportRecord read_line(const std::string& line, std::uint64_t index = 7) {
  return read_for_export({index, line}).value();
}

}  // namespace

TEST_CASE("what is no record is not exported") {
  for (const std::string line : {"", "{}", "x", R"({"v":1,"k":"boot"})"}) {
    const auto read = read_for_export({3, line});
    REQUIRE_FALSE(read);
    CHECK(read.error().kind() == ErrorKind::invalid);
    CHECK(read.error().message().starts_with("record 3: "));
  }
  CHECK_FALSE(parse_export_format("JSONL"));
  CHECK_FALSE(parse_export_format(""));
  for (const ExportFormat format : kAll) CHECK(parse_export_format(to_string(format)) == format);
}

TEST_CASE("a hostile value stays one value of one line in every format") {
  for (const std::string& value : kHostile) {
    for (const std::string& origin :
         {std::string(kOrigin), "o/glovebox/" + value + "/2026", value}) {
      CAPTURE(value);
      const std::string line = hostile_line(value);
      const ExportRecord record = read_line(line);
      const ExportOrigin from{.origin = origin, .version = value};
      for (const ExportFormat format : kAll) {
        CAPTURE(to_string(format));
        const std::string out = export_line(format, record, from);
        CHECK(
            std::ranges::none_of(out, [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
        CHECK(out.contains(record.leaf.hex()));
      }
      // Read back, the values are what they were.
      const Json json = codec::parse_json(jsonl_line(record)).value();
      CHECK(json.as_object()->size() == 3);
      CHECK(json.get_int("index") == 7);
      CHECK(*json.get("record") == record.record.json);
      const Json ocsf = codec::parse_json(codec::to_json(ocsf_event(record, from))).value();
      CHECK(*ocsf.get_string("raw_data") == line);
      CHECK(ocsf.get_int("disposition_id") == 2);

      const std::string cef = cef_line(record, from);
      CHECK(cef.size() <= kMaxCefBytes);
      std::size_t bars = 0, equals = 0;
      for (std::size_t i = 0; i < cef.size(); ++i) {
        if (cef[i] == '\\') {
          ++i;
          CHECK((i < cef.size() && std::string_view("\\|=").contains(cef[i])));
        } else if (cef[i] == '|' && bars < 7) {
          ++bars;
        } else if (cef[i] == '=' && bars == 7) {
          ++equals;
        }
      }
      CHECK(bars == 7);
      // A key before every `=` that counts, and each key is known to the test of the usual lines.
      CHECK(equals <= 45);

      const std::string syslog = syslog_line(record, from);
      CHECK(syslog.size() <= kMaxSyslogBytes);
      CHECK(syslog.starts_with("<108>1 1970-01-01T00:00:00.000001Z "));
      // One element: its end is the first `]` without a backslash, and behind it is the message.
      std::size_t end = 0;
      bool quoted = false;
      for (std::size_t i = syslog.find('['); i < syslog.size() && end == 0; ++i) {
        if (syslog[i] == '\\') {
          ++i;
        } else if (syslog[i] == '"') {
          quoted = !quoted;
        } else if (syslog[i] == ']') {
          CHECK_FALSE(quoted);
          end = i;
        }
      }
      CHECK(syslog.substr(end) == "] tool call refused");
    }
  }
}

TEST_CASE("a value is cut at a character, and its mark fits") {
  CHECK(escaped_field("", "=").empty());
  CHECK(escaped_field("a=b", "=") == R"(a\=b)");
  CHECK(escaped_field("abcdef", "", 6) == "abcdef");
  CHECK(escaped_field("abcdefg", "", 6) == "abc...");
  CHECK(escaped_field("====", "=", 6) == R"(\=...)");
  CHECK(escaped_field("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4", "", 6) == "\xc3\xa4...");
  for (std::size_t size = 250; size < 262; ++size) {
    const std::string out = escaped_field(std::string(size, '='), "=");
    CHECK(out.size() <= kMaxFieldBytes);
    CHECK(out.ends_with("..."));
  }
}

TEST_CASE("the largest record keeps within the limits") {
  JsonObject large = members({{"dec", "deny"}});
  for (const char* key : {"tool", "rule", "why", "host", "pol", "prof", "l7", "meth", "path",
                          "addr", "call", "name", "comm", "outcome", "arg", "act", "version"})
    large.set(key, std::string(1200, '='));
  RecordMaker maker;
  const std::string line = maker.make(RecordKind::tool_deny, std::string(128, 's'),
                                      std::string(128, 't'), std::move(large));
  const ExportRecord record = read_line(line, (std::uint64_t{1} << 63) - 2);
  const ExportOrigin from{.origin = std::string(600, 'o'), .version = std::string(600, '|')};
  CHECK(cef_line(record, from).size() <= kMaxCefBytes);
  CHECK(syslog_line(record, from).size() <= kMaxSyslogBytes);
  CHECK(cef_line(record, from).contains("cn1=9223372036854775806 "));
  CHECK(syslog_line(record, from).contains(R"(index="9223372036854775806")"));
  // The important ones are there.
  CHECK(cef_line(record, from).contains(" act=deny"));
  CHECK(syslog_line(record, from).contains(R"( decision="deny")"));
}

TEST_CASE("the usual records in every format") {
  const std::vector<std::string> lines = usual_records();
  for (const ExportFormat format : kAll) {
    std::string text;
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const ExportRecord record = read_line(lines[i], i);
      CHECK(record.leaf == codec::leaf_hash(lines[i]));
      text += export_line(format, record, kFrom) + "\n";
    }
    check_golden(std::format("export.{}", to_string(format)), text);
  }
}

TEST_CASE("every event has what its class needs") {
  struct Row {
    std::int64_t uid;
    std::vector<std::string_view> needed;
  };
  // From the schema, version 1.8.0: required attributes, and one of those of which one is.
  const Row rows[] = {{1001, {"actor", "device", "file"}},
                      {1007, {"actor", "device", "process"}},
                      {4001, {"src_endpoint"}},
                      {4002, {"src_endpoint", "http_request"}},
                      {5019, {"device"}},
                      {6002, {"app"}},
                      {6003, {"actor", "api", "src_endpoint"}}};
  std::vector<std::int64_t> seen;
  for (const std::string& line : usual_records()) {
    CAPTURE(line);
    const Json event = ocsf_event(read_line(line), kFrom);
    for (const std::string_view key : {"activity_id", "category_uid", "class_uid", "metadata",
                                       "severity_id", "time", "type_uid"})
      CHECK(event.get(key) != nullptr);
    const std::int64_t uid = event.get_int("class_uid").value();
    seen.push_back(uid);
    CHECK(event.get_int("type_uid") == uid * 100 + event.get_int("activity_id").value());
    CHECK(event.get_int("category_uid") == uid / 1000);
    const auto* row = std::ranges::find(rows, uid, &Row::uid);
    REQUIRE(row != std::end(rows));
    for (const std::string_view key : row->needed) {
      CAPTURE(key);
      CHECK(event.get(key) != nullptr);
    }
    const bool denied = line.contains(".deny\"") || line.contains("policy.reject");
    CHECK((event.get_int("disposition_id") == 2) == denied);
  }
  for (const Row& row : rows) CHECK(std::ranges::contains(seen, row.uid));
}

TEST_CASE("the machine is taken from a log's name only if it can be one") {
  CHECK(machine_of(kOrigin) == "m1");
  for (const char* origin : {"", "x", "a/glovebox", "a/glovebox/", "a/glovebox/m 1/2026",
                             "a/glovebox/m\"]/2026", "a/glovebox/\x1b/2026"})
    CHECK(machine_of(origin).empty());
}

TEST_CASE("an export stops at what is no record, and at a sink that takes no more") {
  std::vector<std::string> lines = usual_records();
  const ExportOrder order{.format = ExportFormat::jsonl, .session = {}, .from = kFrom};
  RecordsInMemory whole(lines);
  int taken = 0;
  const auto stopped = export_records(whole, order, 0, [&](std::string_view) -> Result<void> {
    if (++taken == 3) return Error(ErrorKind::io, "full");
    return {};
  });
  CHECK(stopped.error().message() == "full");
  CHECK(taken == 3);
  lines[5] = "x";
  RecordsInMemory damaged(lines);
  const auto bad =
      export_records(damaged, order, 0, [](std::string_view) { return Result<void>(); });
  CHECK(bad.error().message().starts_with("record 5: "));
}

TEST_CASE("an export says where to go on, whatever it was of") {
  const std::vector<std::string> lines = usual_records();
  struct Row {
    const char* name;
    std::vector<std::string> records;
    std::optional<std::string> session;
    std::uint64_t lines, next;
  };
  const Row rows[] = {{"nothing", {}, {}, 0, 9},
                      {"all", lines, {}, lines.size(), lines.size()},
                      {"a session", lines, "sess_1", 14, lines.size()},
                      {"a session that is not there", lines, "sess_2", 0, lines.size()},
                      {"a hostile session", lines, "\x1b[2J", 0, lines.size()}};
  for (const Row& row : rows) {
    INFO(row.name);
    RecordsInMemory records(row.records);
    std::vector<std::string> out;
    const auto done = export_records(
        records, {.format = ExportFormat::jsonl, .session = row.session, .from = kFrom}, 9,
        [&](std::string_view line) {
          out.emplace_back(line);
          return Result<void>();
        });
    REQUIRE(done);
    CHECK(done->lines == row.lines);
    CHECK(done->next == row.next);
    CHECK(out.size() == row.lines);
    if (row.session)
      CHECK(std::ranges::all_of(
          out, [](const std::string& line) { return line.contains(R"("sid":"sess_1")"); }));
  }
}
