// Golden: tests/golden/audit/session.html. GLOVEBOX_ACCEPT=1 takes the present page.
#include "audit/evidence_pack.h"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "audit/pack_parts.h"
#include "audit/session_page.h"
#include "codec/ustar.h"
#include "tile_log.h"

using namespace glovebox;
using namespace glovebox::audit;
using namespace glovebox::audit::test;

namespace {

using codec::Json;
using Files = std::vector<std::pair<std::string, std::string>>;

const std::string kText = "glovebox = 1\nname = \"p\"\n";
const std::string kPolicy(64, 'a');
const std::string kOtherPolicy(64, 'b');

// Two sessions with their calls between each other, and a policy that is kept.
struct Fixture {
  TileLog log;

  Fixture() {
    add(RecordKind::boot, "", "");
    add(RecordKind::policy_load, "", "", {{"pol", kPolicy}, {"doc", codec::sha256(kText).hex()}});
    add(RecordKind::session_open, "s1", "", {{"agent", "agent_1"}, {"pol", kPolicy}});
    add(RecordKind::session_open, "s2", "", {{"pol", kOtherPolicy}});
    add(RecordKind::tool_intent, "s1", "t1",
        {{"tool", "bash"},
         {"arg", Json::object({{"command", "echo '<script>alert(1)</script>' \x1b[2J"}})},
         {"pol", kPolicy},
         {"rule", "policy.toml:3"},
         {"dec", "allow"}});
    add(RecordKind::tool_intent, "s2", "t2", {{"tool", "read"}, {"dec", "allow"}});
    add(RecordKind::net_deny, "s1", "t1",
        {{"host", "evil.example"}, {"port", 443}, {"dec", "deny"}, {"why", "no rule"}});
    add(RecordKind::net_open, "s1", "t1",
        {{"host", "api.example"}, {"port", 443}, {"up", 10}, {"down", 20}, {"dec", "allow"}});
    add(RecordKind::tool_result, "s1", "t1", {{"outcome", "exited"}, {"exit", 0}, {"err", false}});
    add(RecordKind::session_close, "s1", "", {{"why", "done"}});
    log.publish();
    std::filesystem::create_directory(log / "policies");
    write(log / ("policies/" + kPolicy), kText);
  }
  void add(RecordKind kind, std::string_view session, std::string_view tool_use,
           std::initializer_list<std::pair<std::string_view, Json>> members = {}) {
    log.add(log.maker.make(kind, session, tool_use, *Json::object(members).as_object()));
  }
  Result<std::string> pack(std::string_view session = "s1") const {
    return make_pack(SealedLog::open(log.path()).value(), session);
  }
  TrustPolicy trust() const { return TrustPolicy::of_log(log.key().public_key); }
};

Files unpack(std::string_view archive) {
  Files files;
  for (const codec::ArchiveFile& file :
       codec::parse_ustar(archive, {.max_bytes = kMaxPackBytes, .max_files = kMaxPackFiles})
           .value())
    files.emplace_back(file.name, file.bytes);
  return files;
}
std::string repack(const Files& files) {
  codec::UstarWriter writer(7);
  for (const auto& [name, bytes] : files) writer.add(name, bytes).value();
  return std::move(writer).finish();
}
std::string& at(Files& files, std::string_view name) {
  return std::ranges::find(files, name, &Files::value_type::first)->second;
}
void remove(Files& files, std::string_view name) {
  CHECK(std::erase_if(files, [&](const auto& file) { return file.first == name; }) == 1);
}

}  // namespace

TEST_CASE("no pack is made of what is not there, or not sealed") {
  Fixture fixture;
  CHECK(fixture.pack("s9").error().kind() == ErrorKind::not_found);
  CHECK(fixture.pack("").error().kind() == ErrorKind::not_found);
  fixture.add(RecordKind::session_open, "s3", "");
  CHECK(fixture.pack("s3").error().message() == "no sealed record of the session s3");
}

