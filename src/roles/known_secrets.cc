#include "roles/known_secrets.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <optional>
#include <system_error>

#include "codec/digest.h"
#include "ipc/messages.h"
#include "roles/worker_settings.h"

namespace glovebox::roles {

namespace {

using codec::Json;
using codec::JsonArray;

constexpr std::string_view kForget = "forget";
constexpr std::string_view kWorkSecretName = "work_secret", kTokenName = "sessions_token";
constexpr std::size_t kSaltBytes = 32;
constexpr std::size_t kMostStrings = 2;  // of an item

Result<void> send_document(const ipc::Channel& auditor, Json settings, JsonArray names,
                           const std::vector<int>& fds) {
  const Json document =
      Json::object({{"settings", std::move(settings)}, {"secrets", std::move(names)}});
  return auditor.send(ipc::Update::kType, ipc::Update{codec::to_json(document)}.encode(), fds);
}

std::optional<std::uint64_t> number_of(std::string_view digits) {
  std::uint64_t number = 0;
  const char* const end = digits.data() + digits.size();
  const auto parsed = std::from_chars(digits.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return {};
  return number;
}

// The password of `user:password` or of a URL that has one.
std::string_view password_of(std::string_view words) {
  if (const auto scheme = words.find("://"); scheme != words.npos) {
    words.remove_prefix(scheme + 3);
    const auto host = words.rfind('@');
    if (host == words.npos) return {};
    words = words.substr(0, host);
  }
  const auto colon = words.find(':');
  return colon == words.npos ? std::string_view() : words.substr(colon + 1);
}

bool may_hold_password(std::string_view name) {
  return name == kHttpProxy || name == kHttpsProxy || name == kProxyAuth;
}

std::string part_of(std::uint64_t number, std::size_t part) {
  return std::format("{}{}/{}", kOfToken, number, part);
}

}  // namespace

Result<void> send_tokens(const ipc::Channel& auditor,
                         const std::vector<std::pair<std::uint64_t, int>>& files) {
  for (std::size_t done = 0; done < files.size(); done += kSecretsAtOnce) {
    JsonArray names;
    std::vector<int> fds;
    for (std::size_t i = done; i < std::min(files.size(), done + kSecretsAtOnce); ++i) {
      names.emplace_back(std::format("{}{}", kOfToken, files[i].first));
      fds.push_back(files[i].second);
    }
    TRY(send_document(auditor, Json::object(), std::move(names), fds));
  }
  return {};
}

Result<void> send_forget(const ipc::Channel& auditor, const std::vector<std::uint64_t>& numbers) {
  if (numbers.empty()) return {};
  JsonArray list;
  for (const std::uint64_t number : numbers) list.emplace_back(static_cast<std::int64_t>(number));
  return send_document(auditor, Json::object({{kForget, std::move(list)}}), {}, {});
}

KnownSecrets::KnownSecrets(audit::Masker& masker, Random& random, const Log& log)
    : masker_(masker), log_(log), salt_(random.hex(kSaltBytes)) {}

Result<std::vector<ipc::SecretKnown>> KnownSecrets::take(const Json& settings, ByName&& secrets) {
  if (const JsonArray* list = settings.get_array(kForget)) {
    for (const Json& number : *list) {
      if (!number.as_int()) return Error(ErrorKind::protocol, "secrets: no number");
      forget_token(static_cast<std::uint64_t>(*number.as_int()));
    }
  }
  std::vector<ipc::SecretKnown> answers;
  for (const auto& [name, secret] : std::exchange(secrets, {})) {
    if (!name.starts_with(kOfToken)) {
      TRY(take_named(name, secret));
      continue;
    }
    const auto number = number_of(std::string_view(name).substr(kOfToken.size()));
    if (!number) return Error(ErrorKind::protocol, "secrets: no number");
    answers.push_back(take_token(*number, secret));
  }
  return answers;
}

// What is too short is not an error: a policy or an operator may have chosen it, and is told.
Result<void> KnownSecrets::put(const std::string& key, std::string_view name,
                               std::string_view bytes) {
  if (bytes.empty()) return {};
  if (bytes.size() >= audit::kMinSecretBytes) return masker_.put(key, name, bytes);
  unmasked_.emplace(name);
  log_.warning("a secret is too short to be masked in records",
               {{"secret", name}, {"least", static_cast<std::int64_t>(audit::kMinSecretBytes)}});
  return {};
}

Result<void> KnownSecrets::take_named(const std::string& name, const Secret& secret) {
  const std::string_view shown = std::string_view(name).substr(name.find(':') + 1);
  std::string salted = salt_;
  salted.reserve(salt_.size() + secret.reveal().size());
  salted += secret.reveal();
  const std::string digest = codec::sha256(salted).hex();
  zero_memory(salted.data(), salted.size());
  std::deque<Value>& values = named_[name];
  if (std::ranges::contains(values, digest, &Value::digest)) return {};
  if (values.size() >= kValuesOfName) {
    masker_.remove(values.front().key);
    masker_.remove(values.front().key + "/password");
    values.pop_front();
  }
  const std::string key = std::format("{}#{}", name, next_++);
  TRY_CONTEXT(put(key, shown, secret.reveal()), "masking of records");
  if (may_hold_password(shown))
    TRY_CONTEXT(put(key + "/password", shown, password_of(secret.reveal())), "masking of records");
  values.push_back({key, digest});
  return {};
}

ipc::SecretKnown KnownSecrets::take_token(std::uint64_t number, const Secret& secret) {
  std::string_view rest = secret.reveal();
  for (std::size_t part = 0; part < kMostStrings && !rest.empty(); ++part) {
    const bool last = part + 1 == kMostStrings;
    const std::string_view one = last ? rest : rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    auto done = put(part_of(number, part), part == 0 ? kWorkSecretName : kTokenName, one);
    if (done || done.error().kind() == ErrorKind::exists) continue;
    forget_token(number);
    return {number, done.error().message()};
  }
  return {number, ""};
}

void KnownSecrets::forget_token(std::uint64_t number) {
  for (std::size_t part = 0; part < kMostStrings; ++part) masker_.remove(part_of(number, part));
}

JsonArray KnownSecrets::unmasked() const {
  JsonArray names;
  for (const std::string& name : unmasked_) names.emplace_back(name);
  return names;
}

}  // namespace glovebox::roles
