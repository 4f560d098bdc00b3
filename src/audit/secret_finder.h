// Finds every form of every known secret (secret_forms.h) in a text.
//
// No automaton over the secrets' bytes: some thousand tokens in all their forms would be tens of
// millions of states, and each new one would have every failure link made anew. Instead each form
// is kept as its length and a fingerprint: a polynomial modulo 2^61 - 1 at a random point. The same
// polynomial of every prefix of the text gives that of any part of it in one step, so a text is
// passed once from its beginning to its end (and not even that when no form's last
// kMinSecretBytes bytes occur in it), and at most kMaxSameEnd comparisons are made for a byte.
//
// Never misses. What is no secret passes for one with a probability of about 2^-44 for each place
// where the last kMinSecretBytes bytes of one stand; then a text is masked that need not be. The
// secrets themselves are not kept. It does not protect against a reader of this memory, who can try
// out guesses. What it holds is zeroed when it goes.
//
// Which hit counts: of those that end at one byte the longest; hits that overlap are one span.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "audit/secret_forms.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/wiped.h"

namespace glovebox::audit {

constexpr std::size_t kMaxSecrets = 4096;  // about 12 MiB with all their forms
// Different lengths of forms that end in the same kMinSecretBytes bytes.
constexpr std::size_t kMaxSameEnd = 64;

class SecretFinder {
 public:
  explicit SecretFinder(Random& random);
  ~SecretFinder();
  SecretFinder(SecretFinder&&) = default;
  SecretFinder& operator=(SecretFinder&&) = delete;
  SecretFinder(const SecretFinder&) = delete;
  SecretFinder& operator=(const SecretFinder&) = delete;

  // `key` is for remove(), `name` is told with a hit. Errors, nothing is added then: invalid
  // (shorter than kMinSecretBytes), exists (the key), limit (longer than kMaxSecretBytes,
  // kMaxSecrets, kMaxSameEnd).
  Result<void> add(std::string_view key, std::string_view name, std::string_view secret);
  // A form that another secret has too stays. Of an unknown key: nothing.
  void remove(std::string_view key);
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }

  struct Span {
    std::size_t begin, end;
    std::string_view name;  // of the hit that begins first; the longest of those
  };
  struct Found {
    std::vector<Span> spans;              // in order, none touches the inside of another
    std::vector<std::string_view> names;  // each once, in the order in which hits end
    std::uint64_t steps = 0;              // bytes passed and forms compared
  };
  // The names live as long as the finder.
  Found find(std::string_view text) const;

 private:
  struct Place {               // where a form stands
    std::uint64_t ending = 0;  // its last bytes, hashed
    std::uint64_t fingerprint = 0;
    std::uint32_t length = 0;
  };
  struct Form {
    std::uint32_t length = 0;
    std::uint32_t name = 0;
    std::uint32_t users = 0;  // secrets that have it
  };
  struct Length {  // of forms with one ending
    std::uint32_t length = 0;
    std::uint32_t users = 0;  // forms
    std::uint64_t power = 0;  // of the point, by the length
  };
  template <class T>
  using Table = std::unordered_map<std::uint64_t, T, std::hash<std::uint64_t>, std::equal_to<>,
                                   WipedAllocator<std::pair<const std::uint64_t, T>>>;

  static std::uint64_t key_of(const Place& place) { return place.fingerprint + place.ending; }
  std::uint64_t ending_of(std::uint64_t last_bytes) const;
  Place place_of(std::string_view form) const;
  void take_in(const Place& place, std::uint32_t name);
  void take_out(const Place& place);
  std::uint64_t power_of(std::size_t exponent) const;
  std::uint32_t number_of(std::string_view name);
  bool may_end_here(std::uint64_t ending) const;
  void note_ending(std::uint64_t ending);
  bool may_hold_any(std::string_view text) const;

  std::uint64_t point_ = 0, salt_ = 0, factor_ = 0;
  std::map<std::string, WipedVector<Place>, std::less<>> entries_;
  Table<Form> forms_;                   // by key_of()
  Table<WipedVector<Length>> endings_;  // longest first
  // Of endings, to pass over most bytes at once.
  std::vector<bool, WipedAllocator<bool>> filter_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
  std::vector<std::string_view> names_;  // keys of numbers_
  std::size_t longest_ = 0;
};

}  // namespace glovebox::audit
