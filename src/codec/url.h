// Base URLs of APIs, percent-encoding and query strings (RFC 3986, and forms as WHATWG URL has
// them).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/host.h"

namespace glovebox::codec {

constexpr std::size_t kMaxUrlBytes = 8192;
constexpr std::size_t kMaxQueryPairs = 1000;

enum class UrlScheme { http, https };

// `https://host[:port][/prefix[/]]`. User names, queries, fragments, backslashes, control bytes,
// spaces, non-ASCII bytes, dot segments and bad escapes are refused.
class BaseUrl {
 public:
  static Result<BaseUrl> parse(std::string_view text);

  UrlScheme scheme() const { return scheme_; }
  bool is_https() const { return scheme_ == UrlScheme::https; }
  const Host& host() const { return host_; }
  std::uint16_t port() const { return port_; }
  // Empty, or `/p/q`: never ends in a slash.
  const std::string& prefix() const { return prefix_; }

  // The Host field: no port when it is the scheme's own.
  std::string authority() const;
  // The request target: prefix + `path`, which begins with `/` and may carry a query.
  std::string target(std::string_view path) const;
  std::string to_string() const;

  bool operator==(const BaseUrl&) const = default;

 private:
  BaseUrl(UrlScheme scheme, Host host, std::uint16_t port, std::string prefix);
  UrlScheme scheme_;
  Host host_;
  std::uint16_t port_;
  std::string prefix_;
};

// Everything but the unreserved characters becomes %XX; the result is one path segment, also for
// `a/b` and NUL. The segments `.` and `..` are written as `%2E`, `%2E%2E`.
std::string percent_encode_segment(std::string_view bytes);
// The same for a name or a value in a query (space as %20).
std::string percent_encode_query(std::string_view bytes);
// Strict: `%` needs two hexadecimal digits. The result may hold any byte; `+` stays.
Result<std::string> percent_decode(std::string_view text);

struct QueryPair {
  std::string name;  // `types[]` with its brackets
  std::string value;
  bool operator==(const QueryPair&) const = default;
};
using Query = std::vector<QueryPair>;

// In order, repeated names kept; `+` is a space, empty pieces are skipped, a name without `=` has
// the value "". Errors: invalid (bad escape), limit (kMaxQueryPairs).
Result<Query> parse_query(std::string_view text);
// `a=1&types%5B%5D=x`; empty for no pairs.
std::string format_query(const Query& query);
// The first value of `name`, or nullptr.
const std::string* find_query(const Query& query, std::string_view name);

struct Target {
  std::string path;   // as received, escapes not decoded
  std::string query;  // without `?`
};
// An origin-form request target cut at its first `?`.
Target split_target(std::string_view target);

}  // namespace glovebox::codec
