// Takes a secret's exact bytes out of a stream of any pieces: `*` for each, so that lengths stay.
//
// What might be the beginning of the secret is held back until more is known; no other byte waits.
// The held bytes are not stored: they are a prefix of the secret. Does not see a secret that is
// encoded in another way, or cut up by whoever sends it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace glovebox::egress {

// The longest beginning of a secret that let_go() gives away.
constexpr std::size_t kShortHeld = 8;

class SecretScrubber {
 public:
  // The secret is not empty and outlives the scrubber.
  explicit SecretScrubber(const Secret& secret);

  // Appends to `out` what is known not to begin the secret.
  void push(std::string_view in, std::string& out);
  // The stream is over. What is held goes out; masked if it is more than half of the secret.
  void end(std::string& out);

  bool holds() const { return held_ > sent_; }
  // Nothing has come for a while: what is held goes out if it is short (kShortHeld, and no more
  // than half of the secret), so that a message is not kept for one letter. If the rest of the
  // secret comes after all, that is masked.
  void let_go(std::string& out);

 private:
  void release(std::size_t count, std::string& out);

  std::string_view secret_;
  // For each length of a prefix, that of the longest shorter prefix which it ends in.
  std::vector<std::uint32_t> shorter_;
  std::size_t held_ = 0;  // bytes at the end of the stream that are the beginning of the secret
  std::size_t sent_ = 0;  // how many of them are out already
};

// The text with every occurrence masked.
std::string mask_secret(std::string_view text, const Secret& secret);

}  // namespace glovebox::egress
