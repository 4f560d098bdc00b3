#include "audit/trust_policy.h"

#include <catch2/catch_test_macros.hpp>
#include <format>
#include <string>
#include <utility>
#include <vector>

#include "codec/checkpoint.h"
#include "codec/cosignature.h"
#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

constexpr std::uint8_t kLogSeed = 1;

std::string log_key(std::uint8_t seed = kLogSeed, std::string_view origin = kOrigin) {
  return note_key(test_key(seed), origin).to_string();
}
std::string witness_name(std::uint8_t number) {
  return std::format("w{}.example", number);
}
std::string witness_key(std::uint8_t number) {
  return codec::CosignerKey::make(witness_name(number),
                                  test_key(static_cast<std::uint8_t>(100 + number)).public_key())
      ->to_string();
}
std::string log_line() {
  return std::format("log {}\n", log_key());
}
// The log, and witnesses w1 to w`count`.
std::string head(std::uint8_t count) {
  std::string text = log_line();
  for (std::uint8_t i = 1; i <= count; ++i)
    text += std::format("witness w{} {}\n", i, witness_key(i));
  return text;
}

const codec::Checkpoint kCheckpoint{.origin = kOrigin,
                                    .tree = {.size = 1, .root = codec::leaf_hash("x")}};

// A checkpoint of the log with cosignatures of these.
std::string checkpoint_with(const std::vector<std::uint8_t>& witnesses) {
  codec::Note note =
      codec::parse_note(codec::sign_checkpoint(kCheckpoint, test_key(kLogSeed)).value()).value();
  for (const std::uint8_t number : witnesses)
    note.signatures.push_back(codec::cosign(note.text, witness_name(number),
                                            test_key(static_cast<std::uint8_t>(100 + number)),
                                            codec::CosignatureTime{1000 + number})
                                  .value());
  return codec::format_note(note);
}

}  // namespace

