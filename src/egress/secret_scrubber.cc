#include "egress/secret_scrubber.h"

#include <algorithm>

namespace glovebox::egress {

namespace {
constexpr char kMask = '*';
}  // namespace

SecretScrubber::SecretScrubber(const Secret& secret)
    : secret_(secret.reveal()), shorter_(secret_.size(), 0) {
  std::uint32_t length = 0;
  for (std::size_t i = 1; i < secret_.size(); ++i) {
    while (length > 0 && secret_[length] != secret_[i]) length = shorter_[length - 1];
    if (secret_[length] == secret_[i]) ++length;
    shorter_[i] = length;
  }
}

// The first `count` of the held bytes are not part of the secret.
void SecretScrubber::release(std::size_t count, std::string& out) {
  const std::size_t known = std::min(sent_, count);
  out.append(secret_.substr(known, count - known));
  sent_ -= known;
  held_ -= count;
}

void SecretScrubber::push(std::string_view in, std::string& out) {
  while (!in.empty()) {
    if (held_ == 0) {
      const std::size_t start = std::min(in.find(secret_.front()), in.size());
      out.append(in.substr(0, start));
      in.remove_prefix(start);
      if (in.empty()) return;
    }
    const char c = in.front();
    while (held_ > 0 && secret_[held_] != c) release(held_ - shorter_[held_ - 1], out);
    if (secret_[held_] != c) continue;  // nothing is held: looked at again from the start
    in.remove_prefix(1);
    if (++held_ < secret_.size()) continue;
    out.append(held_ - sent_, kMask);
    held_ = sent_ = 0;
  }
}

void SecretScrubber::end(std::string& out) {
  if (held_ > secret_.size() / 2)
    out.append(held_ - sent_, kMask);
  else
    release(held_, out);
  held_ = sent_ = 0;
}

void SecretScrubber::let_go(std::string& out) {
  if (held_ > std::min(kShortHeld, secret_.size() / 2)) return;
  out.append(secret_.substr(sent_, held_ - sent_));
  sent_ = held_;
}

std::string mask_secret(std::string_view text, const Secret& secret) {
  std::string out;
  out.reserve(text.size());
  if (secret.empty()) return out.append(text);
  SecretScrubber scrubber(secret);
  scrubber.push(text, out);
  scrubber.end(out);
  return out;
}

}  // namespace glovebox::egress
