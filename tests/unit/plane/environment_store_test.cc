#include "plane/environment_store.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "fakes.h"

namespace glovebox::plane {
namespace {

struct Store {
  FakeClock clock;
  CountingRandom random;
  EnvironmentStore environments{clock, random};
  std::string id = environments.add_named("env_1", "one").id;
};

std::string code_of(const ApiError& error) {
  const std::string* code = error.details.get_string("error_code");
  return code != nullptr ? *code : "";
}

}  // namespace

TEST_CASE("environments that cannot be made", "[plane]") {
  for (const char* body :
       {"{}", R"({"name":""})", R"({"name":"n"})", R"({"name":1,"config":{"type":"self_hosted"}})",
        R"({"name":"n","config":{"type":"cloud"}})", R"({"name":"n","config":"self_hosted"})",
        R"({"name":"n","config":{"type":"self_hosted","size":1}})",
        R"({"name":"n","config":{"type":"self_hosted"},"scope":"account"})",
        R"({"name":"n","config":{"type":"self_hosted"},"metadata":{"a":1}})",
        R"({"name":"n","config":{"type":"self_hosted"},"metadata":[]})"}) {
    INFO(body);
    Store store;
    CHECK(store.environments.create(json(body)).error().status == 400);
    CHECK(store.environments.all().size() == 1);
  }
}

TEST_CASE("changes that are refused carry their code", "[plane]") {
  Store store;
  CHECK(code_of(store.environments.find("env_none").error()) == "environment_not_found");
  CHECK(store.environments.find("env_none").error().status == 404);
  CHECK(
      code_of(store.environments.update("env_1", json(R"({"config":{"type":"cloud"}})")).error()) ==
      "invalid_config_type_change");
  CHECK(code_of(store.environments.update("env_1", json(R"({"metadata":{"a":1}})")).error()) ==
        "invalid_metadata");
  REQUIRE(store.environments.archive("env_1"));
  CHECK(code_of(store.environments.update("env_1", json("{}")).error()) == "environment_archived");
}

TEST_CASE("an update changes what it names", "[plane]") {
  Store store;
  REQUIRE(store.environments.update(
      "env_1", json(R"({"description":"d","metadata":{"a":"1","b":"2","c":"3"}})")));
  store.clock.pass(seconds(1));
  const auto changed = store.environments.update(
      "env_1", json(R"({"name":"two","description":null,"metadata":{"a":null,"b":""}})"));
  REQUIRE(changed);
  CHECK((*changed)->name == "two");
  CHECK_FALSE((*changed)->description);
  CHECK(codec::to_json(codec::Json((*changed)->metadata)) == R"({"c":"3"})");
  CHECK((*changed)->updated > (*changed)->created);
}

TEST_CASE("a deleted environment is gone", "[plane]") {
  Store store;
  REQUIRE(store.environments.remove("env_1"));
  CHECK_FALSE(store.environments.find("env_1"));
  CHECK_FALSE(store.environments.remove("env_1"));
}

TEST_CASE("metadata has limits", "[plane]") {
  const auto merged = [](const std::string& change) {
    const codec::Json value = json(change);
    return merged_metadata({}, &value, EmptyValue::keeps_key).has_value();
  };
  CHECK(merged("{\"" + std::string(64, 'k') + "\":\"" + std::string(512, 'v') + "\"}"));
  CHECK_FALSE(merged("{\"" + std::string(65, 'k') + "\":\"v\"}"));
  CHECK_FALSE(merged("{\"k\":\"" + std::string(513, 'v') + "\"}"));
  std::string pairs;
  for (int i = 0; i < 17; ++i) pairs += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":\"v\"";
  CHECK_FALSE(merged("{" + pairs + "}"));
}

}  // namespace glovebox::plane
