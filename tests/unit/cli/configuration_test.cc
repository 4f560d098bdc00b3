#include "cli/configuration.h"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <format>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

using namespace glovebox;
using namespace glovebox::cli;

namespace {

std::string refusal(std::string_view text) {
  const auto loaded = load_configuration("glovebox.toml", text);
  CHECK(loaded.configuration.has_value() == loaded.diagnostics.empty());
  return to_text(loaded, text);
}

Configuration accepted(std::string_view text) {
  auto loaded = load_configuration("glovebox.toml", text);
  INFO(to_text(loaded, text));
  REQUIRE(loaded.configuration);
  return *std::move(loaded.configuration);
}

}  // namespace

TEST_CASE("a configuration that says something else than it could is refused, with its place") {
  struct Row {
    const char* name;
    std::string_view text, says;
  };
  const Row rows[] = {
      {"no TOML", "[worker", "glovebox.toml:1:"},
      {"not text", "\xff", "glovebox.toml:1:1: error GB0002"},
      {"a key outside of a table", "workdir = \"/w\"",
       "glovebox.toml:1:1: error GB0010: unknown key `workdir` in the configuration"},
      {"a misspelt table", "[workers]\n", "did you mean `worker`?"},
      {"a misspelt key", "[worker]\nworkdri = \"/w\"",
       "glovebox.toml:2:1: error GB0010: unknown key `workdri` in [worker]"},
      {"the name that is meant", "[worker]\nworkdri = \"/w\"", "did you mean `workdir`?"},
      {"a table that is a value", "worker = 3", "worker must be a table"},
      {"a list of tables", "[[worker]]\n", "worker must be a table"},
      {"a key twice", "[state]\ndir = \"/a\"\ndir = \"/b\"", "GB0003"},
      {"a misspelt key of egress", "[egress]\nresolver = [\"192.0.2.1\"]",
       "glovebox.toml:2:1: error GB0010: unknown key `resolver` in [egress]"},
      {"one resolver as a text", "[egress]\nresolvers = \"192.0.2.1\"", "resolvers must be"},
      {"no resolver", "[egress]\nresolvers = []", "glovebox.toml:2:13: error"},
      {"four resolvers",
       "[egress]\nresolvers = [\"192.0.2.1\", \"192.0.2.2\", \"192.0.2.3\", \"192.0.2.4\"]",
       "resolvers: 1 to 3 of them"},
      {"a resolver by name", "[egress]\nresolvers = [\"192.0.2.1\", \"dns.example\"]",
       "glovebox.toml:2:27: error"},
      {"a resolver by number", "[egress]\nresolvers = [1]", "each of resolvers must be a string"},
      {"a proxy of egress with a password", "[egress]\nproxy = \"http://u:p@proxy:3128\"",
       "belong into proxy_auth"},
      {"a proxy of egress that is none", "[egress]\nproxy = \"socks5://proxy\"", "proxy: "},
      {"no_proxy of egress that is none", "[egress]\nno_proxy = \"10.0.0.0/99\"", "no_proxy: "},
      {"a word for egress's proxy that is written out", "[egress]\nproxy_auth = \"u:p\"",
       "proxy_auth: a secret is named by"},
      {"a relative command", "[egress]\nproxy_auth = [\"prog\"]", "absolute path of its program"},
      {"a relative bundle", "[egress]\nca_file = \"ca.pem\"", "ca_file: an absolute path"},
      {"tunnel", "[tunnel]\nx = 1", "GB0017"},
      {"images", "[box.images]\nx = \"/y\"", "`images` is not in this version"},
      {"anchors", "[audit]\nanchors = []", "`anchors` is not in this version"},
      {"a reserve that is none", "[audit]\nreserve = \"8MiB\"", "16MiB to 64GiB"},
      {"a url of another kind", "[control_plane]\nbase_url = \"ftp://x\"", "base_url: "},
      {"a url with a user", "[control_plane]\nbase_url = \"https://a:b@x\"", "base_url: "},
      {"a key that is written out", "[control_plane]\nenvironment_key = \"sk-ant-x\"",
       "environment_key: a secret is named by"},
      {"a key by a relative file", "[control_plane]\nenvironment_key = \"file:key\"",
       "glovebox.toml:2:19: error GB0012: environment_key: file: is followed by an absolute path"},
      {"a proxy with a password", "[control_plane]\nproxy = \"http://u:p@proxy:3128\"",
       "belong into proxy_auth"},
      {"a proxy that is none", "[control_plane]\nproxy = \"socks5://proxy\"", "proxy: "},
      {"no_proxy that is none", "[control_plane]\nno_proxy = \"10.0.0.0/99\"", "no_proxy: "},
      {"allow_http as a word", "[control_plane]\nallow_http = \"yes\"",
       "allow_http must be true or false"},
      {"an id with a line feed", "[control_plane]\nenvironment_id = \"a\\nb\"", "printable ASCII"},
      {"an empty id", "[control_plane]\nenvironment_id = \"\"", "1 to 256 bytes"},
      {"a number as a path", "[worker]\nworkdir = 1", "workdir must be a string"},
      {"a relative path", "[worker]\nworkdir = \"w\"", "workdir: an absolute path"},
      {"the root", "[state]\ndir = \"/\"", "dir: an absolute path"},
      {"a way up", "[audit]\ndir = \"/a/../b\"", "dir: an absolute path"},
      {"another workspace", "[worker]\nworkspace = \"mine\"",
       "workspace must be one of \"session\", \"shared\""},
      {"no session", "[worker]\nmax_sessions = 0", "max_sessions must be 1 to 1024"},
      {"too many sessions", "[worker]\nmax_sessions = 1025", "max_sessions must be 1 to 1024"},
      {"keep as a time", "[worker]\nkeep = \"7d\"", "keep: "},
      {"no call", "[worker]\nmax_calls = 0", "max_calls must be 1 to 4096"},
      {"a time without a unit", "[worker]\nmax_idle = \"60q\"", "max_idle: a duration"},
      {"a time as a number", "[worker]\ndrain = 30", "drain must be a string"},
      {"a relative policy", "[policy]\nfile = \"policy.toml\"", "file: an absolute path"},
      {"ids of people", "[box]\nuser_range = \"1000-2000\"", "user_range: ids of boxes are"},
      {"one id for all and a range",
       "[box]\nuser_range = \"100000-200000\"\n[worker]\nworkspace = \"shared\"",
       "glovebox.toml:2:14: error GB0016"},
      {"an origin with a blank", "[audit]\norigin = \"a b\"", "no spaces"},
      {"metrics for everybody", "[metrics]\nlisten = \"0.0.0.0:9464\"", "not a loopback address"},
      {"a level that is none", "[log]\nlevel = \"loud\"", "level must be one of"},
      {"a format that is none", "[log]\nformat = \"xml\"", "format must be one of"},
  };
  for (const Row& row : rows) {
    CAPTURE(row.name);
    const std::string said = refusal(row.text);
    INFO(said);
    CHECK(said.contains(row.says));
  }
}