TEST_CASE("a trust policy that is not understood is refused, naming the line") {
  struct Row {
    const char* name;
    std::string text;
    std::string_view says;
  };
  const std::string log = log_line();
  const std::string two = head(2);
  const Row rows[] = {
      {"empty", "", "no quorum"},
      {"no quorum", log, "no quorum; without witnesses it is `quorum none`"},
      {"no log", "quorum none\n", "it names no log"},
      {"no last line end", log + "quorum none", "line 2: no line end"},
      {"a word that is not known", log + "\n# c\nmirror x\nquorum none\n", "line 4: `mirror`"},
      {"upper case", "Log x\n", "line 1: `Log`"},
      {"a terminal control", log + "quorum none\x1b[2J\n", "line 2: a control byte"},
      {"carriage return", "log x\r\n", "line 1: a control byte"},
      {"delete", "# \x7f\n", "line 1: a control byte"},
      {"log alone", "log\n", "line 1: the form is: log"},
      {"log with too much", "log a b c\n", "line 1: the form is: log"},
      {"log no key", "log x\n", "line 1: log: a note key"},
      {"log with a witness's key", std::format("log {}\n", witness_key(1)),
       "line 1: log: note key of a type"},
      {"the same log twice", log + log, "line 2: log: the same key a second time"},
      {"the same key under another name", log + std::format("log {}\n", log_key(1, "other")),
       "line 2: log: the same key a second time"},
      {"witness alone", "witness w1\n", "line 1: the form is: witness"},
      {"witness with a log's key", std::format("witness w {}\n", log_key()), "type other than"},
      {"the same witness twice", two + std::format("witness w3 {}\n", witness_key(1)),
       "line 4: witness: the same key a second time"},
      {"the same name twice", two + std::format("witness w1 {}\n", witness_key(3)),
       "line 4: `w1` is defined already"},
      {"a witness none", log + std::format("witness none {}\n", witness_key(3)),
       "line 2: `none` is no name"},
      {"a group of nobody", two + "group g any\n", "line 4: the form is: group"},
      {"a group of strangers", two + "group g any w1 w9\n", "line 4: `w9` is no witness or group"},
      {"a group of itself", two + "group g any g\n", "line 4: `g` is no witness or group"},
      {"a group with none", two + "group g any none\n", "line 4: `none` is no witness or group"},
      {"none of them", two + "group g 0 w1 w2\n",
       "line 4: group: how many are needed is all, any, or 1 to 2"},
      {"more than there are", two + "group g 3 w1 w2\n", "line 4: group: how many"},
      {"no number", two + "group g two w1 w2\n", "line 4: group: how many"},
      {"a number with a sign", two + "group g +1 w1 w2\n", "line 4: group: how many"},
      {"a member twice", two + "group g 2 w1 w1\n",
       "line 4: group: `w1` is a member already, of `g`"},
      {"a member of two", two + "group g any w1\ngroup h any w1 w2\n",
       "line 5: group: `w1` is a member already, of `g`"},
      {"a group by the name of a witness", two + "group w1 any w2\n",
       "line 4: `w1` is defined already"},
      {"quorum of strangers", two + "quorum w9\n", "line 4: `w9` is no witness or group"},
      {"quorum of what comes later", log + "quorum w1\n" + two.substr(log.size()),
       "line 2: `w1` is no witness or group"},
      {"two quorums", log + "quorum none\nquorum none\n", "line 3: a second quorum"},
      {"quorum of two", two + "quorum w1 w2\n", "line 4: the form is: quorum"},
      {"too large", std::string(kMaxTrustPolicyBytes + 1, '\n'), "trust policy of more than"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto policy = TrustPolicy::parse(row.text);
    REQUIRE_FALSE(policy);
    INFO(policy.error().message());
    CHECK(policy.error().message().contains(row.says));
  }
}

TEST_CASE("there is a limit to each kind of line") {
  std::string groups = head(1) + "group g0 any w1\n";
  for (std::size_t i = 1; i < kMaxGroups; ++i)
    groups += std::format("group g{} any g{}\n", i, i - 1);
  CHECK(TrustPolicy::parse(groups + "quorum g0\n"));
  CHECK(TrustPolicy::parse(groups + "group x any g63\nquorum none\n").error().kind() ==
        ErrorKind::limit);
  std::string logs, witnesses = log_line();
  for (std::size_t i = 0; i < kMaxTrustedLogs; ++i)
    logs += std::format("log {}\n", log_key(static_cast<std::uint8_t>(i)));
  CHECK(TrustPolicy::parse(logs + "quorum none\n"));
  CHECK(TrustPolicy::parse(logs + std::format("log {}\nquorum none\n", log_key(200)))
            .error()
            .kind() == ErrorKind::limit);
  for (std::uint8_t i = 0; i < kMaxWitnesses; ++i)
    witnesses += std::format("witness w{} {}\n", i, witness_key(i));
  CHECK(TrustPolicy::parse(witnesses + "quorum none\n"));
  CHECK(TrustPolicy::parse(witnesses + std::format("witness x {}\nquorum none\n", witness_key(90)))
            .error()
            .kind() == ErrorKind::limit);
}

TEST_CASE("a checkpoint is opened by who signed it and who cosigned it") {
  const std::string grouped = head(5) +
                              "group x 2 w1 w2 w3\n"
                              "group y any w4 w5\n"
                              "group both all x y\n";
  struct Row {
    const char* name;
    std::string policy;
    std::vector<std::uint8_t> witnesses;
    bool trusted;
    std::size_t seen;
  };
  const Row rows[] = {
      {"nobody for one", head(1) + "quorum w1\n", {}, false, 0},
      {"a stranger for one", head(1) + "quorum w1\n", {2}, false, 0},
      {"one of both", head(2) + "group g all w1 w2\nquorum g\n", {1}, false, 0},
      {"one twice for two", head(2) + "group g 2 w1 w2\nquorum g\n", {1, 1}, false, 0},
      {"two of x, none of y", grouped + "quorum both\n", {1, 2, 3}, false, 0},
      {"one of x, y", grouped + "quorum both\n", {1, 4, 5}, false, 0},
      {"none needed", head(2) + "quorum none\n", {}, true, 0},
      {"none needed, one there", head(2) + "quorum none\n", {2, 3}, true, 1},
      {"one", head(1) + "quorum w1\n", {1}, true, 1},
      {"both", head(2) + "group g all w1 w2\nquorum g\n", {2, 1}, true, 2},
      {"two of x, one of y", grouped + "quorum both\n", {1, 3, 5}, true, 3},
      {"only x is asked", grouped + "quorum x\n", {2, 3}, true, 2},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    const auto policy = TrustPolicy::parse(row.policy);
    REQUIRE(policy);
    const auto opened = policy->open(checkpoint_with(row.witnesses));
    REQUIRE(opened.has_value() == row.trusted);
    if (!opened) {
      CHECK(opened.error().kind() == ErrorKind::denied);
      continue;
    }
    CHECK(opened->seal.checkpoint == kCheckpoint);
    CHECK(opened->seal.signer.to_string() == log_key());
    CHECK(opened->witnesses.size() == row.seen);
  }
}

TEST_CASE("neither another log nor a bad cosignature is trusted") {
  const auto others = TrustPolicy::parse(std::format("log {}\nquorum none\n", log_key(9))).value();
  CHECK(others.open(checkpoint_with({})).error().kind() == ErrorKind::denied);
  // The right key under the name of another log.
  const auto renamed =
      TrustPolicy::parse(std::format("log {}\nquorum none\n", log_key(1, "other/log"))).value();
  CHECK(renamed.open(checkpoint_with({})).error().kind() == ErrorKind::denied);
  // A witness that is known and not needed: its bad line still makes the note bad.
  const auto known = TrustPolicy::parse(head(1) + "quorum none\n").value();
  codec::Note note = codec::parse_note(checkpoint_with({1})).value();
  note.signatures.back().signature[30] ^= 1;
  CHECK(known.open(codec::format_note(note)).error().kind() == ErrorKind::denied);
  // A witness cannot stand for the log.
  note = codec::parse_note(checkpoint_with({1})).value();
  note.signatures.erase(note.signatures.begin());
  CHECK(known.open(codec::format_note(note)).error().kind() == ErrorKind::denied);
}

TEST_CASE("blank lines, comments, tabs and addresses change nothing") {
  const std::string text = std::format(
      "\n  # \xc3\xa4 comment\n\t log\t{}  https://log.example/ \n"
      " witness  w\xc3\xa4 {} https://w.example/\n \t\ngroup g 1 w\xc3\xa4\nquorum g\n#",
      log_key(), witness_key(1));
  const auto policy = TrustPolicy::parse(text + "\n");
  REQUIRE(policy);
  CHECK(policy->logs().size() == 1);
  CHECK(policy->witnesses().size() == 1);
  CHECK(policy->quorum_text() == "1 of the 1 in g");
  CHECK(policy->open(checkpoint_with({1})));
  CHECK_FALSE(policy->open(checkpoint_with({})));
  CHECK(TrustPolicy::of_log(note_key(test_key(), kOrigin)).quorum_text() == "none");
  CHECK(TrustPolicy::parse(head(1) + "quorum w1\n")->quorum_text() == "w1.example");
}
