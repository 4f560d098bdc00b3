#include "plane/route.h"

#include <catch2/catch_test_macros.hpp>
#include <set>
#include <string>

namespace glovebox::plane {

TEST_CASE("paths find their route", "[plane]") {
  struct Row {
    const char* method;
    const char* path;
    const char* route;  // empty: none
    std::size_t ids;
  };
  for (const Row& row : {
           Row{"GET", "/", "", 0},
           Row{"GET", "v1/sessions", "", 0},
           Row{"GET", "//v1/sessions", "", 0},
           Row{"PUT", "/v1/sessions", "", 0},
           Row{"GET", "/v1/sessions/a/b/c/d", "", 0},
           Row{"GET", "/v1/sessions/%zz", "", 0},
           Row{"GET", "/v1/skills/s/versions/latest", "", 0},
           Row{"GET", "/v1/memory_stores/m/memories", "", 0},
           Row{"GET", "/v1/sessions", "sessions.list", 0},
           Row{"GET", "/v1/sessions/", "sessions.list", 0},
           Row{"GET", "/v1/sessions/s", "sessions.retrieve", 1},
           Row{"GET", "/v1/sessions/s/events/stream", "events.stream", 1},
           Row{"GET", "/v1/environments/e/work/poll", "work.poll", 1},
           Row{"GET", "/v1/environments/e/work/stats", "work.stats", 1},
           Row{"GET", "/v1/environments/e/work/work_1", "work.retrieve", 2},
           Row{"POST", "/v1/environments/e/work/w/heartbeat", "work.heartbeat", 2},
           Row{"POST", "/v1/environments/e/archive", "environments.archive", 1},
           Row{"GET", "/_plane/trace", "control.trace.read", 0},
       }) {
    INFO(row.method << " " << row.path);
    const auto match = find_route(row.method, row.path);
    CHECK(std::string(match ? match->route->name : "") == row.route);
    if (match) CHECK(match->ids.size() == row.ids);
  }
}

TEST_CASE("ids are decoded once", "[plane]") {
  CHECK(find_route("GET", "/v1/sessions/a%2Fb")->ids[0] == "a/b");
  CHECK(find_route("GET", "/v1/sessions/a%252Fb")->ids[0] == "a%2Fb");
}

TEST_CASE("route names are unique", "[plane]") {
  std::set<std::string_view> names;
  std::size_t count = 0;
  for (const auto table :
       {environment_routes(), work_routes(), session_routes(), event_routes(), control_routes()})
    for (const Route& route : table) {
      names.insert(route.name);
      ++count;
    }
  CHECK(names.size() == count);
}

}  // namespace glovebox::plane
