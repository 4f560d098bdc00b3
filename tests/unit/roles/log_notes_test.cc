#include <catch2/catch_test_macros.hpp>
#include <cstdint>
#include <format>
#include <string>
#include <utility>

#include "ipc/channel.h"
#include "ipc/messages.h"
#include "roles/log_client.h"

namespace glovebox::roles {
namespace {

using audit::RecordKind;

LogClient::Note note(int number) {
  codec::JsonObject members;
  members.set("n", number);
  return {RecordKind::sys_deny, "s", "", std::move(members)};
}

// The auditor's end of a new connection.
ipc::Channel connect(LogClient& client) {
  auto pair = ipc::make_channel_pair();
  REQUIRE(pair);
  client.connect(std::move(pair->first));
  return std::move(pair->second);
}

ipc::Append hear(const ipc::Channel& auditor) {
  auto envelope = auditor.receive();
  REQUIRE(envelope);
  REQUIRE(*envelope);
  REQUIRE((*envelope)->type == ipc::Append::kType);
  return *ipc::Append::decode((*envelope)->body);
}

std::int64_t number_of(const ipc::Append& append) {
  return codec::parse_json(append.members)->get("n")->as_int().value();
}

TEST_CASE("a note is answered to nobody, and counts until it is") {
  LogClient client;
  client.note(note(1));
  CHECK(client.has_notes());
  const auto auditor = connect(client);
  REQUIRE(client.send_note());
  CHECK(!client.has_notes());
  CHECK(client.notes_under_way() == 1);
  const auto append = hear(auditor);
  CHECK(append.kind == "sys.deny");
  CHECK(number_of(append) == 1);
  REQUIRE(auditor.send(ipc::Appended::kType,
                       ipc::Appended{append.sequence, 5, std::string(64, 'a')}.encode()));
  const auto answer = client.receive();
  REQUIRE(answer);
  REQUIRE(*answer);
  CHECK((*answer)->about == LogAnswer::About::note);
  CHECK(client.notes_under_way() == 0);
}

TEST_CASE("what was under way when a connection ended is sent first on the next") {
  LogClient client;
  {
    const auto auditor = connect(client);
    for (int i = 1; i <= 3; ++i) client.note(note(i));
    REQUIRE(client.send_note());
    REQUIRE(client.send_note());
  }
  client.disconnect();
  CHECK(client.notes_under_way() == 0);
  client.note(note(4));
  const auto auditor = connect(client);
  for (int i = 1; i <= 4; ++i) {
    REQUIRE(client.has_notes());
    REQUIRE(client.send_note());
    CHECK(number_of(hear(auditor)) == i);
  }
  CHECK(!client.has_notes());
}

TEST_CASE("without a log a flood of notes takes bounded room, and what is lost is counted") {
  LogClient client;
  constexpr int kAll = static_cast<int>(LogClient::kMostNotes) + 500;
  for (int i = 1; i <= kAll; ++i) client.note(note(i));
  const auto auditor = connect(client);
  std::size_t sent = 0;
  std::int64_t last = 0;
  std::string session;
  for (; client.has_notes(); ++sent) {
    REQUIRE(client.send_note());
    const auto append = hear(auditor);
    last = number_of(append);
    if (!client.has_notes()) CHECK(append.members.contains("not kept"));
  }
  CHECK(sent == LogClient::kMostNotes);
  CHECK(last == 501);  // one of them stood where their number stands
}

}  // namespace
}  // namespace glovebox::roles
