#include "audit/secret_finder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <format>
#include <span>

namespace glovebox::audit {

namespace {

constexpr std::uint64_t kPrime = (std::uint64_t{1} << 61) - 1;
constexpr int kFilterBits = 20;
constexpr int kWord = 64;

std::uint64_t reduced(std::uint64_t value) {
  return value >= kPrime ? value - kPrime : value;
}

std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  const unsigned __int128 wide = static_cast<unsigned __int128>(a) * b;
  return reduced(static_cast<std::uint64_t>(wide & kPrime) +
                 static_cast<std::uint64_t>(wide >> 61));
}

// Of a text that is one byte longer. No byte counts as zero, or zeros in front would not count.
std::uint64_t extended(std::uint64_t fingerprint, std::uint64_t point, char byte) {
  return reduced(product(fingerprint, point) + static_cast<unsigned char>(byte) + 1);
}

std::uint64_t with_byte(std::uint64_t last_bytes, char byte) {
  return last_bytes << 8 | static_cast<unsigned char>(byte);
}

}  // namespace

static_assert(kMinSecretBytes == sizeof(std::uint64_t), "the last bytes of a form are one word");

SecretFinder::SecretFinder(Random& random) : filter_(std::size_t{1} << kFilterBits) {
  std::array<std::uint64_t, 3> words{};
  random.fill(std::as_writable_bytes(std::span(words)));
  point_ = words[0] % (kPrime - 256) + 256;
  salt_ = words[1];
  factor_ = words[2] | 1;
}

SecretFinder::~SecretFinder() {
  for (std::uint64_t* word : {&point_, &salt_, &factor_}) zero_memory(word, sizeof *word);
}

std::uint64_t SecretFinder::ending_of(std::uint64_t last_bytes) const {
  const std::uint64_t mixed = (last_bytes ^ salt_) * factor_;
  return mixed ^ mixed >> (kWord / 2);  // low bits that depend on all bytes, too
}

std::uint64_t SecretFinder::power_of(std::size_t exponent) const {
  std::uint64_t power = 1;
  for (std::uint64_t square = point_; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) power = product(power, square);
    square = product(square, square);
  }
  return power;
}

SecretFinder::Place SecretFinder::place_of(std::string_view form) const {
  Place place;
  place.length = static_cast<std::uint32_t>(form.size());
  std::uint64_t last_bytes = 0;
  for (const char c : form) {
    place.fingerprint = extended(place.fingerprint, point_, c);
    last_bytes = with_byte(last_bytes, c);
  }
  place.ending = ending_of(last_bytes);
  return place;
}

std::uint32_t SecretFinder::number_of(std::string_view name) {
  const auto [at, is_new] =
      numbers_.try_emplace(std::string(name), static_cast<std::uint32_t>(names_.size()));
  if (is_new) names_.push_back(at->first);
  return at->second;
}

bool SecretFinder::may_end_here(std::uint64_t ending) const {
  return filter_[ending >> (kWord - kFilterBits)];
}

void SecretFinder::note_ending(std::uint64_t ending) {
  filter_[ending >> (kWord - kFilterBits)] = true;
}

Result<void> SecretFinder::add(std::string_view key, std::string_view name,
                               std::string_view secret) {
  if (secret.size() < kMinSecretBytes)
    return Error(ErrorKind::invalid,
                 std::format("secret {} is shorter than {} bytes", name, kMinSecretBytes));
  if (secret.size() > kMaxSecretBytes)
    return Error(ErrorKind::limit,
                 std::format("secret {} is longer than {} bytes", name, kMaxSecretBytes));
  if (entries_.contains(key)) return Error(ErrorKind::exists, "two secrets under one key");
  if (entries_.size() >= kMaxSecrets)
    return Error(ErrorKind::limit,
                 std::format("secret {}: there are {} already", name, kMaxSecrets));
  WipedVector<Place> places;
  for (const WipedBytes& form : secret_forms(secret))
    places.push_back(place_of({form.data(), form.size()}));
  // All or nothing.
  for (const Place& place : places) {
    const auto at = endings_.find(place.ending);
    if (at != endings_.end() && at->second.size() >= kMaxSameEnd &&
        !std::ranges::contains(at->second, place.length, &Length::length))
      return Error(ErrorKind::limit,
                   std::format("secret {}: {} others end in the same way", name, kMaxSameEnd));
  }
  const std::uint32_t number = number_of(name);
  for (const Place& place : places) take_in(place, number);
  entries_.emplace(std::string(key), std::move(places));
  return {};
}

