#include "audit/secret_finder.h"

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "codec/hex.h"

using namespace glovebox;
using namespace glovebox::audit;

namespace {

struct Finder {
  SystemRandom random;
  SecretFinder secrets{random};

  void add(std::string_view name, std::string_view secret) {
    REQUIRE(secrets.add(name, name, secret));
  }
  // `[name]` in place of what is found.
  std::string marked(std::string_view text) const {
    const auto found = secrets.find(text);
    std::string out;
    std::size_t done = 0;
    for (const auto& span : found.spans) {
      REQUIRE(span.begin >= done);
      REQUIRE(span.end > span.begin);
      out += text.substr(done, span.begin - done);
      out += std::format("[{}]", span.name);
      done = span.end;
    }
    return out += text.substr(done);
  }
  std::vector<std::string_view> names(std::string_view text) const {
    return secrets.find(text).names;
  }
};

using Names = std::vector<std::string_view>;

}  // namespace

TEST_CASE("what cannot be looked for is refused, and nothing of it stays") {
  Finder finder;
  CHECK(finder.secrets.add("k", "n", "short").error().kind() == ErrorKind::invalid);
  CHECK(finder.secrets.add("k", "n", std::string(kMaxSecretBytes + 1, 'x')).error().kind() ==
        ErrorKind::limit);
  CHECK(finder.secrets.empty());
  CHECK(finder.secrets.find(std::string(100, 'x')).spans.empty());
  finder.add("k", "a secret of some length");
  CHECK(finder.secrets.add("k", "n", "another of some length").error().kind() == ErrorKind::exists);
  CHECK(finder.marked("another of some length") == "another of some length");
}

TEST_CASE("there are no more than kMaxSecrets, and not too many that end in one way") {
  Finder finder;
  for (std::size_t i = 0; i < kMaxSecrets; ++i)
    REQUIRE(finder.secrets.add(std::format("{}", i), "n", std::format("secret number {}", i)));
  CHECK(finder.secrets.add("more", "n", "one too many").error().kind() == ErrorKind::limit);
  finder.secrets.remove("17");
  CHECK(finder.secrets.add("more", "n", "one too many"));

  Finder alike;
  std::size_t taken = 0;
  while (taken < 2 * kMaxSameEnd &&
         alike.secrets.add(std::format("{}", taken), "n", std::string(8 + taken, 'a')))
    ++taken;
  CHECK(taken == kMaxSameEnd);
  // What was refused left nothing behind, in no form.
  const std::string refused(8 + taken, 'a');
  REQUIRE(alike.secrets.add("same length", "n", "c" + refused.substr(2)));
  CHECK(alike.marked(codec::hex_encode("b" + refused)).starts_with("62["));
  CHECK(alike.secrets.size() == kMaxSameEnd + 1);
}

TEST_CASE("of hits that end at one byte the longest counts; overlapping ones are one span") {
  Finder finder;
  finder.add("long", "prefix-and-ending");
  finder.add("end", "and-ending");
  finder.add("next", "ending-after");
  finder.add("inner", "fix-and-e");
  const struct {
    const char* name;
    std::string_view text, marked;
    Names names;
  } rows[] = {
      {"none", "nothing of it", "nothing of it", {}},
      {"the longest", "<prefix-and-ending>", "<[long]>", {"inner", "long"}},
      {"the shorter alone", "<and-ending>", "<[end]>", {"end"}},
      {"overlapping", "<and-ending-after>", "<[end]>", {"end", "next"}},
      {"a chain", "<prefix-and-ending-after>", "<[long]>", {"inner", "long", "next"}},
      {"touching", "<and-endingand-ending>", "<[end][end]>", {"end"}},
      {"at both ends", "and-ending and-ending", "[end] [end]", {"end"}},
      {"all but the last byte", "prefix-and-endin", "pre[inner]ndin", {"inner"}},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(finder.marked(row.text) == row.marked);
      CHECK(finder.names(row.text) == row.names);
    }
  }
}

TEST_CASE("a secret is found at every place of a text, of every length up to the longest") {
  for (const std::size_t size :
       {kMinSecretBytes, std::size_t{9}, std::size_t{1000}, kMaxSecretBytes}) {
    Finder finder;
    std::string secret;
    for (std::size_t i = 0; i < size; ++i) secret += static_cast<char>('A' + (i * i + i / 7) % 50);
    finder.add("s", secret);
    for (const std::size_t before : {0, 1, 7, 8, 4095, 4096, 100'000}) {
      CAPTURE(size, before);
      CHECK(finder.marked(std::string(before, '.') + secret + ".") ==
            std::string(before, '.') + "[s].");
    }
  }
}

TEST_CASE("zero bytes count, also in front") {
  Finder finder;
  finder.add("zeros", std::string(10, '\0'));
  CHECK(finder.marked(std::string(9, '\0')) == std::string(9, '\0'));
  CHECK(finder.marked(std::string(10, '\0')) == "[zeros]");
  CHECK(finder.marked("a" + std::string(12, '\0')) == "a[zeros]");
}

TEST_CASE("what another secret has too stays when one goes") {
  Finder finder;
  REQUIRE(finder.secrets.add("one", "n", "the same secret"));
  REQUIRE(finder.secrets.add("two", "n", "the same secret"));
  REQUIRE(finder.secrets.add("three", "other", "quite another"));
  finder.secrets.remove("unknown");
  finder.secrets.remove("one");
  CHECK(finder.marked("the same secret") == "[n]");
  finder.secrets.remove("two");
  CHECK(finder.marked("the same secret") == "the same secret");
  CHECK(finder.marked("quite another") == "[other]");
  finder.secrets.remove("three");
  CHECK(finder.secrets.empty());
  CHECK(finder.marked("quite another") == "quite another");
}

TEST_CASE("the work grows with the text, not with the number of secrets") {
  constexpr std::size_t kText = std::size_t{1} << 20;
  Finder few, many;
  few.add("s", "secret number 0");
  for (int i = 0; i < 256; ++i) many.add(std::format("s{}", i), std::format("secret number {}", i));
  const std::pair<const char*, std::string> texts[] = {
      {"secret num", "ordinary"},
      {"secret number 0", "secrets"},
      {"ecret number 0", "all but the first byte"},
      {"number 1", "endings"},
  };
  for (const auto& [piece, name] : texts) {
    std::string text;
    while (text.size() < kText) text += piece;
    const auto of_few = few.secrets.find(text).steps;
    const auto of_many = many.secrets.find(text).steps;
    CAPTURE(name, of_few, of_many);
    CHECK(of_few >= text.size());
    CHECK(of_many <= 2 * text.size());
    CHECK(many.secrets.find(text + text).steps <= 2 * of_many + kMaxSameEnd);
  }
  // The worst that anybody can register: every byte ends kMaxSameEnd forms.
  Finder worst;
  for (std::size_t i = 0; i < kMaxSameEnd; ++i)
    worst.add(std::format("w{}", i), std::string(100 + i, 'b') + "aaaaaaaa");
  const std::string text(kText, 'a');
  CHECK(worst.secrets.find(text).steps <= (1 + kMaxSameEnd) * text.size());
}
