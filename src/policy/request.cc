#include "policy/request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <format>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "policy/limit_names.h"
#include "policy/normal_path.h"
#include "policy/request_path.h"
#include "policy/suggestion.h"
#include "seccomp/words.h"

namespace glovebox::policy {

namespace {

constexpr std::array<std::string_view, 10> kVerbs = {
    "tool", "read", "write", "exec", "connect", "resolve", "syscall", "mcp", "secret", "limit"};
constexpr std::string_view kForms =
    "tool NAME, read|write|exec PATH, connect HOST:PORT, METHOD URL, resolve NAME, "
    "syscall NAME[(arg0=V,…)], mcp SERVER/TOOL, secret NAME for HOST:PORT, limit NAME VALUE";
constexpr std::array<std::pair<std::string_view, FileAct>, 3> kFileVerbs = {
    {{"read ", FileAct::read}, {"write ", FileAct::write}, {"exec ", FileAct::exec}}};
constexpr std::uint16_t kHttps = 443, kHttp = 80;
constexpr std::size_t kMaxMethod = 32;

Error bad(std::string message) {
  return {ErrorKind::invalid, std::move(message)};
}

bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= kMaxWord &&
         std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
}

bool is_method(std::string_view text) {
  const auto letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  return !text.empty() && text.size() <= kMaxMethod && letter(text.front()) &&
         letter(text.back()) &&
         std::ranges::all_of(text, [&](char c) { return letter(c) || c == '-'; });
}

Result<codec::HostPort> parse_endpoint(std::string_view text, std::string_view what) {
  auto parsed = codec::parse_host_port(text);
  if (!parsed) return bad(std::format("{}: {}", what, parsed.error().message()));
  return *std::move(parsed);
}

Result<Request> parse_file(FileAct act, std::string_view text) {
  std::string path(text);
  for (const std::string_view anchor : {"@workspace", "@tmp"})
    if (text == anchor || text.starts_with(std::string(anchor) + "/")) path[0] = '/';
  if (!is_normal_path(path) || std::ranges::any_of(path, is_control))
    return bad(
        "the path must be absolute or begin with @workspace or @tmp, without controls, `.`, `..`, "
        "`//` and a slash at its end");
  return Request(FileRequest{act, std::move(path)});
}

Result<Request> parse_http(std::string_view method, std::string_view url) {
  Tls tls = Tls::yes;
  if (url.starts_with("http://")) {
    tls = Tls::no;
    url.remove_prefix(7);
  } else if (url.starts_with("https://")) {
    url.remove_prefix(8);
  } else {
    return bad("the URL must begin with https:// or http://");
  }
  const auto end = std::min(url.find_first_of("/?#"), url.size());
  std::string authority(url.substr(0, end));
  std::string path(url.substr(end));
  if (path.empty()) path = "/";
  if (path[0] != '/') return bad("the URL needs a path before `?` or `#`");
  if (authority.contains('@')) return bad("the URL must not hold a user name");
  const auto colon = authority.rfind(':');
  if (colon == std::string::npos || authority.ends_with(']'))
    authority += tls == Tls::yes ? ":443" : ":80";
  codec::HostPort to = TRY(parse_endpoint(authority, "the URL's host"));
  // As egress does before it looks at any rule.
  if (path.size() > kMaxRequestTarget)
    return bad(std::format("of a URL path and query have at most {} bytes", kMaxRequestTarget));
  if (const auto fault = target_fault(path)) return bad(std::format("the URL: {}", *fault));
  return Request(HttpRequest{std::string(method), tls, std::move(to), std::move(path)});
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  int base = 10;
  if (text.starts_with("0x")) {
    base = 16;
    text.remove_prefix(2);
  }
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number, base);
  if (text.empty() || parsed.ptr != end || parsed.ec != std::errc()) return std::nullopt;
  return number;
}