TEST_CASE("a pack that was changed does not hold") {
  Fixture fixture;
  const std::string good = fixture.pack().value();
  REQUIRE(check_pack(good, fixture.trust()));
  struct Row {
    const char* name;
    std::function<void(Files&)> change;
    std::string_view says;
  };
  const std::vector<Row> rows = {
      {"no checkpoint", [](Files& f) { remove(f, "checkpoint"); }, "no checkpoint"},
      {"no key", [](Files& f) { remove(f, "key.pub"); }, "no key.pub"},
      {"another key",
       [](Files& f) { at(f, "key.pub") = note_key(test_key(9), kOrigin).to_string() + "\n"; },
       "key.pub is not the key that signed"},
      {"no records", [](Files& f) { remove(f, "records.jsonl"); }, "no records.jsonl"},
      {"a record's text changed", [](Files& f) { at(f, "records.jsonl")[30] ^= 1; },
       "records.jsonl does not hold"},
      {"a record more", [](Files& f) { at(f, "records.jsonl") += "{}\n"; },
       "records.jsonl does not hold"},
      {"no page", [](Files& f) { remove(f, "session.html"); }, "no session.html"},
      {"no readme", [](Files& f) { remove(f, "README.txt"); }, "no README.txt"},
      {"a proof missing in the middle", [](Files& f) { remove(f, "proofs/6.tlog-proof"); },
       "between record 4 and record 7 one is missing"},
      {"the first proof missing", [](Files& f) { remove(f, "proofs/2.tlog-proof"); },
       "record 4 is not the first of its session"},
      {"no proofs",
       [](Files& f) {
         std::erase_if(f, [](const auto& file) { return file.first.starts_with("proofs/"); });
       },
       "no proofs"},
      {"a proof changed", [](Files& f) { at(f, "proofs/4.tlog-proof")[40] ^= 1; },
       "proofs/4.tlog-proof: "},
      {"a proof of another record",
       [](Files& f) { at(f, "proofs/4.tlog-proof") = at(f, "proofs/6.tlog-proof"); },
       "proofs/4.tlog-proof is of record 6"},
      {"a proof with a name of another spelling",
       [](Files& f) { f.emplace_back("proofs/04.tlog-proof", at(f, "proofs/4.tlog-proof")); },
       "proofs/04.tlog-proof is no name"},
      {"the policy's text changed", [](Files& f) { at(f, "policies/" + kPolicy) += "#"; },
       "is not the text that was recorded"},
      {"the policy's record missing", [](Files& f) { remove(f, "loads/1.tlog-proof"); },
       "no record says which text policy"},
      {"a load that is none",
       [](Files& f) { f.emplace_back("loads/4.tlog-proof", at(f, "proofs/4.tlog-proof")); },
       "record 4 loads no policy"},
      {"a policy that nobody names", [](Files& f) { f.emplace_back("policies/x", "x"); },
       "policies/x has no place"},
      {"a file more", [](Files& f) { f.emplace_back("run-me.sh", "x"); }, "run-me.sh has no place"},
  };
  for (const Row& row : rows) {
    INFO(row.name);
    Files files = unpack(good);
    row.change(files);
    const auto report = check_pack(repack(files), fixture.trust());
    REQUIRE_FALSE(report);
    INFO(report.error().message());
    CHECK(report.error().message().contains(row.says));
  }
}

TEST_CASE("a pack is as good as who signed it") {
  const Fixture fixture;
  const std::string good = fixture.pack().value();
  const TrustPolicy others = TrustPolicy::of_log(note_key(test_key(9), kOrigin));
  CHECK(check_pack(good, others).error().kind() == ErrorKind::denied);
  CHECK(check_pack("", fixture.trust()).error().kind() == ErrorKind::invalid);
  CHECK(check_pack(std::string(4096, 'x'), fixture.trust()).error().kind() == ErrorKind::invalid);
  const auto witness = codec::CosignerKey::make("w", test_key(60).public_key())->to_string();
  const auto asks =
      TrustPolicy::parse(std::format("log {}\nwitness w {}\nquorum w\n",
                                     fixture.log.key().public_key.to_string(), witness))
          .value();
  CHECK(check_pack(good, asks).error().kind() == ErrorKind::denied);
}

TEST_CASE("records of another session do not become part of it") {
  const Fixture fixture;
  Files files = unpack(fixture.pack("s1").value());
  const Files other = unpack(fixture.pack("s2").value());
  for (const auto& [name, bytes] : other)
    if (name.starts_with("proofs/")) files.emplace_back(name, bytes);
  CHECK(check_pack(repack(files), fixture.trust())
            .error()
            .message()
            .contains("record 3 is of another session"));
}

