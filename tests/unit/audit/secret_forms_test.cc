#include "audit/secret_forms.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <string>
#include <string_view>

#include "codec/base64.h"
#include "codec/json.h"

using namespace glovebox;
using namespace glovebox::audit;

namespace {

bool has(std::string_view secret, std::string_view form) {
  return std::ranges::any_of(secret_forms(secret), [&](const WipedBytes& one) {
    return std::string_view(one.data(), one.size()) == form;
  });
}

}  // namespace

TEST_CASE("each promised form of a secret is looked for") {
  const struct {
    const char* name;
    std::string_view secret, form;
  } rows[] = {
      {"as it is", "sk-key/1+2=", "sk-key/1+2="},
      {"hexadecimal", "sk-key/1+2=", "736b2d6b65792f312b323d"},
      {"hexadecimal, capitals", "sk-key/1+2=", "736B2D6B65792F312B323D"},
      {"base64", "sk-key/1+2=", "c2sta2V5LzErMj"},
      {"base64 after one byte", "sk-key/1+2=", "NrLWtleS8xKzI9"},
      {"base64 after two bytes", "sk-key/1+2=", "zay1rZXkvMSsyP"},
      {"base64 of its own characters", "\xfb\xef\xbe\xfb\xef\xbe\xff\xff\xff", "++++++++////"},
      {"base64url of the same", "\xfb\xef\xbe\xfb\xef\xbe\xff\xff\xff", "--------____"},
      {"percent-encoded where it must be", "sk-key/1+2=", "sk-key%2F1%2B2%3D"},
      {"percent-encoded in small digits", "sk-key/1+2=", "sk-key%2f1%2b2%3d"},
      {"percent-encoded in a path", "sk key/1+2=", "sk%20key/1+2="},
      {"encodeURIComponent", "it's (a) key/1", "it's%20(a)%20key%2F1"},
      {"percent-encoded as a whole", "abc-wxyz", "%61%62%63%2D%77%78%79%7A"},
      {"percent-encoded as a whole, small digits", "abc-wxyz", "%61%62%63%2d%77%78%79%7a"},
      {"JSON", "a\"b\\c\nd\te\x01 key", "a\\\"b\\\\c\\nd\\te\\u0001 key"},
      {"JSON with escaped slashes", "sk-key/1+2=", "sk-key\\/1+2="},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(has(row.secret, row.form));
    }
  }
}

TEST_CASE("the form for JSON is what our own writer makes") {
  std::string secret = "key-";
  for (int c = 0; c < 0x80; ++c) secret += static_cast<char>(c);
  const std::string written = codec::to_json(codec::Json(secret));
  CHECK(has(secret, std::string_view(written).substr(1, written.size() - 2)));
}

TEST_CASE("forms are different, bounded, and never short") {
  for (std::size_t size = kMinSecretBytes; size < 40; ++size) {
    for (const char c : {'a', '\x01', '\xff', '%'}) {
      const std::string secret(size, c);
      const auto forms = secret_forms(secret);
      CAPTURE(size, static_cast<int>(c));
      CHECK(std::string(forms.front().begin(), forms.front().end()) == secret);
      for (auto one = forms.begin(); one != forms.end(); ++one) {
        CHECK(one->size() >= kMinSecretBytes);
        CHECK(one->size() <= 6 * size);
        CHECK(std::find(one + 1, forms.end(), *one) == forms.end());
      }
    }
  }
}

TEST_CASE("a base64 text holds one of the forms wherever the secret stands in it") {
  const std::string secret = "s\xffsecret\xfe/?>";
  const auto forms = secret_forms(secret);
  for (std::size_t before = 0; before < 7; ++before) {
    for (std::size_t after = 0; after < 7; ++after) {
      const std::string around = std::string(before, '\x7e') + secret + std::string(after, '\xdb');
      for (const std::string& text :
           {codec::base64_encode(around), codec::base64url_encode(around)}) {
        CAPTURE(before, after, text);
        CHECK(std::ranges::any_of(forms, [&](const WipedBytes& form) {
          return text.contains(std::string_view(form.data(), form.size()));
        }));
      }
    }
  }
}