TEST_CASE("a secret that stands in the file by mistake is not shown") {
  for (const std::string_view text : {"[control_plane]\nenvironment_key = \"sk-ant-x\"",
                                      "[control_plane]\nenvironment_key = sk-ant-x",
                                      "[control_plane]\nenvironment_key = \"sk-ant-x",
                                      "control_plane = { environment_key = \"sk-ant-x\", y = 1 }",
                                      "[control_plane]\nproxy = \"http://u:sk-ant-x@proxy\"",
                                      "[control_plane]\nproxy_auth = \"u:sk-ant-x\"",
                                      "[control_plane]\nproxy_auth = [\"sk-ant-x\"]"}) {
    CAPTURE(text);
    const std::string said = refusal(text);
    CHECK(said.contains("glovebox.toml:"));
    CHECK_FALSE(said.contains("sk-ant"));
  }
}

TEST_CASE("proxy_auth is a reference or a command, and a command is judged") {
  const auto with = [](std::string_view value) {
    return std::format("[control_plane]\nproxy_auth = {}\n", value);
  };
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"[]", "1 to 32 words"},
      {"[\"prog\"]", "absolute path of its program"},
      {"[\"/a/../b\"]", "absolute path of its program"},
      {"[\"/\"]", "absolute path of its program"},
      {"[\"/bin/a\", 7]", "each word of proxy_auth must be a string"},
      {"[\"/bin/a\", \"b\\u0000c\"]", "GB0"},
      {"7", "must be a string"},
      {"\"/bin/a\"", "a secret is named by"},
  };
  for (const auto& [value, says] : rows) {
    CAPTURE(value);
    CHECK(refusal(with(value)).contains(says));
  }
  std::string many = "[\"/bin/a\"";
  for (int i = 0; i < 32; ++i) many += ", \"x\"";
  CHECK(refusal(with(many + "]")).contains("1 to 32 words"));
  CHECK(refusal(with("[\"/bin/a\", \"" + std::string(1025, 'x') + "\"]")).contains("1024 bytes"));
  const Configuration read = accepted(with("[\"/usr/bin/word\", \"--for\", \"a proxy\"]"));
  CHECK(read.proxy_command == std::vector<std::string>{"/usr/bin/word", "--for", "a proxy"});
  CHECK_FALSE(read.proxy_auth);
}