void SecretFinder::take_in(const Place& place, std::uint32_t name) {
  const auto [form, is_new] = forms_.try_emplace(key_of(place), Form{place.length, name});
  ++form->second.users;
  if (!is_new) return;
  auto& lengths = endings_[place.ending];
  auto length = std::ranges::lower_bound(lengths, place.length, std::greater<>(), &Length::length);
  if (length == lengths.end() || length->length != place.length)
    length = lengths.insert(length, {.length = place.length, .power = power_of(place.length)});
  ++length->users;
  note_ending(place.ending);
  longest_ = std::max<std::size_t>(longest_, place.length);
}

void SecretFinder::take_out(const Place& place) {
  const auto form = forms_.find(key_of(place));
  if (form == forms_.end() || --form->second.users > 0) return;
  forms_.erase(form);
  const auto at = endings_.find(place.ending);
  const auto length = std::ranges::find(at->second, place.length, &Length::length);
  if (--length->users > 0) return;
  at->second.erase(length);
  if (at->second.empty()) endings_.erase(at);
}

void SecretFinder::remove(std::string_view key) {
  const auto entry = entries_.find(key);
  if (entry == entries_.end()) return;
  for (const Place& place : entry->second) take_out(place);
  entries_.erase(entry);
  filter_.assign(filter_.size(), false);
  for (const auto& [ending, lengths] : endings_) note_ending(ending);
}

bool SecretFinder::may_hold_any(std::string_view text) const {
  if (entries_.empty() || text.size() < kMinSecretBytes) return false;
  std::uint64_t last_bytes = 0;
  std::size_t seen = 0;
  return std::ranges::any_of(text, [&](char c) {
    last_bytes = with_byte(last_bytes, c);
    return ++seen >= kMinSecretBytes && may_end_here(ending_of(last_bytes));
  });
}

namespace {

// Hits come in the order of their ends. One that overlaps the spans before it swallows them: the
// rest of it would still be a secret.
void add_hit(std::vector<SecretFinder::Span>& spans, SecretFinder::Span hit) {
  while (!spans.empty() && spans.back().end > hit.begin) {
    if (spans.back().begin < hit.begin) {
      hit.begin = spans.back().begin;
      hit.name = spans.back().name;
    }
    spans.pop_back();
  }
  spans.push_back(hit);
}

}  // namespace

SecretFinder::Found SecretFinder::find(std::string_view text) const {
  Found found;
  found.steps = text.size();
  if (!may_hold_any(text)) return found;
  // Fingerprints of the prefixes of the text, as far back as the longest form reaches.
  WipedVector<std::uint64_t> prefixes(std::bit_ceil(longest_ + 1));
  const std::size_t mask = prefixes.size() - 1;
  std::vector<bool> told(names_.size());
  std::uint64_t last_bytes = 0;
  std::uint64_t whole = 0;
  for (std::size_t end = 1; end <= text.size(); ++end) {
    last_bytes = with_byte(last_bytes, text[end - 1]);
    whole = extended(whole, point_, text[end - 1]);
    prefixes[end & mask] = whole;
    if (end < kMinSecretBytes) continue;
    const std::uint64_t ending = ending_of(last_bytes);
    if (!may_end_here(ending)) continue;
    const auto at = endings_.find(ending);
    if (at == endings_.end()) continue;
    for (const Length& length : at->second) {
      ++found.steps;
      if (length.length > end) continue;
      const std::size_t begin = end - length.length;
      const std::uint64_t before = product(prefixes[begin & mask], length.power);
      const Place place{.ending = ending, .fingerprint = reduced(whole + kPrime - before)};
      const auto form = forms_.find(key_of(place));
      if (form == forms_.end() || form->second.length != length.length) continue;
      const std::string_view name = names_[form->second.name];
      if (!told[form->second.name]) found.names.push_back(name);
      told[form->second.name] = true;
      add_hit(found.spans, {begin, end, name});
      break;
    }
  }
  return found;
}

}  // namespace glovebox::audit
