#include "egress/secret_scrubber.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>

namespace glovebox::egress {
namespace {

Secret secret_of(std::string_view text) {
  return Secret::take(std::string(text));
}

// The stream in two pieces.
std::string scrub(std::string_view text, const Secret& secret, std::size_t cut) {
  SecretScrubber scrubber(secret);
  std::string out;
  scrubber.push(text.substr(0, cut), out);
  scrubber.push(text.substr(cut), out);
  scrubber.end(out);
  return out;
}

TEST_CASE("what is taken out of a stream, cut at every byte") {
  struct Row {
    const char* name;
    std::string_view secret, text, clean;
  };
  const Row rows[] = {
      {"alone", "sk-1234", "sk-1234", "*******"},
      {"in the middle", "sk-1234", "a sk-1234 b", "a ******* b"},
      {"twice, side by side", "sk-1234", "sk-1234sk-1234", "**************"},
      {"behind its own beginning", "sk-1234", "sk-sk-1234", "sk-*******"},
      {"behind its own repeated beginning", "aab", "aaaab", "aa***"},
      {"overlapping itself", "abab", "ababab", "****ab"},
      {"periodic", "aaaa", "aaaaaaa", "*******"},
      {"almost", "sk-1234", "sk-1235 sk-123", "sk-1235 ******"},
      {"a short beginning at the end", "sk-1234", "see sk-", "see sk-"},
      {"one letter", "x", "axbx", "a*b*"},
      {"not there", "sk-1234", "nothing of it", "nothing of it"},
      {"high bytes", "\xff\xfe\xff", "a\xff\xff\xfe\xff", "a\xff***"},
      {"nothing", "sk-1234", "", ""},
      {"fallbacks of several lengths", "abcabcabd", "abcabcabcabd", "abc*********"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const Secret secret = secret_of(row.secret);
    for (std::size_t cut = 0; cut <= row.text.size(); ++cut) {
      CHECK(scrub(row.text, secret, cut) == row.clean);
      CHECK(row.clean.size() == row.text.size());
    }
    SecretScrubber by_bytes(secret);
    std::string out;
    for (const char c : row.text) by_bytes.push(std::string_view(&c, 1), out);
    by_bytes.end(out);
    CHECK(out == row.clean);
    CHECK(mask_secret(row.text, secret) == row.clean);
  }
}

TEST_CASE("a scrubber agrees with a search over the whole text") {
  // Every text of a small alphabet, so that every overlap occurs.
  for (const std::string_view word : {"aba", "aab", "abb", "aaa", "abab"}) {
    const Secret secret = secret_of(word);
    for (unsigned bits = 0; bits < 1u << 10; ++bits) {
      std::string text, expected;
      for (unsigned i = 0; i < 10; ++i) text += (bits >> i & 1u) != 0 ? 'b' : 'a';
      expected = text + "|";
      for (std::size_t at = 0; (at = expected.find(word, at)) != std::string::npos;)
        expected.replace(at, word.size(), word.size(), '*');
      CHECK(mask_secret(text + "|", secret) == expected);
    }
  }
}

TEST_CASE("only what may begin the secret waits") {
  const Secret secret = secret_of("0123456789abcdef");
  SecretScrubber scrubber(secret);
  std::string out;
  scrubber.push("data: x\n\n", out);
  CHECK(out == "data: x\n\n");
  CHECK_FALSE(scrubber.holds());

  scrubber.push("012", out);
  CHECK(out == "data: x\n\n");
  CHECK(scrubber.holds());
  scrubber.let_go(out);
  CHECK(out == "data: x\n\n012");
  CHECK_FALSE(scrubber.holds());
  // The rest of it is masked all the same.
  scrubber.push("3456789abcdef!", out);
  CHECK(out == "data: x\n\n012*************!");
}

TEST_CASE("what was let go is not sent twice") {
  const Secret secret = secret_of("aabaabX");
  SecretScrubber scrubber(secret);
  std::string out;
  scrubber.push("aab", out);
  scrubber.let_go(out);
  scrubber.push("aab", out);
  scrubber.push("aabX.", out);
  scrubber.end(out);
  CHECK(out == "aab*******." + std::string());
  CHECK(out.size() == std::string_view("aabaabaabX.").size());
}

TEST_CASE("a long beginning is not let go, and not given away at the end") {
  const Secret secret = secret_of("0123456789abcdef");
  std::string out;
  SecretScrubber scrubber(secret);
  for (const char c : std::string_view("0123456789abcde")) {
    scrubber.push(std::string_view(&c, 1), out);
    scrubber.let_go(out);
  }
  CHECK(out == "01234567");
  scrubber.end(out);
  CHECK(out == "01234567*******");
}

}  // namespace
}  // namespace glovebox::egress