// A number, or constants joined by `|`.
std::optional<std::uint64_t> parse_argument(std::string_view text) {
  if (const auto number = parse_number(text)) return number;
  std::uint64_t value = 0;
  while (true) {
    const auto bar = text.find('|');
    const auto named = seccomp::constant(text.substr(0, bar));
    if (!named) return std::nullopt;
    value |= *named;
    if (bar == std::string_view::npos) return value;
    text.remove_prefix(bar + 1);
  }
}

Result<Request> parse_syscall(std::string_view text) {
  SyscallRequest request;
  const auto open = text.find('(');
  request.name = text.substr(0, open);
  const auto number = is_word(request.name) ? seccomp::syscall_number(request.name) : std::nullopt;
  if (!number) return bad("no system call of that name");
  request.number = *number;
  if (open == std::string_view::npos) return Request(std::move(request));
  if (!text.ends_with(')')) return bad("the arguments of the system call end with `)`");
  std::string_view rest = text.substr(open + 1, text.size() - open - 2);
  std::array<bool, 6> given{};
  while (true) {
    const auto comma = rest.find(',');
    const std::string_view item = rest.substr(0, comma);
    if (!item.starts_with("arg") || item.size() < 6 || item[3] < '0' || item[3] > '5' ||
        item[4] != '=')
      return bad("an argument of a system call is argN=VALUE, N from 0 to 5");
    const auto index = static_cast<std::size_t>(item[3] - '0');
    const auto value = parse_argument(item.substr(5));
    if (!value)
      return bad(std::format("arg{}: neither a number nor a constant that is known", index));
    if (std::exchange(given.at(index), true)) return bad(std::format("arg{} stands twice", index));
    request.arguments.at(index) = *value;
    if (comma == std::string_view::npos) return Request(std::move(request));
    rest.remove_prefix(comma + 1);
  }
}

