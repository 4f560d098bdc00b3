#include "audit/log_report.h"

#include <catch2/catch_test_macros.hpp>

using namespace glovebox;
using namespace glovebox::audit;

TEST_CASE("the graver finding stays, and the first of its kind") {
  LogReport report;
  report.blame(Verdict::incomplete, "one");
  report.blame(Verdict::incomplete, "two");
  CHECK(report.reason == "one");
  report.blame(Verdict::changed, "three");
  report.blame(Verdict::changed, "four");
  report.blame(Verdict::incomplete, "five");
  CHECK(report.verdict == Verdict::changed);
  CHECK(report.reason == "three");
}

TEST_CASE("a report is told in a few lines") {
  LogReport report;
  CHECK(report.summary() ==
        "good\n0 records, 0 of them sealed\n"
        "0 sessions: 0 intents, 0 results, 0 denials, 0 orphans, 0 open\n"
        "epochs were not checked");
  report = {.origin = "example.com/glovebox/m/2026",
            .key_from_log = true,
            .sealed = codec::TreeHead{.size = 9, .root = codec::empty_root()},
            .records = 11,
            .bad_record = 11,
            .sessions = 1,
            .intents = 3,
            .results = 1,
            .open_calls = 1,
            .recoveries = 1,
            .gaps = 2,
            .clock_steps = 2,
            .first = WallTime{1'795'534'951'000'000},
            .last = WallTime{1'795'534'952'000'000}};
  report.blame(Verdict::changed, "record 11: \x1b[2J\xe2\x80\xae\xc3\xa9");
  CHECK(report.unsealed() == 2);
  CHECK(report.summary() ==
        "CHANGED: record 11: <x1b>[2J<u202e><u00e9>\n"
        "11 records, 9 of them sealed, 2026-11-24T15:42:31.000000Z to 2026-11-24T15:42:32.000000Z\n"
        "1 session: 3 intents, 1 result, 0 denials, 0 orphans, 1 open\n"
        "1 recovery record after a crash\n"
        "2 gaps: records were lost\n"
        "the wall clock was set 2 times\n"
        "log example.com/glovebox/m/2026\n"
        "epochs were not checked\n"
        "key taken from the log itself: it proves nothing about who wrote it");
  report.epochs = 3;
  report.epoch0_from_log = true;
  CHECK(report.summary().ends_with(
      "\n3 epochs sealed\n"
      "keys taken from the log itself: they prove nothing about who wrote it"));
  report.key_from_log = false;
  CHECK(report.summary().ends_with(
      "\nkey of epoch 0 taken from the log itself: it proves nothing about who wrote it"));
}

TEST_CASE("a report as JSON names everything") {
  LogReport report{.verdict = Verdict::incomplete, .reason = "no checkpoint"};
  report.tail = milliseconds(2);
  const codec::Json json = report.to_json();
  CHECK(*json.get_string("verdict") == "incomplete");
  CHECK(*json.get_string("reason") == "no checkpoint");
  CHECK(json.get("sealed")->is_null());
  CHECK(json.get("root")->is_null());
  CHECK(json.get("bad_record")->is_null());
  CHECK(json.get("first")->is_null());
  CHECK(json.get_int("tail_us") == 2000);
  report.sealed = codec::TreeHead{.size = 3, .root = codec::empty_root()};
  report.records = 5;
  CHECK(report.to_json().get_int("sealed") == 3);
  CHECK(report.to_json().get_int("unsealed") == 2);
  CHECK(*report.to_json().get_string("root") == codec::empty_root().hex());
}
