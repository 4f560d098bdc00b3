// Policies for the tests of this room: one valid frame, broken in one place per row.
#pragma once

#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <format>
#include <string>
#include <string_view>
#include <vector>

#include "policy/load.h"
#include "policy/policy.h"

namespace glovebox::policy {

// Whatever stands in `profile` begins in line 5.
inline std::string with_profile(std::string_view profile) {
  return std::format("glovebox = 1\n[[bind]]\ntools = {{ \"*\" = \"p\" }}\n[profile.p]\n{}\n",
                     profile);
}

// `GB0012 5:8`, for each thing that is wrong.
inline std::vector<std::string> places(const std::vector<Diagnostic>& diagnostics) {
  std::vector<std::string> all;
  for (const Diagnostic& d : diagnostics)
    all.push_back(std::format("GB{:04} {}:{}", static_cast<unsigned>(d.code), d.origin.line,
                              d.origin.column));
  return all;
}

inline Policy policy_of(const std::string& text, const std::string& file = "test.toml") {
  Loaded loaded = load(file, text);
  if (!loaded.policy) FAIL(to_text(loaded.diagnostics, text));
  return std::move(*loaded.policy);
}

inline Profile profile_of(std::string_view profile, const std::string& file = "test.toml") {
  return policy_of(with_profile(profile), file).profiles.at("p");
}

// A text with exactly one thing wrong.
struct Broken {
  const char* name;
  std::string text;
  const char* place;    // as places() writes it
  const char* message;  // a part of it
  const char* hint = "";
  std::uint32_t width = 0;  // of the caret; 0: not looked at
};

inline void check_broken(const Broken& row) {
  const Loaded loaded = load("test.toml", row.text);
  INFO(to_text(loaded.diagnostics, row.text));
  CHECK(!loaded.policy);
  REQUIRE(places(loaded.diagnostics) == std::vector<std::string>{row.place});
  const Diagnostic& found = loaded.diagnostics.front();
  CHECK(found.origin.file == "test.toml");
  CHECK(found.message.find(row.message) != std::string::npos);
  CHECK(found.hint.find(row.hint) != std::string::npos);
  if (row.width != 0) CHECK(found.width == row.width);
}

}  // namespace glovebox::policy