TEST_CASE("a whole session is packed and holds without the log") {
  const Fixture fixture;
  const std::string archive = fixture.pack().value();
  CHECK(fixture.pack().value() == archive);
  CHECK(looks_like_pack(archive));
  CHECK_FALSE(looks_like_pack("c2sp.org/tlog-proof@v1\n"));
  const auto report = check_pack(archive, fixture.trust());
  REQUIRE(report);
  CHECK(report->session == "s1");
  CHECK(report->records == std::vector<std::uint64_t>{2, 4, 6, 7, 8, 9});
  CHECK(report->is_closed);
  CHECK(report->policies == 1);
  CHECK(report->unknown_policies.empty());
  CHECK(report->are_words_ours);
  const std::string text = pack_text(*report, fixture.trust());
  CHECK(text.starts_with("good: 6 records of session s1 are in the log " + kOrigin + "\n"));
  CHECK(text.contains(
      "  chain: whole from record 2 to record 9\n  end: session.close\n"
      "  policies: 1 as recorded\n  README.txt, session.html: as these records make them\n"));
  const Json json = pack_json(*report, fixture.trust());
  CHECK(json.get_bool("closed") == true);
  CHECK(json.get_array("records")->size() == 6);
  // Nothing of the host is in it, and each proof stands by itself.
  Files files = unpack(archive);
  for (const auto& [name, bytes] : files) CHECK_FALSE(bytes.contains(fixture.log.path().string()));
  const std::vector<codec::NoteKey> known{fixture.log.key().public_key};
  CHECK(check_proof(at(files, "proofs/4.tlog-proof"), known)->bytes == fixture.log.records[4]);
  CHECK(at(files, "README.txt").contains("session  s1\n"));
}

TEST_CASE("what a pack lacks is said") {
  Fixture fixture;
  // Open, and by a policy that was never loaded.
  auto report = check_pack(fixture.pack("s2").value(), fixture.trust());
  REQUIRE(report);
  CHECK_FALSE(report->is_closed);
  CHECK(report->unknown_policies == std::vector<std::string>{kOtherPolicy});
  const std::string text = pack_text(*report, fixture.trust());
  CHECK(text.contains("  end: no session.close, so more may have followed\n"));
  CHECK(text.contains("  policy without its text: " + kOtherPolicy + "\n"));
  // A text that is not kept any more.
  std::filesystem::remove(fixture.log / ("policies/" + kPolicy));
  report = check_pack(fixture.pack().value(), fixture.trust());
  CHECK(report->unknown_policies == std::vector<std::string>{kPolicy});
  std::filesystem::remove(fixture.log / "policies");
  CHECK(check_pack(fixture.pack().value(), fixture.trust()));
  // A text that was changed on the disk is packed as it is, and found.
  std::filesystem::create_directory(fixture.log / "policies");
  write(fixture.log / ("policies/" + kPolicy), kText + "#");
  CHECK_FALSE(check_pack(fixture.pack().value(), fixture.trust()));
  // The end cut off: the records that are left are proved, the end is missed.
  write(fixture.log / ("policies/" + kPolicy), kText);
  Files files = unpack(fixture.pack().value());
  remove(files, "proofs/9.tlog-proof");
  std::string& lines = at(files, "records.jsonl");
  lines.resize(lines.rfind('\n', lines.size() - 2) + 1);
  report = check_pack(repack(files), fixture.trust());
  REQUIRE(report);
  CHECK_FALSE(report->is_closed);
  CHECK_FALSE(report->are_words_ours);
  CHECK(pack_text(*report, fixture.trust()).contains("do not rely on them\n"));
}

TEST_CASE("the page of a session") {
  const Fixture fixture;
  Files files = unpack(fixture.pack().value());
  const std::string& page = at(files, "session.html");
  CHECK_FALSE(page.contains("<script"));
  CHECK(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
  CHECK_FALSE(page.contains('\x1b'));
  const char* given = std::getenv("GLOVEBOX_SOURCE_ROOT");
  const std::filesystem::path root = given != nullptr ? given : GLOVEBOX_SOURCE_ROOT;
  const auto path = root / "tests/golden/audit/session.html";
  if (std::getenv("GLOVEBOX_ACCEPT") != nullptr)
    std::ofstream(path, std::ios::binary | std::ios::trunc) << page;
  CHECK(page == read(path));
}

TEST_CASE("names of proofs have one spelling") {
  CHECK(parse_proof_name("proofs/", "proofs/0.tlog-proof") == 0);
  CHECK(parse_proof_name("proofs/", "proofs/18446744073709551615.tlog-proof") ==
        18446744073709551615u);
  for (const char* name : {"proofs/", "proofs/x", "proofs/-1.tlog-proof", "proofs/+1.tlog-proof",
                           "proofs/01.tlog-proof", "proofs/1.tlog-proof2", "proofs/1",
                           "proofs/18446744073709551616.tlog-proof", "loads/1.tlog-proof"})
    CHECK_FALSE(parse_proof_name("proofs/", name));
}
