// Base URLs, queries, hosts and lists of hosts: what is taken has one form.
#include "codec/url.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "codec/cidr.h"
#include "codec/host.h"
#include "codec/http_head.h"
#include "codec/no_proxy.h"

using namespace glovebox::codec;

bool fuzz_accepts(std::string_view text) {
  return BaseUrl::parse(text).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto url = BaseUrl::parse(text)) {
    if (BaseUrl::parse(url->to_string()).value() != *url) __builtin_trap();
    // What goes into a request is fit for one.
    if (!check_target(url->target("/v1")) || !check_field_value(url->authority())) __builtin_trap();
  }
  if (const auto query = parse_query(text))
    if (parse_query(format_query(*query)).value() != *query) __builtin_trap();
  if (const auto host = parse_host(text)) {
    if (parse_host(to_url_host(*host)).value() != *host) __builtin_trap();
    if (const auto list = NoProxy::parse(text); list && !list->covers(*host, 443)) __builtin_trap();
  }
  if (const auto block = Cidr::parse(text))
    if (Cidr::parse(block->to_string()).value() != *block) __builtin_trap();
  if (percent_decode(percent_encode_segment(text)).value() != text) __builtin_trap();
  return 0;
}
