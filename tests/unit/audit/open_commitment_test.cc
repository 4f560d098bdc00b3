#include "audit/open_commitment.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

using namespace glovebox;
using namespace glovebox::audit;
using codec::Json;

TEST_CASE("a payload opens the commitments that were made of it, and is told where") {
  const Salt salt = Salt::from_bytes(std::string(kSaltBytes, 's')).value();
  const Salt other = Salt::from_bytes(std::string(kSaltBytes, 't')).value();
  Json cut = salt.commitment("long");
  cut.as_object()->set("text", "lo");
  codec::JsonArray list;
  list.emplace_back("plain");
  list.push_back(salt.commitment("input"));
  const Json record = Json::object({{"in", salt.commitment("input")},
                                    {"arg", Json::object({{"a/b~c", cut}, {"list", list}})},
                                    {"forged", Json::object({{"c", "x"}, {"n", 5}})},
                                    {"k", "tool.intent"}});
  using Places = std::vector<std::string>;
  const Opened input = open_commitments(record, salt, "input");
  CHECK(input.places == Places{"/in", "/arg/list/1"});
  CHECK(input.others == Places{"/arg/a~1b~0c", "/forged"});
  CHECK(open_commitments(record, salt, "long").places == Places{"/arg/a~1b~0c"});
  CHECK(open_commitments(record, salt, "inpu").places.empty());
  CHECK(open_commitments(record, other, "input").places.empty());
  const Opened none = open_commitments(Json::object({{"k", "stop"}}), salt, "");
  CHECK(none.places.empty());
  CHECK(none.others.empty());
}
