#include "audit/mask.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "../salted_record.h"

#include "audit/bounded_value.h"
#include "audit/record.h"
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/url.h"

using namespace glovebox;
using namespace glovebox::audit;
using codec::Json;
using codec::JsonArray;
using codec::JsonObject;

namespace {

// Every form of it differs from the others: `+/` in base64, escapes in a URL, letters in hex.
const std::string kSecret = "sk-ant\xfb\xff\xbe/pass wd?";

Secret secret(std::string text) {
  return Secret::take(std::move(text));
}

Masker masker() {
  Masker out;
  REQUIRE(out.add("api-key", secret(kSecret)));
  return out;
}

std::string masked(const Masker& masker, std::string_view text) {
  std::vector<std::string_view> found;
  return masker.apply(text, found);
}

}  // namespace

TEST_CASE("a secret that cannot be masked is refused at once") {
  const struct {
    const char* name;
    std::string label;
    std::size_t bytes;
    ErrorKind kind;
  } rows[] = {
      {"empty", "n", 0, ErrorKind::invalid},
      {"shorter than ordinary words", "n", kMinSecretBytes - 1, ErrorKind::invalid},
      {"too long", "n", kMaxSecretBytes + 1, ErrorKind::limit},
      {"no name", "", 20, ErrorKind::invalid},
      {"a name that is text", "my key", 20, ErrorKind::invalid},
      {"a name that looks like a mask", "a>", 20, ErrorKind::invalid},
      {"a long name", std::string(65, 'a'), 20, ErrorKind::invalid},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      Masker out;
      CHECK(out.add(row.label, secret(std::string(row.bytes, 'x'))).error().kind() == row.kind);
      CHECK(out.empty());
    }
  }
  Masker full;
  for (std::size_t i = 0; i < kMaxSecrets; ++i)
    REQUIRE(full.add("n", secret("secret number " + std::to_string(i))));
  CHECK(full.add("n", secret("one too many")).error().kind() == ErrorKind::limit);
}

TEST_CASE("a secret is found in every form that is promised, wherever it stands") {
  const Masker out = masker();
  const auto upper = [](std::string text) {
    for (char& c : text)
      if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
    return text;
  };
  const auto small_escapes = [](std::string text) {
    for (std::size_t i = 0; i + 2 < text.size(); ++i)
      if (text[i] == '%')
        for (std::size_t j : {i + 1, i + 2})
          if (text[j] >= 'A' && text[j] <= 'F') text[j] = static_cast<char>(text[j] - 'A' + 'a');
    return text;
  };
  const struct {
    const char* name;
    std::string text;
  } rows[] = {
      {"as it is", kSecret},
      {"hexadecimal", codec::hex_encode(kSecret)},
      {"hexadecimal, capitals", upper(codec::hex_encode(kSecret))},
      {"percent-encoded", codec::percent_encode_query(kSecret)},
      {"percent-encoded, small digits", small_escapes(codec::percent_encode_query(kSecret))},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(masked(out, row.text) == "<masked:api-key>");
      CHECK(masked(out, "a" + row.text + "b") == "a<masked:api-key>b");
      CHECK(masked(out, row.text + row.text).find(row.text) == std::string::npos);
    }
  }
  for (std::size_t before = 0; before < 6; ++before) {
    for (std::size_t after = 0; after < 3; ++after) {
      const std::string around = std::string(before, 'p') + kSecret + std::string(after, 'q');
      CAPTURE(before, after);
      CHECK(masked(out, codec::base64_encode(around)).find("<masked:api-key>") !=
            std::string::npos);
      CHECK(masked(out, codec::base64url_encode(around)).find("<masked:api-key>") !=
            std::string::npos);
    }
  }
}

TEST_CASE("what only resembles a secret stays") {
  const Masker out = masker();
  for (const std::string& text : {std::string(), std::string("ordinary text"), kSecret.substr(1),
                                  kSecret.substr(0, 10), codec::hex_encode(kSecret).substr(2)}) {
    CHECK(masked(out, text) == text);
  }
}

