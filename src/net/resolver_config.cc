#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <variant>

#include "codec/host.h"
#include "codec/host_name.h"
#include "net/resolver.h"

namespace glovebox::net {

namespace {

constexpr std::size_t kMaxSearch = 6;
constexpr std::size_t kMaxHosts = 10'000;

// The words of a line up to a comment.
std::vector<std::string_view> words_of(std::string_view line) {
  line = line.substr(0, line.find_first_of("#;"));
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t start = line.find_first_not_of(" \t\r");
    if (start == std::string_view::npos) return words;
    const std::size_t end = std::min(line.find_first_of(" \t\r", start), line.size());
    words.push_back(line.substr(start, end - start));
    line.remove_prefix(end);
  }
}

template <class F>
void for_each_line(std::string_view text, F&& f) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    f(words_of(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

std::optional<int> option_value(std::string_view word, std::string_view name, int least, int most) {
  if (!word.starts_with(name)) return std::nullopt;
  word.remove_prefix(name.size());
  int value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return std::clamp(value, least, most);
}

}  // namespace

Result<NameServer> parse_name_server(std::string_view text) {
  const Error bad(ErrorKind::invalid,
                  "a name server is an IP address, and a port if it is not 53: 192.0.2.1, "
                  "[2001:db8::1]:5353");
  if (auto address = codec::IpAddress::parse(text)) return NameServer{*address};
  const auto where = codec::parse_host_port(text);
  if (!where) return bad;
  const auto* address = std::get_if<codec::IpAddress>(&where->host);
  if (address == nullptr) return bad;
  return NameServer{*address, where->port};
}

void apply_resolv_conf(std::string_view text, ResolverConfig& config) {
  for_each_line(text, [&](const std::vector<std::string_view>& words) {
    if (words.size() < 2) return;
    if (words[0] == "nameserver") {
      const auto address = codec::IpAddress::parse(words[1]);
      if (address && config.servers.size() < kMaxNameServers) config.servers.push_back({*address});
    } else if (words[0] == "search" || words[0] == "domain") {
      config.search.clear();  // the last of them counts
      for (std::size_t i = 1; i < words.size() && config.search.size() < kMaxSearch; ++i)
        if (const auto name = codec::HostName::parse(words[i]))
          config.search.push_back(name->str());
    } else if (words[0] == "options") {
      for (const std::string_view word : words) {
        if (const auto dots = option_value(word, "ndots:", 0, 15)) config.dots = *dots;
        if (const auto wait = option_value(word, "timeout:", 1, 30))
          config.try_timeout = seconds(*wait);
        if (const auto tries = option_value(word, "attempts:", 1, 5)) config.tries = *tries;
      }
    }
  });
}

void apply_hosts(std::string_view text, ResolverConfig& config) {
  for_each_line(text, [&](const std::vector<std::string_view>& words) {
    if (words.size() < 2) return;
    const auto address = codec::IpAddress::parse(words[0]);
    if (!address) return;
    for (std::size_t i = 1; i < words.size() && config.hosts.size() < kMaxHosts; ++i)
      if (const auto name = codec::HostName::parse(words[i]))
        config.hosts.push_back({*address, name->str()});
  });
}

std::vector<codec::IpAddress> interleave(const std::vector<codec::IpAddress>& addresses) {
  std::vector<codec::IpAddress> first, second, out;
  for (const auto& address : addresses) {
    auto& family = first.empty() || first.front().is_v4() == address.is_v4() ? first : second;
    if (std::ranges::find(family, address) == family.end()) family.push_back(address);
  }
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size()) out.push_back(first[i]);
    if (i < second.size()) out.push_back(second[i]);
  }
  return out;
}

}  // namespace glovebox::net
