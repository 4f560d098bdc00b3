// The `secret` of a claimed work item: base64url of a JSON object with the token for this item and
// its session. Nothing of it is ever logged; errors here carry no part of it.
#pragma once

#include <optional>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "codec/url.h"

namespace glovebox::worker {

struct WorkSecret {
  Secret sessions_token;                       // never empty
  std::optional<codec::BaseUrl> api_base_url;  // for this item's calls
};

// `configured` is the base URL of the worker: an `api_base_url` must be https, or plain http when
// the configured one is itself http on loopback. Takes the text and zeroes it.
// Error: invalid, for everything that makes the caller fall back to the environment key.
Result<WorkSecret> decode_work_secret(std::string&& text, const codec::BaseUrl& configured);

// http is accepted for loopback, or when the operator allows it. Error: denied.
enum class PlainHttp { loopback_only, allowed };
Result<void> check_transport(const codec::BaseUrl& url, PlainHttp plain_http);

}  // namespace glovebox::worker
