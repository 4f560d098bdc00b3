#include "worker/work_secret.h"

#include <utility>

#include "codec/base64.h"
#include "codec/host.h"
#include "codec/json.h"

namespace glovebox::worker {

namespace {

// Wipes what it names when it goes, so that no early return leaves a token in freed memory.
class Wiped {
 public:
  explicit Wiped(std::string& text) : text_(text) {}
  ~Wiped() { zero_memory(text_.data(), text_.size()); }
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;

 private:
  std::string& text_;
};

bool is_loopback_http(const codec::BaseUrl& url) {
  return !url.is_https() && check_transport(url, PlainHttp::loopback_only).has_value();
}

}  // namespace

Result<void> check_transport(const codec::BaseUrl& url, PlainHttp plain_http) {
  if (url.is_https() || plain_http == PlainHttp::allowed || codec::is_loopback(url.host()))
    return {};
  return Error(ErrorKind::denied,
               "plain http to " + url.authority() + ": only loopback, unless it is allowed");
}

Result<WorkSecret> decode_work_secret(std::string&& text, const codec::BaseUrl& configured) {
  std::string encoded = std::move(text);
  const Wiped wipe_encoded(encoded);
  if (encoded.empty()) return Error(ErrorKind::invalid, "the work secret is empty");
  auto decoded = codec::base64url_decode(encoded);
  if (!decoded) return Error(ErrorKind::invalid, "the work secret is not base64url");
  const Wiped wipe_decoded(*decoded);
  auto json = codec::parse_json(*decoded);
  if (!json || !json->is_object())
    return Error(ErrorKind::invalid, "the work secret is not a JSON object");

  std::string* token = nullptr;
  if (codec::Json* value = json->as_object()->find("sessions_token")) token = value->as_string();
  if (!token || token->empty())
    return Error(ErrorKind::invalid, "the work secret has no sessions token");
  WorkSecret secret;
  secret.sessions_token = Secret::take(std::move(*token));
  if (const std::string* base = json->get_string("api_base_url"); base && !base->empty()) {
    auto url = codec::BaseUrl::parse(*base);
    if (!url) return Error(ErrorKind::invalid, "the work secret has an unusable api_base_url");
    if (!url->is_https() && !(is_loopback_http(configured) && is_loopback_http(*url)))
      return Error(ErrorKind::invalid, "the work secret has an api_base_url without https");
    secret.api_base_url = std::move(*url);
  }
  return secret;
}

}  // namespace glovebox::worker
