#include "roles/stored_policy.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "policy/builtin.h"

namespace glovebox::roles {
namespace {

PolicySource source(const std::string& file, const std::string& text,
                    std::vector<FilterSource> filters = {}) {
  PolicySource source;
  source.file = file;
  source.text = text;
  source.filters = std::move(filters);
  return source;
}

const std::string kGood(*policy::builtin("default"));

TEST_CASE("what is no document of a policy is refused") {
  const struct {
    const char* name;
    std::string text;
  } rows[] = {
      {"nothing", ""},
      {"no JSON", "glovebox = 1"},
      {"another thing", "[]"},
      {"of another version", R"({"v":2,"file":"p","files":[{"name":"p","text":""}],"filters":[]})"},
      {"without a file", R"({"v":1,"file":"p","files":[],"filters":[]})"},
      {"whose first file is another", R"({"v":1,"file":"p","files":[{"name":"q","text":""}]})"},
      {"without filters", R"({"v":1,"file":"p","files":[{"name":"p","text":""}]})"},
      {"a file without a text", R"({"v":1,"file":"p","files":[{"name":"p"}],"filters":[]})"},
      {"a policy that is none", document_of(source("p", "glovebox = 2"))},
      {"an empty policy", document_of(source("p", ""))},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(source_of(row.text).error().kind() == ErrorKind::invalid);
    }
  }
}

TEST_CASE("a policy comes back from its document as it was") {
  const PolicySource given = source("/etc/glovebox/p.toml", kGood + "# \xc3\xa9\t\"quoted\"\n",
                                    {{"/etc/glovebox/f.policy", "default: errno(ENOSYS)\n"}});
  const auto back = source_of(document_of(given));
  REQUIRE(back);
  CHECK(back->file == given.file);
  CHECK(back->text == given.text);
  REQUIRE(back->filters.size() == 1);
  CHECK(back->filters[0].name == given.filters[0].name);
  CHECK(back->filters[0].text == given.filters[0].text);
  CHECK(back->paths == std::vector<std::string>{"/etc/glovebox/p.toml", "/etc/glovebox/f.policy"});
  CHECK_FALSE(back->policy.binds.empty());
  CHECK(document_of(*back) == document_of(given));
  CHECK(source_of(document_of(source("builtin:default", kGood)))->paths.empty());
}

TEST_CASE("texts are the same when each is, under its name") {
  const PolicySource one = source("p", "a\nb\n", {{"/f", "x\n"}});
  CHECK(same_texts(one, one));
  CHECK_FALSE(same_texts(one, source("q", "a\nb\n", {{"/f", "x\n"}})));
  CHECK_FALSE(same_texts(one, source("p", "b\na\n", {{"/f", "x\n"}})));
  CHECK_FALSE(same_texts(one, source("p", "a\nb\n", {{"/g", "x\n"}})));
  CHECK_FALSE(same_texts(one, source("p", "a\nb\n")));
}

TEST_CASE("what is kept comes with the tables of its filters") {
  const std::string text =
      "glovebox = 1\n[[bind]]\ntools = { bash = \"p\" }\n[profile.p]\nsyscalls = \"/f.policy\"\n";
  const auto back =
      source_of(document_of(source("/p.toml", text, {{"/f.policy", "default: errno(ENOSYS)\n"}})));
  REQUIRE(back);
  CHECK(back->tables.contains("/f.policy"));
  CHECK(back->tables.contains("builtin:bash"));
  CHECK(source_of(document_of(source("/p.toml", text))).error().kind() == ErrorKind::not_found);
  CHECK(source_of(document_of(source("/p.toml", text, {{"/f.policy", "no filter"}})))
            .error()
            .kind() == ErrorKind::invalid);
}

TEST_CASE("a digest that is none is refused before anything is read") {
  CHECK(load_stored("/nowhere", "abc").error().kind() == ErrorKind::invalid);
  CHECK(load_to_judge("/nowhere", "abc", policy::Day()).error().kind() == ErrorKind::invalid);
  CHECK(load_stored("/nowhere", std::string(64, 'a')).error().kind() == ErrorKind::not_found);
}

}  // namespace
}  // namespace glovebox::roles