TEST_CASE("egress says what is its own") {
  const EgressConfiguration read = accepted(R"([egress]
resolvers = ["192.0.2.1", "[2001:db8::1]:5353"]
proxy = "proxy.example:3128"
proxy_auth = "credential:egress-proxy"
no_proxy = ".example"
ca_file = "/etc/ssl/egress.pem"
)")
                                       .egress;
  CHECK(read.resolvers ==
        std::vector<net::NameServer>{{*codec::IpAddress::parse("192.0.2.1")},
                                     {*codec::IpAddress::parse("2001:db8::1"), 5353}});
  CHECK(read.proxy == "http://proxy.example:3128");
  CHECK(to_string(*read.proxy_auth) == "credential:egress-proxy");
  CHECK(read.no_proxy == ".example");
  CHECK(read.ca_file == "/etc/ssl/egress.pem");
  CHECK(accepted("[egress]\nproxy_auth = [\"/bin/word\"]").egress.proxy_command ==
        std::vector<std::string>{"/bin/word"});
  const EgressConfiguration silent = accepted("[egress]\n").egress;
  CHECK_FALSE(silent.resolvers);
  CHECK_FALSE(silent.proxy);
  CHECK_FALSE(silent.ca_file);
}

TEST_CASE("everything that is wrong is told at once, in the order of the file") {
  const auto loaded =
      load_configuration("f", "[log]\nlevel = 1\n[worker]\nx = 1\n[state]\ndir = \"y\"\n");
  REQUIRE(loaded.diagnostics.size() == 3);
  CHECK(loaded.diagnostics[0].origin.line == 2);
  CHECK(loaded.diagnostics[1].origin.line == 4);
  CHECK(loaded.diagnostics[2].origin.line == 6);
}

TEST_CASE("a configuration is read whole") {
  const Configuration all = accepted(R"(
[control_plane]
base_url = "https://api.example.com"
environment_id = "env_1"
environment_key = "credential:environment-key"
ca_file = "/etc/ssl/private-ca.pem"
api_version = "2026-10-21"
allow_http = false
proxy = "proxy.example.com:3128"
proxy_auth = "file:/etc/glovebox/proxy"
no_proxy = "localhost,10.0.0.0/8"
[worker]
workdir = "/srv/agent"
workspace = "session"
seed = "/srv/seed"
keep = "idle:3h"
max_calls = 12
warm = 0
max_sessions = 7
max_idle = "0"
drain = "1m30s"
[policy]
file = "builtin:strict"
[box]
user_range = "100000-165535"
[state]
dir = "/var/lib/glovebox"
[audit]
dir = "/var/log/glovebox"
origin = "host-1"
[metrics]
listen = "127.0.0.1:9464"
[log]
level = "warning"
format = "json"
)");
  CHECK(all.base_url == "https://api.example.com");
  CHECK(all.environment == "env_1");
  CHECK(to_string(*all.environment_key) == "credential:environment-key");
  CHECK(all.ca_file == "/etc/ssl/private-ca.pem");
  CHECK(all.api_version == "2026-10-21");
  CHECK(all.plain_http == worker::PlainHttp::loopback_only);
  CHECK(all.proxy == "http://proxy.example.com:3128");
  CHECK(to_string(*all.proxy_auth) == "file:/etc/glovebox/proxy");
  CHECK(all.no_proxy == "localhost,10.0.0.0/8");
  CHECK(all.workdir == "/srv/agent");
  CHECK(all.workspace == roles::WorkspaceMode::session);
  CHECK(all.seed == "/srv/seed");
  CHECK(all.keep == std::chrono::hours(3));
  CHECK(all.max_calls == 12);
  CHECK(all.warm == 0);
  CHECK(all.max_sessions == 7);
  CHECK(all.max_idle == Duration::zero());
  CHECK(all.drain == seconds(90));
  CHECK(all.policy == "builtin:strict");
  CHECK(all.user_range == roles::IdRange{100000, 165535});
  CHECK(all.state == "/var/lib/glovebox");
  CHECK(all.audit == "/var/log/glovebox");
  CHECK(all.audit_origin == "host-1");
  CHECK(std::holds_alternative<LoopbackPort>(*all.metrics));
  CHECK(all.log_level == LogLevel::warning);
  CHECK(all.log_format == LogFormat::json);
}

TEST_CASE("what a configuration does not say is absent") {
  for (const std::string_view text : {"", "\n", "# nothing\n", "[worker]\n[log]\n"}) {
    CAPTURE(text);
    const Configuration nothing = accepted(text);
    CHECK_FALSE(nothing.base_url);
    CHECK_FALSE(nothing.environment_key);
    CHECK_FALSE(nothing.max_sessions);
    CHECK_FALSE(nothing.policy);
    CHECK_FALSE(nothing.metrics);
  }
  CHECK(accepted("[control_plane]\nproxy = \"\"").proxy == "");
}