TEST_CASE("overlapping secrets are hidden as a whole") {
  Masker out;
  REQUIRE(out.add("first", secret("abcdefghij")));
  REQUIRE(out.add("second", secret("ghijklmnop")));
  std::vector<std::string_view> found;
  CHECK(out.apply("<abcdefghijklmnop>", found) == "<<masked:first>>");
  CHECK(found == std::vector<std::string_view>{"first", "second"});
  Masker one;
  REQUIRE(one.add("a", secret("aaaaaaaa")));
  CHECK(masked(one, "b" + std::string(1000, 'a') + "b") == "b<masked:a>b");
}

TEST_CASE("strings and keys are masked at any depth, and each place is listed") {
  const Masker out = masker();
  JsonObject members;
  members.set("plain", "text");
  members.set("arg",
              Json::object({{"a/b~c", JsonArray{Json("x"), Json("y " + kSecret)}}, {"n", 1}}));
  members.set("key " + kSecret, "v");
  const JsonArray red = out.apply(members);
  CHECK(codec::to_json(members) ==
        R"({"plain":"text","arg":{"a/b~c":["x","y <masked:api-key>"],"n":1},)"
        R"("key <masked:api-key>":"v"})");
  CHECK(codec::to_json(red) ==
        R"([{"m":"api-key","p":"/arg/a~1b~0c/1"},{"m":"api-key","p":"/key <masked:api-key>"}])");
}

TEST_CASE("the list of masked places is bounded, the masking is not") {
  const Masker out = masker();
  JsonObject members;
  members.set("arg", JsonArray(kMaxMaskedPointers + 10, Json(kSecret)));
  const JsonArray red = out.apply(members);
  CHECK(red.size() == kMaxMaskedPointers + 1);
  CHECK(red.back() == Json::object({{"m", "..."}, {"p", "..."}}));
  CHECK(codec::to_json(members).find("sk-ant") == std::string::npos);
}

TEST_CASE("without secrets nothing is touched") {
  const Masker out;
  JsonObject members;
  members.set("a", kSecret);
  const JsonObject before = members;
  CHECK(out.apply(members).empty());
  CHECK(members == before);
}

TEST_CASE("no part of a secret is left where a string, a key or a record is cut") {
  const std::string secret_text = "sk-0123456789-abcdefghijklmnopqrstuvwxyz";
  Masker out;
  REQUIRE(out.add("api-key", secret(secret_text)));
  const std::string part = secret_text.substr(0, kMinSecretBytes);
  for (const std::size_t cut : {kShownBytes, kMaxTextBytes, std::size_t{128}, std::size_t{32}}) {
    for (const std::size_t inside : {std::size_t{1}, kMinSecretBytes, secret_text.size() - 1}) {
      if (inside > cut) continue;
      // One, few and many of them, so that every step of cutting a record down is taken.
      for (const int times : {1, 60, 400}) {
        CAPTURE(cut, inside, times);
        const std::string text =
            std::string(cut - inside, '.') + secret_text + std::string(2 * kMaxTextBytes, '.');
        JsonObject members;
        members.set("m", text);
        members.set("arg", JsonArray(static_cast<std::size_t>(times), Json(text)));
        members.set(text, Json::object({{text, 1}}));
        members.set("red", out.apply(members));
        const auto record =
            glovebox::test::salted_record(RecordKind::config, {.boot_id = "b"}, "", "", members);
        REQUIRE(record);
        CHECK_FALSE(record->contains(part));
      }
    }
  }
}

TEST_CASE("a secret put under a key goes when it is taken out, one that was added stays") {
  Masker out = masker();
  REQUIRE(out.put("item", "token", "a-token-of-an-item"));
  CHECK(out.put("item", "token", "another-token-of-it").error().kind() == ErrorKind::exists);
  CHECK(out.put("other", "no name", "another-token-of-it").error().kind() == ErrorKind::invalid);
  CHECK(out.finds("<a-token-of-an-item>"));
  CHECK(masked(out, "<a-token-of-an-item>") == "<<masked:token>>");
  REQUIRE(out.put("again", "env-key", kSecret));
  out.remove("item");
  out.remove("again");
  out.remove("#1 is nobody's");
  CHECK_FALSE(out.finds("<a-token-of-an-item>"));
  CHECK(masked(out, kSecret) == "<masked:api-key>");
}
