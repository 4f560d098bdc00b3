// Request heads from a box: what is admitted is written anew in one spelling, which is admitted as
// the same request; and a credential changes nothing but header values.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <expected>
#include <string>
#include <string_view>

#include "egress/http_admission.h"
#include "egress/request_head.h"
#include "net/http_reader.h"

namespace {

using namespace glovebox;
using namespace glovebox::egress;

constexpr Refusal kNoHead{400, "no head"};

const HttpOrigin& origin() {
  static const HttpOrigin kOrigin{*codec::parse_host("a.test"), 80, policy::Tls::no};
  return kOrigin;
}

std::expected<AdmittedRequest, Refusal> admit(std::string_view bytes, std::size_t piece) {
  net::HeadCollector collector(kMaxRequestHead);
  while (!bytes.empty() && !collector.done()) {
    const std::string_view part = bytes.substr(0, piece);
    if (!collector.push(part)) return std::unexpected(kNoHead);
    bytes.remove_prefix(part.size());
  }
  if (!collector.done()) return std::unexpected(kNoHead);
  return admit_request(collector.text(), origin(), MethodRules::exist);
}

void check_written(const AdmittedRequest& request) {
  const auto head = format_request_head(request, origin(), nullptr);
  if (!head) std::abort();
  if (!head->bytes().ends_with("\r\n\r\n")) std::abort();
  const auto again = admit(head->bytes(), head->bytes().size());
  if (!again) std::abort();
  const auto twice = format_request_head(*again, origin(), nullptr);
  if (!twice || twice->bytes() != head->bytes()) std::abort();
  const bool same = again->method == request.method && again->target == request.target &&
                    again->framing.kind == request.framing.kind &&
                    again->framing.length == request.framing.length &&
                    again->fields.size() == request.fields.size() &&
                    again->upgrade == request.upgrade && again->expects == request.expects;
  if (!same) std::abort();
}

void check_injected(const AdmittedRequest& request) {
  Injection injection{"k", Secret::take(std::string("\x80secret\x80")), "P"};
  const auto head = format_request_head(request, origin(), &injection);
  if (!head) {
    if (head.error().status != 431) std::abort();
    return;
  }
  const auto again = admit(head->bytes(), head->bytes().size());
  if (!again) {
    // A head may grow past what is admitted, never past what is sent.
    if (head->bytes().size() <= kMaxRequestHead.bytes()) std::abort();
    return;
  }
  if (again->method != request.method || again->target != request.target) std::abort();
  if (again->fields.count("authorization") != 1) std::abort();
}

}  // namespace

bool fuzz_accepts(std::string_view bytes) {
  return admit(bytes, bytes.size()).has_value();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto request = admit(bytes, size);
  for (const std::size_t piece : {1uz, 7uz}) {
    const auto split = admit(bytes, piece);
    if (split.has_value() != request.has_value()) std::abort();
    if (!request && split.error() != request.error()) std::abort();
  }
  if (!request) {
    if (request.error().status < 400 || request.error().words.empty()) std::abort();
    return 0;
  }
  if (!request->target.starts_with('/') || request->target.starts_with("//")) std::abort();
  check_written(*request);
  check_injected(*request);
  return 0;
}
