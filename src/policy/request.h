// What somebody might want to do, in one line: the grammar of `policy why`, of `[[test]]` and of
// the witnesses of `policy diff`.
//
//   tool NAME                           read|write|exec PATH        connect HOST:PORT
//   METHOD URL                          resolve NAME                mcp SERVER/TOOL
//   syscall NAME[(arg0=1,arg1=0x2)]     secret NAME for HOST:PORT   limit NAME VALUE
//
// One blank between words. PATH is absolute, `@workspace[/…]` or `@tmp[/…]`, and may hold blanks;
// of a URL the scheme and the host are needed; a path that egress refuses whatever the rules say is
// refused (request_path.h). An argument is a number, or names of the kernel's constants joined by
// `|`; those left out are 0. VALUE may have a unit (`10m`, `2GiB`).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "codec/host.h"
#include "policy/policy.h"

namespace glovebox::policy {

constexpr std::size_t kMaxRequest = 16384;  // bytes of a request's text
constexpr std::size_t kMaxWord = 256;       // bytes of a name of a tool, a server or a secret

struct ToolRequest {
  std::string tool;
  bool operator==(const ToolRequest&) const = default;
};
enum class FileAct { read, write, exec };
struct FileRequest {
  FileAct act = FileAct::read;
  std::string path;  // of the box, absolute: @workspace is /workspace
  bool operator==(const FileRequest&) const = default;
};
struct ConnectRequest {
  codec::HostPort to;
  bool operator==(const ConnectRequest&) const = default;
};
enum class Tls { no, yes };
struct HttpRequest {
  std::string method;
  Tls tls = Tls::yes;
  codec::HostPort to;
  std::string path;  // begins with `/`; may carry a query, on which nothing is decided
  bool operator==(const HttpRequest&) const = default;
};
struct ResolveRequest {
  codec::HostName name;
  bool operator==(const ResolveRequest&) const = default;
};
struct SyscallRequest {
  std::string name;
  std::uint32_t number = 0;  // the one of the name
  std::array<std::uint64_t, 6> arguments{};
  bool operator==(const SyscallRequest&) const = default;
};
struct McpRequest {
  std::string server, tool;
  bool operator==(const McpRequest&) const = default;
};
struct SecretRequest {
  std::string secret;
  codec::HostPort to;
  bool operator==(const SecretRequest&) const = default;
};
struct LimitRequest {
  std::size_t limit = 0;    // in kLimitNames
  std::uint64_t value = 0;  // ms, bytes or a count
  bool operator==(const LimitRequest&) const = default;
};

using Request = std::variant<ToolRequest, FileRequest, ConnectRequest, HttpRequest, ResolveRequest,
                             SyscallRequest, McpRequest, SecretRequest, LimitRequest>;

// Error invalid, naming the word that is wrong. parse_request(to_string(r)) is r.
Result<Request> parse_request(std::string_view text);
std::string to_string(const Request& request);

// `as tool bash`, and environment and agent where they are not `local`.
std::string to_string(const Who& who);

}  // namespace glovebox::policy
