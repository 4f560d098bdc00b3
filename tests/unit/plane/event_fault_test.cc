#include "plane/event_fault.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "fakes.h"

namespace glovebox::plane {

TEST_CASE("how events are disturbed", "[plane]") {
  struct Row {
    const char* name;
    const char* fault;
    const char* shown;  // the types
  };
  for (const Row& row : {
           Row{"not at all", "{}", "a b a c"},
           Row{"a type is left out", R"({"omit":["a"]})", "b c"},
           Row{"types are left out", R"({"omit":["c","b"]})", "a a"},
           Row{"an unknown type is left out", R"({"omit":["x"]})", "a b a c"},
           Row{"the last ones are left out", R"({"omit_last":3})", "a"},
           Row{"more than there are are left out", R"({"omit_last":9})", ""},
           Row{"turned round", R"({"reverse":true})", "c a b a"},
           Row{"each twice", R"({"repeat":2})", "a a b b a a c c"},
           Row{"more come first", R"({"add":[{"type":"x"}]})", "x a b a c"},
           Row{"all at once",
               R"({"omit":["b"],"omit_last":1,"reverse":true,"repeat":2,)"
               R"("add":[{"type":"x"},7]})",
               "x ? a a a a"},
       }) {
    INFO(row.name);
    const Answer<EventFault> fault = read_event_fault(json(row.fault), "events");
    REQUIRE(fault);
    std::string types;
    const codec::JsonArray events = {json(R"({"type":"a"})"), json(R"({"type":"b"})"),
                                     json(R"({"type":"a"})"), json(R"({"type":"c"})")};
    for (const codec::Json& event : disturbed(*fault, events)) {
      const std::string* type = event.get_string("type");
      types += (types.empty() ? "" : " ") + (type != nullptr ? *type : std::string("?"));
    }
    CHECK(types == row.shown);
  }
}

}  // namespace glovebox::plane
