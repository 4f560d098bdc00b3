// The key table, the readers and the schema say the same.
#include "policy/schema.h"

#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "codec/json.h"
#include "policy/keys.h"
#include "policy/load.h"
#include "support.h"

namespace glovebox::policy {
namespace {

// A text with `KEY` in a table of each place; whatever else it lacks.
std::map<Place, std::string> frames() {
  const std::string head = "glovebox = 1\n[[bind]]\ntools = { \"*\" = \"p\" }\n[profile.p]\n";
  return {
      {Place::bind, "glovebox = 1\n[[bind]]\nKEY\n[profile.p]\n"},
      {Place::profile, head + "KEY\n"},
      {Place::mount, head + "mount = [ { KEY } ]\n"},
      {Place::limits, head + "limits = { KEY }\n"},
      {Place::limit, head + "limits = { wall = { KEY } }\n"},
      {Place::audit, head + "audit = { KEY }\n"},
      {Place::deny, head + "deny = { KEY }\n"},
      {Place::egress, head + "egress = [ { KEY } ]\n"},
      {Place::approve, head + "approve = [ { KEY } ]\n"},
      {Place::when, head + "approve = [ { when = { KEY } } ]\n"},
      {Place::secret, head + "[secret.s]\nKEY\n"},
      {Place::tool, head + "[tool.t]\nKEY\n"},
      {Place::mcp, head + "[tool.t]\nmcp = { KEY }\n"},
      {Place::test, head + "[[test]]\nKEY\n"},
      {Place::who, head + "[[test]]\nas = { KEY }\n"},
  };
}

// The same for the tables of further files.
std::map<Place, std::pair<std::string, std::string>> further() {
  return {{Place::included, {"include = [ \"f.toml\" ]", "KEY\n"}},
          {Place::cap_file, {"cap = \"f.toml\"", "KEY\n"}},
          {Place::cap, {"cap = \"f.toml\"", "glovebox = 1\n[cap]\nKEY\n"}},
          {Place::test_file, {"name = \"n\"", "KEY\n"}}};
}

std::string with_key(std::string text, const std::string& key) {
  return text.replace(text.find("KEY"), 3, key);
}

// A policy in which `key` is the only one of its name.
std::string policy_with(const std::string& key) {
  const std::string name = key.substr(0, key.find(' '));
  std::string text = name == "glovebox" ? key + "\n" : "glovebox = 1\n" + key + "\n";
  if (name != "bind") text += "[[bind]]\ntools = { \"*\" = \"p\" }\n";
  if (name != "profile") text += "[profile.p]\n";
  return text;
}

std::vector<Diagnostic> diagnostics_of(Place place, const std::string& key) {
  if (place == Place::policy) return load("p.toml", policy_with(key)).diagnostics;
  const auto frame = frames();
  if (const auto at = frame.find(place); at != frame.end())
    return load("p.toml", with_key(at->second, key)).diagnostics;
  const auto [main, text] = further().at(place);
  const std::string policy =
      "glovebox = 1\n" + main + "\n[[bind]]\ntools = { \"*\" = \"p\" }\n[profile.p]\n";
  const std::string name = place == Place::test_file ? "p.test.toml" : "f.toml";
  return load("p.toml", policy, read_from({{name, with_key(text, key)}}), Day()).diagnostics;
}

bool names_the_key(const Diagnostic& d, std::string_view key) {
  return d.code == Code::unknown_key && d.message.contains(std::format("`{}`", key));
}

TEST_CASE("every key of the table is read, and none besides") {
  std::set<Place> places;
  for (const KeyRule& rule : key_rules()) {
    places.insert(rule.place);
    DYNAMIC_SECTION(static_cast<int>(rule.place) << " " << rule.name) {
      // A value of a type that no key has, so that a reader that looks at it says so.
      bool looked_at = false;
      for (const Diagnostic& d :
           diagnostics_of(rule.place, std::format("{} = 07:30:00", rule.name))) {
        INFO(d.message);
        CHECK(!names_the_key(d, rule.name));
        looked_at = looked_at || d.code == Code::wrong_type;
      }
      CHECK(looked_at);
    }
  }
  for (const Place place : places) {
    DYNAMIC_SECTION("unknown in " << static_cast<int>(place)) {
      bool refused = false;
      for (const Diagnostic& d : diagnostics_of(place, "zzz = 1"))
        refused = refused || names_the_key(d, "zzz");
      CHECK(refused);
    }
  }
}

TEST_CASE("every word of the table is accepted, and none besides") {
  for (const KeyRule& rule : key_rules()) {
    if (rule.words.empty()) continue;
    const auto says_one_of = [&](std::string_view word) {
      for (const Diagnostic& d :
           diagnostics_of(rule.place, std::format("{} = \"{}\"", rule.name, word)))
        if (d.code == Code::bad_value && d.message.contains("must be one of")) return true;
      return false;
    };
    DYNAMIC_SECTION(static_cast<int>(rule.place) << " " << rule.name) {
      for (const std::string_view word : rule.words) CHECK(!says_one_of(word));
      CHECK(says_one_of("zzz"));
    }
  }
}

// What editors are given is reviewed: GLOVEBOX_ACCEPT=1 writes it anew.
TEST_CASE("the schema is the one that lies in the source") {
  const char* given = std::getenv("GLOVEBOX_SOURCE_ROOT");
  const std::filesystem::path root = given != nullptr ? given : GLOVEBOX_SOURCE_ROOT;
  const auto path = root / "tests/golden/policy/schema.json";
  const std::string text = codec::to_json_pretty(schema()) + "\n";
  if (std::getenv("GLOVEBOX_ACCEPT") != nullptr) std::ofstream(path, std::ios::binary) << text;
  std::ifstream file(path, std::ios::binary);
  const std::string wanted{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  CHECK(text == wanted);
}

TEST_CASE("the schema holds the keys of the table, no more and no fewer") {
  const codec::Json whole = schema();
  const codec::JsonObject& definitions = *whole.get_object("definitions");
  std::size_t places = 0, keys = 0;
  for (const auto& [name, form] : definitions) {
    ++places;
    CHECK(form.get_bool("additionalProperties") == false);
    for (const auto& [key, value] : *form.get_object("properties")) {
      ++keys;
      const std::string* reference = value.get_string("$ref");
      if (reference != nullptr)
        CHECK(definitions.contains(reference->substr(std::string("#/definitions/").size())));
      else
        CHECK(!value.get_string("description")->empty());
    }
  }
  CHECK(keys == key_rules().size());
  std::set<Place> named;
  for (const KeyRule& rule : key_rules()) named.insert(rule.place);
  CHECK(places == named.size());
  CHECK(*whole.get("properties") == *definitions.find("policy")->get("properties"));
  CHECK(whole.get_array("required")->size() == 2);
}

}  // namespace
}  // namespace glovebox::policy
