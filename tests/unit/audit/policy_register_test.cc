#include "audit/policy_register.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

using namespace glovebox;
using namespace glovebox::audit;

namespace {

using codec::Json;
using codec::JsonObject;

const codec::Sha256Digest kPolicy = codec::sha256("policy");
const codec::Sha256Digest kDocument = codec::sha256("document");
const codec::Sha256Digest kOther = codec::sha256("other");

JsonObject load_of(const codec::Sha256Digest& policy, const codec::Sha256Digest& document) {
  JsonObject members;
  members.set("pol", policy.hex());
  members.set("doc", document.hex());
  return members;
}

JsonObject revocation_of(const codec::Sha256Digest& policy) {
  JsonObject members;
  members.set("act", kRevokeAct);
  members.set("pol", policy.hex());
  return members;
}

JsonObject with(JsonObject members, std::string key, Json value) {
  members.set(std::move(key), std::move(value));
  return members;
}

}  // namespace

TEST_CASE("a record about a policy that may not be written is refused") {
  PolicyRegister policies;
  REQUIRE(policies.kept(kPolicy, kDocument));
  using enum RecordKind;
  const struct {
    const char* name;
    RecordKind kind;
    JsonObject members;
    ErrorKind error;
  } rows[] = {
      {"a load without a policy", policy_load, {}, ErrorKind::invalid},
      {"a load whose policy is no digest", policy_load,
       with(load_of(kPolicy, kDocument), "pol", "x"), ErrorKind::invalid},
      {"a load whose policy is a number", policy_load, with(load_of(kPolicy, kDocument), "pol", 7),
       ErrorKind::invalid},
      {"a load without a document", policy_load, with(revocation_of(kPolicy), "act", "load"),
       ErrorKind::invalid},
      {"a load of what is not kept", policy_load, load_of(kOther, kDocument), ErrorKind::denied},
      {"a load of another document than the kept one", policy_load, load_of(kPolicy, kOther),
       ErrorKind::denied},
      {"a revocation without a policy", operator_action,
       with(revocation_of(kPolicy), "pol", Json()), ErrorKind::invalid},
      {"a revocation of what was never loaded", operator_action, revocation_of(kPolicy),
       ErrorKind::not_found},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      const auto may = policies.may_record(row.kind, row.members);
      REQUIRE_FALSE(may);
      CHECK(may.error().kind() == row.error);
    }
  }
}

TEST_CASE("what is no policy's is nobody's business here") {
  const PolicyRegister policies;
  CHECK(policies.may_record(RecordKind::tool_intent, {}));
  CHECK(policies.may_record(RecordKind::policy_reject, {}));
  JsonObject other;
  other.set("act", "export");
  CHECK(policies.may_record(RecordKind::operator_action, other));
}

TEST_CASE("a policy that was revoked is loaded again only when somebody says so") {
  PolicyRegister policies;
  REQUIRE(policies.kept(kPolicy, kDocument));
  const JsonObject load = load_of(kPolicy, kDocument);
  REQUIRE(policies.may_record(RecordKind::policy_load, load));
  policies.note(3, RecordKind::policy_load, load);
  REQUIRE(policies.may_record(RecordKind::operator_action, revocation_of(kPolicy)));
  policies.note(7, RecordKind::operator_action, revocation_of(kPolicy));

  const auto refused = policies.may_record(RecordKind::policy_load, load);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message().contains("was revoked by record 7"));
  CHECK_FALSE(policies.may_record(RecordKind::policy_load, with(load, "again", "true")));
  CHECK_FALSE(policies.may_record(RecordKind::policy_load, with(load, "again", false)));

  const JsonObject again = with(load, "again", true);
  REQUIRE(policies.may_record(RecordKind::policy_load, again));
  policies.note(8, RecordKind::policy_load, again);
  CHECK(policies.may_record(RecordKind::policy_load, load));
}

TEST_CASE("the log says what is kept, whatever was kept before a record") {
  PolicyRegister policies;
  REQUIRE(policies.kept(kPolicy, kDocument));
  CHECK(policies.document_of(kPolicy) == std::nullopt);
  policies.note(1, RecordKind::policy_load, load_of(kPolicy, kOther));
  CHECK(policies.document_of(kPolicy) == kOther);
  CHECK(policies.document_of(kOther) == std::nullopt);
}

TEST_CASE("one policy too many is not kept, one that is known is") {
  PolicyRegister policies;
  for (std::size_t i = 0; i < kMaxPolicies; ++i)
    REQUIRE(policies.kept(codec::sha256(std::to_string(i)), kDocument));
  CHECK(policies.kept(kPolicy, kDocument).error().kind() == ErrorKind::limit);
  CHECK(policies.kept(codec::sha256("0"), kOther));
  CHECK(policies.size() == kMaxPolicies);
}
