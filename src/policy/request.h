// What somebody might want to do, in one line: the grammar of `policy why`, of `[[test]]` and of
// the witnesses of `policy diff`.
//
//   tool NAME · read PATH · write PATH · exec PATH · connect HOST:PORT · METHOD URL · resolve NAME
//   syscall NAME[(arg0=1,arg1=0x2)] · mcp SERVER/TOOL · secret NAME for HOST:PORT · limit NAME
//   VALUE
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "policy/policy.h"

namespace glovebox::policy {

struct ToolRequest {
  std::string tool;
};
enum class FileAct { read, write, exec };
struct FileRequest {
  FileAct act = FileAct::read;
  std::string path;
};  // of the box, or `@workspace/…`
struct ConnectRequest {
  std::string host;
  std::uint16_t port = 0;
};  // a name or an address
struct HttpRequest {
  std::string method;
  bool tls = true;
  std::string host;
  std::uint16_t port = 443;
  std::string path;
};
struct ResolveRequest {
  std::string name;
};
struct SyscallRequest {
  std::string name;
  std::array<std::uint64_t, 6> arguments{};
};
struct McpRequest {
  std::string server, tool;
};
struct SecretRequest {
  std::string secret;
  std::string host;
  std::uint16_t port = 0;
};
struct LimitRequest {
  std::string limit;
  std::uint64_t value = 0;
};  // ms, bytes or a count

using Request = std::variant<ToolRequest, FileRequest, ConnectRequest, HttpRequest, ResolveRequest,
                             SyscallRequest, McpRequest, SecretRequest, LimitRequest>;

// Error invalid, naming the word that is wrong. parse_request(to_string(r)) is r.
Result<Request> parse_request(std::string_view text);
std::string to_string(const Request& request);

}  // namespace glovebox::policy