Result<Request> parse_mcp(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return bad("an MCP tool is SERVER/TOOL");
  McpRequest request{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
  if (!is_word(request.server) || !is_word(request.tool))
    return bad("an MCP tool is SERVER/TOOL, each of 1 to 256 visible characters");
  return Request(std::move(request));
}

Result<Request> parse_limit_request(std::string_view name, std::string_view text) {
  const auto index = find_limit(name);
  if (!index) {
    std::vector<std::string_view> known;
    for (const LimitName& limit : kLimitNames) known.push_back(limit.name);
    const std::string hint = nearest(name, known);
    return bad("no limit of that name" + (hint.empty() ? "" : "; " + hint));
  }
  const auto value = parse_limit(kLimitNames.at(*index).unit, text);
  if (!value)
    return bad(
        std::format("the value of limit {} is a number, with one of its units or none", name));
  return Request(LimitRequest{*index, *value});
}

Result<Request> parse_words(const std::vector<std::string_view>& words) {
  const std::string_view verb = words[0];
  const std::size_t wanted = verb == "secret" ? 4 : verb == "limit" ? 3 : 2;
  const bool known = std::ranges::find(kVerbs, verb) != kVerbs.end() || is_method(verb);
  if (!known) {
    const std::string hint = nearest(verb, kVerbs);
    return bad((hint.empty() ? "the first word says what is wanted"
                             : "the first word is unknown; " + hint) +
               std::format("\nhint: {}", kForms));
  }
  if (words.size() != wanted || verb == "read" || verb == "write" || verb == "exec")
    return bad(std::format("{} takes {} more {}\nhint: {}", verb, wanted - 1,
                           wanted == 2 ? "word" : "words", kForms));
  if (verb == "tool") {
    if (!is_word(words[1])) return bad("a tool's name has 1 to 256 visible characters");
    return Request(ToolRequest{std::string(words[1])});
  }
  if (verb == "connect") return Request(ConnectRequest{TRY(parse_endpoint(words[1], "HOST:PORT"))});
  if (verb == "resolve") {
    auto name = codec::HostName::parse(words[1]);
    if (!name) return bad("the name: " + name.error().message());
    return Request(ResolveRequest{*std::move(name)});
  }
  if (verb == "syscall") return parse_syscall(words[1]);
  if (verb == "mcp") return parse_mcp(words[1]);
  if (verb == "secret") {
    if (!is_word(words[1])) return bad("a secret's name has 1 to 256 visible characters");
    if (words[2] != "for") return bad("the third word must be `for`");
    return Request(
        SecretRequest{std::string(words[1]), TRY(parse_endpoint(words[3], "HOST:PORT"))});
  }
  if (verb == "limit") return parse_limit_request(words[1], words[2]);
  return parse_http(verb, words[1]);
}

struct Printer {
  std::string operator()(const ToolRequest& r) const { return "tool " + r.tool; }
  std::string operator()(const FileRequest& r) const {
    std::string path = r.path;
    for (const std::string_view anchor : {"/workspace", "/tmp"})
      if (is_below(path, anchor)) path[0] = '@';
    for (const auto& [verb, act] : kFileVerbs)
      if (act == r.act) path.insert(0, verb);
    return path;
  }
  std::string operator()(const ConnectRequest& r) const {
    return "connect " + codec::to_string(r.to);
  }
  std::string operator()(const HttpRequest& r) const {
    const bool tls = r.tls == Tls::yes;
    const bool usual = r.to.port == (tls ? kHttps : kHttp);
    return std::format("{} {}://{}{}", r.method, tls ? "https" : "http",
                       usual ? codec::to_url_host(r.to.host) : codec::to_string(r.to), r.path);
  }
  std::string operator()(const ResolveRequest& r) const { return "resolve " + r.name.str(); }
  std::string operator()(const SyscallRequest& r) const {
    std::string text = "syscall " + r.name;
    char before = '(';
    for (std::size_t i = 0; i < r.arguments.size(); ++i) {
      const std::uint64_t value = r.arguments.at(i);
      if (value == 0) continue;
      text += value < 10 ? std::format("{}arg{}={}", before, i, value)
                         : std::format("{}arg{}={:#x}", before, i, value);
      before = ',';
    }
    return before == ',' ? text + ')' : text;
  }
  std::string operator()(const McpRequest& r) const {
    return std::format("mcp {}/{}", r.server, r.tool);
  }
  std::string operator()(const SecretRequest& r) const {
    return std::format("secret {} for {}", r.secret, codec::to_string(r.to));
  }
  std::string operator()(const LimitRequest& r) const {
    const LimitName& limit = kLimitNames.at(r.limit);
    return std::format("limit {} {}", limit.name, limit_text(limit.unit, r.value));
  }
};

}  // namespace

Result<Request> parse_request(std::string_view text) {
  if (text.size() > kMaxRequest)
    return bad(std::format("a request has at most {} bytes", kMaxRequest));
  // A path is the rest of the line: it may hold blanks.
  for (const auto& [verb, act] : kFileVerbs)
    if (text.starts_with(verb)) return parse_file(act, text.substr(verb.size()));
  std::vector<std::string_view> words;
  for (std::string_view rest = text;;) {
    const auto blank = rest.find(' ');
    words.push_back(rest.substr(0, blank));
    if (words.back().empty())
      return bad(text.empty() ? std::format("the request is empty\nhint: {}", kForms)
                              : "one blank between words, none before or after them");
    if (words.size() > 4) return bad(std::format("too many words\nhint: {}", kForms));
    if (blank == std::string_view::npos) break;
    rest.remove_prefix(blank + 1);
  }
  return parse_words(words);
}

std::string to_string(const Request& request) {
  return std::visit(Printer{}, request);
}

std::string to_string(const Who& who) {
  std::string text = "as tool " + who.tool;
  if (who.environment != "local") text += " in environment " + who.environment;
  if (who.agent != "local") text += " of agent " + who.agent;
  return text;
}

}  // namespace glovebox::policy
