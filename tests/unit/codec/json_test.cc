#include "codec/json.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox;
using namespace glovebox::codec;

TEST_CASE("accessors never convert") {
  const struct {
    const char* text;
    const char* type;
    bool is_bool, is_int, is_double, is_string, is_array, is_object;
  } rows[] = {
      {"null", "null", false, false, false, false, false, false},
      {"false", "boolean", true, false, false, false, false, false},
      {"1", "integer", false, true, false, false, false, false},
      {"1.0", "number", false, false, true, false, false, false},
      {"\"1\"", "string", false, false, false, true, false, false},
      {"[]", "array", false, false, false, false, true, false},
      {"{}", "object", false, false, false, false, false, true},
  };
  for (const auto& row : rows) {
    CAPTURE(row.text);
    const Json json = parse_json(row.text).value();
    CHECK(json.type_name() == row.type);
    CHECK(json.as_bool().has_value() == row.is_bool);
    CHECK(json.as_int().has_value() == row.is_int);
    CHECK(json.as_double().has_value() == row.is_double);
    CHECK((json.as_string() != nullptr) == row.is_string);
    CHECK((json.as_array() != nullptr) == row.is_array);
    CHECK((json.as_object() != nullptr) == row.is_object);
    CHECK(json.get("a") == nullptr);
  }
  CHECK(Json(3).as_number() == 3.0);
  CHECK_FALSE(Json("3").as_number());
}

TEST_CASE("typed members give nothing for another type") {
  const Json json = parse_json(R"({"s":"x","i":1,"b":true,"a":[1],"o":{"k":2}})").value();
  CHECK(*json.get_string("s") == "x");
  CHECK(json.get_string("i") == nullptr);
  CHECK(json.get_int("i") == 1);
  CHECK_FALSE(json.get_int("s"));
  CHECK(json.get_bool("b") == true);
  CHECK_FALSE(json.get_bool("i"));
  CHECK(json.get_array("a")->size() == 1);
  CHECK(json.get_array("o") == nullptr);
  CHECK(json.get_object("o")->size() == 1);
  CHECK(json.get_object("none") == nullptr);
}

TEST_CASE("members keep their order, set replaces in place, equality does not ask for order") {
  JsonObject object;
  object.set("b", 1);
  object.set("a", 2);
  object.set("b", 3);
  CHECK(to_json(object) == R"({"b":3,"a":2})");
  CHECK(object.erase("b"));
  CHECK_FALSE(object.erase("b"));
  CHECK(to_json(object) == R"({"a":2})");
  CHECK(parse_json(R"({"a":1,"b":2})").value() == parse_json(R"({"b":2,"a":1})").value());
  CHECK_FALSE(parse_json(R"({"a":1})").value() == parse_json(R"({"a":1.0})").value());
  CHECK_FALSE(parse_json(R"({"a":1})").value() == parse_json(R"({"a":1,"b":2})").value());
}

TEST_CASE("a key twice makes no object") {
  CHECK_FALSE(JsonObject::from_members({{"a", 1}, {"b", 2}, {"a", 3}}));
  CHECK(JsonObject::from_members({{"a", 1}, {"b", 2}}).value().size() == 2);
}

TEST_CASE("a large object is the same as a small one, through set, erase and copies") {
  JsonObject object;
  for (int i = 0; i < 300; ++i) object.set("k" + std::to_string(i), i);
  for (int i = 0; i < 300; i += 2) CHECK(object.erase("k" + std::to_string(i)));
  const JsonObject copy = object;
  object.set("k1", "new");
  CHECK(copy.find("k1")->as_int() == 1);
  CHECK(*object.find("k1")->as_string() == "new");
  CHECK(copy.size() == 150);
  CHECK(copy.find("k2") == nullptr);
  CHECK(copy.find("k299")->as_int() == 299);
}
