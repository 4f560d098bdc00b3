#include "codec/tlog_proof.h"

#include <catch2/catch_test_macros.hpp>
#include <string>

#include "codec/merkle.h"

using namespace glovebox;
using namespace glovebox::codec;

namespace {

const std::string kHash = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
const std::string kNote = "example.com/log\n7\n" + kHash + "\n\n\u2014 example.com/log AAAAAAA=\n";
const std::string kStart = "c2sp.org/tlog-proof@v1\n";
const std::string kProof = kStart + "extra AQI=\nindex 5\n" + kHash + "\n" + kHash + "\n\n" + kNote;

}  // namespace

TEST_CASE("a text that is no proof is refused") {
  std::string many = kStart + "index 5\n";
  for (std::size_t i = 0; i <= kMaxInclusionHashes; ++i) many += kHash + "\n";
  const struct {
    const char* name;
    std::string text;
  } rows[] = {
      {"empty", ""},
      {"another version", "c2sp.org/tlog-proof@v2\nindex 0\n\n" + kNote},
      {"a line end of another kind", "c2sp.org/tlog-proof@v1\r\nindex 0\n\n" + kNote},
      {"nothing behind the first line", kStart},
      {"no index", kStart + kHash + "\n\n" + kNote},
      {"no number", kStart + "index x\n\n" + kNote},
      {"an empty number", kStart + "index \n\n" + kNote},
      {"a zero in front", kStart + "index 05\n\n" + kNote},
      {"a sign", kStart + "index +5\n\n" + kNote},
      {"an index beyond 2^63", kStart + "index 9223372036854775807\n\n" + kNote},
      {"extra data behind the index", kStart + "index 5\nextra AQI=\n\n" + kNote},
      {"extra data twice", kStart + "extra AQI=\nextra AQI=\nindex 5\n\n" + kNote},
      {"extra data that is no base64", kStart + "extra AQI\nindex 5\n\n" + kNote},
      {"extra without a space", kStart + "extra\nindex 5\n\n" + kNote},
      {"a short hash", kStart + "index 5\nAAAA\n\n" + kNote},
      {"too many hashes", many + "\n" + kNote},
      {"no checkpoint", kStart + "index 5\n" + kHash + "\n\n"},
      {"no blank line", kStart + "index 5\n" + kHash + "\n" + kNote},
      {"a checkpoint without a signature",
       kStart + "index 5\n\nexample.com/log\n7\n" + kHash + "\n"},
      {"a note that is no checkpoint", kStart + "index 5\n\ntext\n\n\u2014 a AAAAAAA=\n"},
      {"an extension line", kStart + "index 5\n\nexample.com/log\n7\n" + kHash +
                                "\nmore\n\n\u2014 example.com/log AAAAAAA=\n"},
  };
  for (const auto& row : rows) {
    DYNAMIC_SECTION(row.name) {
      CHECK(parse_tlog_proof(row.text).error().kind() == ErrorKind::invalid);
    }
  }
  CHECK(parse_tlog_proof(std::string(kMaxTlogProofBytes + 1, 'x')).error().kind() ==
        ErrorKind::limit);
}

TEST_CASE("a proof has one text") {
  const TlogProof proof = parse_tlog_proof(kProof).value();
  CHECK(proof.extra == "\1\2");
  CHECK(proof.index == 5);
  CHECK(proof.hashes.size() == 2);
  CHECK(proof.checkpoint == kNote);
  CHECK(format_tlog_proof(proof) == kProof);

  const std::string bare = kStart + "index 0\n\n" + kNote;
  const TlogProof least = parse_tlog_proof(bare).value();
  CHECK_FALSE(least.extra);
  CHECK(least.hashes.empty());
  CHECK(format_tlog_proof(least) == bare);

  const std::string empty = kStart + "extra \nindex 0\n\n" + kNote;
  CHECK(parse_tlog_proof(empty)->extra == "");
  CHECK(format_tlog_proof(parse_tlog_proof(empty).value()) == empty);
}
