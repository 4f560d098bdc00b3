#include "policy/request.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "policy/request_path.h"

namespace glovebox::policy {
namespace {

TEST_CASE("requests that are refused say which word is wrong") {
  struct Row {
    const char* name;
    std::string text;
    const char* message;  // a part of it
  };
  const Row rows[] = {
      {"empty", "", "the request is empty"},
      {"unknown verb", "reed /etc", "did you mean `read`?"},
      {"no verb at all", "what is this", "the first word says what is wanted"},
      {"verb alone", "tool", "tool takes 1 more word"},
      {"verb of a path alone", "read", "read takes 1 more word"},
      {"a word too many", "tool bash now", "tool takes 1 more word"},
      {"many words", "a b c d e f", "too many words"},
      {"two blanks", "tool  bash", "one blank"},
      {"a blank at the end", "tool bash ", "one blank"},
      {"a blank at the start", " tool bash", "one blank"},
      {"a control in a name", "tool ba\x01sh", "a tool's name"},
      {"relative path", "read etc/passwd", "the path must be absolute"},
      {"path with dots", "read /etc/../x", "the path must be absolute"},
      {"path with a control", "read /etc/a\nb", "the path must be absolute"},
      {"an anchor that is none", "read @home/x", "the path must be absolute"},
      {"nothing behind an anchor", "read @workspace/", "the path must be absolute"},
      {"no port", "connect example.com", "HOST:PORT: no port"},
      {"port zero", "connect example.com:0", "HOST:PORT"},
      {"half an address", "connect 1.2.3:80", "HOST:PORT"},
      {"IPv6 without brackets", "connect ::1:80", "HOST:PORT"},
      {"other scheme", "GET ftp://example.com/", "https:// or http://"},
      {"user in the URL", "GET https://a@example.com/", "user name"},
      {"query without path", "GET https://example.com?x", "needs a path"},
      {"fragment", "GET https://example.com/#x", "`#`"},
      {"backslash", "GET https://example.com/a\\b", "backslash"},
      {"encoded backslash", "GET https://example.com/a%5cb", "encoded backslash"},
      {"encoded dot", "GET https://example.com/a%2eb", "encoded backslash or dot"},
      {"encoded control", "GET https://example.com/a%0ab", "encoded control"},
      {"two slashes", "GET https://example.com//a", "two slashes"},
      {"dot segment with a parameter", "GET https://example.com/..;/a", "dot segment"},
      {"dot segment behind an encoded slash", "GET https://example.com/a%2f..", "dot segment"},
      {"long target", "GET https://example.com/" + std::string(kMaxRequestTarget, 'a'), "at most"},
      {"dot segment", "GET https://example.com/a/../b", "dot segment"},
      {"dot segment at the end", "GET https://example.com/a/.", "dot segment"},
      {"encoded dot segment", "GET https://example.com/a/.%2e/b", "encoded backslash or dot"},
      {"broken escape", "GET https://example.com/%zz", "broken escape"},
      {"half an escape", "GET https://example.com/%2", "broken escape"},
      {"address as a name", "resolve 10.0.0.1", "the name"},
      {"unknown call", "syscall open_the_door", "no system call"},
      {"open arguments", "syscall clone(arg0=1", "end with `)`"},
      {"no argument", "syscall clone()", "argN=VALUE"},
      {"argument 6", "syscall clone(arg6=1)", "argN=VALUE"},
      {"argument twice", "syscall clone(arg0=1,arg0=1)", "arg0 stands twice"},
      {"argument without number", "syscall clone(arg0=x)", "arg0: neither a number"},
      {"argument beyond 64 bits", "syscall clone(arg0=0x10000000000000000)", "arg0: neither"},
      {"server alone", "mcp github", "SERVER/TOOL"},
      {"no server", "mcp /merge", "SERVER/TOOL"},
      {"secret for nothing", "secret a of b:1", "the third word must be `for`"},
      {"unknown limit", "limit wal 10m", "did you mean `wall`?"},
      {"foreign unit", "limit pids 10m", "the value of limit pids"},
      {"negative", "limit wall -1", "the value of limit wall"},
      {"beyond 64 bits", "limit memory 99999999999999GiB", "the value of limit memory"},
      {"too long", "read /" + std::string(kMaxRequest, 'a'), "at most"},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto request = parse_request(row.text);
      REQUIRE(!request);
      CHECK(request.error().kind() == ErrorKind::invalid);
      CHECK(request.error().message().find(row.message) != std::string::npos);
    }
  }
}

TEST_CASE("a request has one printed form") {
  struct Row {
    const char* text;
    const char* printed;  // empty: the same
  };
  const Row rows[] = {
      {"tool bash", ""},
      {"tool mcp:github/merge_pull", ""},
      {"read /usr/bin/python3", ""},
      {"read /a b/c", ""},
      {"write @workspace/src", ""},
      {"write /workspace/src", "write @workspace/src"},
      {"write /workspaces", ""},
      {"exec @tmp/x", ""},
      {"read @workspace", ""},
      {"read /", ""},
      {"connect EXAMPLE.com:443", "connect example.com:443"},
      {"connect [2001:DB8:0::1]:22", "connect [2001:db8::1]:22"},
      {"GET https://example.com", "GET https://example.com/"},
      {"GET https://example.com:443/a", "GET https://example.com/a"},
      {"GET https://example.com/@scope%2Fname", ""},
      {"POST http://10.0.0.1:80/?q=%2f", "POST http://10.0.0.1/?q=%2f"},
      {"PUT http://[::1]/x", ""},
      {"PUT http://[::1]:8080/x", ""},
      {"HEAD https://example.com:80/x", ""},
      {"VERSION-CONTROL https://example.com/", ""},
      {"resolve a.example", ""},
      {"syscall ptrace", ""},
      {"syscall ptrace(arg0=0)", "syscall ptrace"},
      {"syscall clone(arg5=7,arg0=16)", "syscall clone(arg0=0x10,arg5=7)"},
      {"syscall socket(arg0=AF_INET)", "syscall socket(arg0=2)"},
      {"mcp github/list", ""},
      {"secret pkg for packages.example:443", ""},
      {"limit wall 600s", "limit wall 10m"},
      {"limit wall 1500", "limit wall 1500ms"},
      {"limit memory 2048MiB", "limit memory 2GiB"},
      {"limit pids 512", ""},
      {"limit disk 0", ""},
  };
  for (const Row& row : rows) {
    DYNAMIC_SECTION(row.text) {
      const auto request = parse_request(row.text);
      REQUIRE(request);
      const std::string printed = to_string(*request);
      CHECK(printed == (*row.printed == '\0' ? row.text : row.printed));
      const auto again = parse_request(printed);
      REQUIRE(again);
      CHECK(*again == *request);
    }
  }
}

TEST_CASE("a caller in words") {
  CHECK(to_string(Who{}) == "as tool bash");
  CHECK(to_string(Who{"env_1", "agent_1", "read"}) ==
        "as tool read in environment env_1 of agent agent_1");
}

}  // namespace
}  // namespace glovebox::policy
