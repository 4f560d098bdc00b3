#include "audit/pack_parts.h"

#include <charconv>
#include <format>

#include "codec/visible_ascii.h"

namespace glovebox::audit {

namespace {

constexpr std::string_view kSuffix = ".tlog-proof";

constexpr std::string_view kReadme = R"(Evidence about one session

session  {}
log      {}

This archive was written by glovebox out of its audit log. It is checked without the log:

  glovebox audit check-proof THIS-ARCHIVE --trust KEY

KEY is the public key of the log, or a file with it, or a policy of trust (C2SP tlog-policy) that
also asks for witnesses. Take it from whoever runs the log, or from your own files. The key.pub in
this archive came with the archive: whoever forged the one has forged the other.

What is here

  checkpoint      what the log signed: its name, the number of its records, the root of the tree
  key.pub         the key that is said to have signed it
  records.jsonl   the records of the session, in order: index in the log, leaf hash, the record
  proofs/         one proof for each of these records
  loads/          proofs for the records that say which text each policy has
  policies/       those texts, by the digest that records name
  session.html    the same records as a page

Checking by other means

  Each proof is a C2SP tlog-proof: the record itself (line `extra`, base64), its index, the hashes
  up to the root, the checkpoint. Any program for that format checks it.
  The leaf hash of a record is SHA-256 over one zero byte and the bytes of the record. `prev` in a
  record is the leaf hash of the record of this session before it, and 64 zeros in its first: so a
  record that is missing between two others shows.
  `doc` in a policy.load record is SHA-256 over the text of its policy.

What it does not show

  That nothing of the session came after the last record. session.close at the end says that the
  session was over then; the same session can be opened again.
  That the log was not forked or put back by somebody with its key. Witnesses show that, and
  checkpoints that somebody kept elsewhere.
)";

}  // namespace

std::string proof_name(std::string_view folder, std::uint64_t index) {
  return std::format("{}{}{}", folder, index, kSuffix);
}

std::optional<std::uint64_t> parse_proof_name(std::string_view folder, std::string_view name) {
  if (!name.starts_with(folder)) return std::nullopt;
  const std::string_view digits = name.substr(folder.size());
  std::uint64_t index = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), index).ec != std::errc{} ||
      proof_name(folder, index) != name)
    return std::nullopt;
  return index;
}

std::string readme_text(std::string_view session, std::string_view origin) {
  return std::format(kReadme, codec::visible_ascii(session), codec::visible_ascii(origin));
}

}  // namespace glovebox::audit
