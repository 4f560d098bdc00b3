#include "cli/selftest_report.h"

#include <catch2/catch_test_macros.hpp>
#include <string>
#include <vector>

#include "box/layer.h"
#include "cli/selftest_guest.h"
#include "codec/json.h"

namespace glovebox::cli {

namespace {

using codec::Json;
using End = SelftestRow::End;

Json protection(int rung, box::LayerSet layers) {
  codec::JsonArray names;
  for (const box::Layer layer : box::kAllLayers)
    if (layers.has(layer)) names.emplace_back(box::to_string(layer));
  return Json::object({{"rung", rung}, {"layers", std::move(names)}});
}

}  // namespace

TEST_CASE("only what is denied, works or is not given is good") {
  const std::vector<SelftestRow> good = {
      {"A01", "see", End::denied, ""}, {"use", "run", End::works, ""}, {"x", "y", End::absent, ""}};
  CHECK(selftest_code(good) == ExitCode::done);
  CHECK(selftest_code({}) == ExitCode::negative);
  for (const End bad : {End::through, End::odd, End::broken, End::not_run}) {
    INFO(to_string(bad));
    CHECK_FALSE(is_good(bad));
    std::vector<SelftestRow> rows = good;
    rows.push_back({"C01", "trace", bad, "detail"});
    CHECK(selftest_code(rows) == ExitCode::negative);
    const std::string text = selftest_text(rows, "p.toml", OutputForm::text);
    CHECK(text.contains(std::string(to_string(bad)) + " "));
    CHECK(text.contains("C01  trace (detail)\n"));
    const auto json = codec::parse_json(selftest_text(rows, "p.toml", OutputForm::json));
    REQUIRE(json);
    CHECK(json->get_bool("good") == false);
    CHECK(json->get_array("rows")->size() == 4);
  }
}

TEST_CASE("a row is the same after it was told") {
  for (const End end :
       {End::denied, End::works, End::absent, End::through, End::odd, End::broken, End::not_run}) {
    const SelftestRow row{"C01", "trace \"it\"\n", end, "EPERM"};
    const auto back = row_from_json(to_json(row));
    REQUIRE(back);
    CHECK(back->id == row.id);
    CHECK(back->what == row.what);
    CHECK(back->end == end);
    CHECK(back->detail == row.detail);
  }
  for (const char* text : {"{}", "[]", R"({"id":"a","what":"b","end":"fine","detail":""})",
                           R"({"id":"a","what":"b","end":"works"})"})
    CHECK_FALSE(row_from_json(*codec::parse_json(text)));
}

TEST_CASE("a box that lacks a wall is found out, whatever it denies") {
  for (const int rung : {1, 2})
    CHECK(layers_row(protection(rung, box::LayerSet::all())).end == End::works);
  for (const box::Layer layer : box::kAllLayers) {
    INFO(box::to_string(layer));
    const SelftestRow row = layers_row(protection(1, box::LayerSet::all().without(layer)));
    CHECK(row.end == End::through);
    CHECK(row.detail == std::string(box::to_string(layer)) + " is missing");
  }
  // Where no user namespace can be made there are three walls less, and no fourth.
  box::LayerSet third = box::LayerSet::all()
                            .without(box::Layer::user_namespace)
                            .without(box::Layer::own_user_namespace)
                            .without(box::Layer::no_nested_namespaces);
  CHECK(layers_row(protection(3, third)).end == End::works);
  CHECK(layers_row(protection(2, third)).end == End::through);
  CHECK(layers_row(protection(3, third.without(box::Layer::seccomp))).end == End::through);
  CHECK(layers_row(Json::object({{"rung", 1}})).end == End::not_run);
}

TEST_CASE("the guest's orders travel whole") {
  const GuestOrders orders{{"/a", "/b"}, {"/c"}, "12", "8080", "name", "VARIABLE"};
  const auto back = GuestOrders::from_json(orders.to_json());
  REQUIRE(back);
  CHECK(back->to_json() == orders.to_json());
  CHECK_FALSE(GuestOrders::from_json(Json::object({{"unseen", codec::JsonArray{}}})));
}

}  // namespace glovebox::cli
