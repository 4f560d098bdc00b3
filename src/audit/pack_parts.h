// What the files of a pack are called (evidence_pack.h), and what its README says.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace glovebox::audit {

constexpr std::string_view kPackReadme = "README.txt";
constexpr std::string_view kPackCheckpoint = "checkpoint";
constexpr std::string_view kPackKey = "key.pub";
constexpr std::string_view kPackRecords = "records.jsonl";
constexpr std::string_view kPackPage = "session.html";
// Folders.
constexpr std::string_view kPackProofs = "proofs/";
constexpr std::string_view kPackLoads = "loads/";
constexpr std::string_view kPackPolicies = "policies/";

// `proofs/12.tlog-proof`.
std::string proof_name(std::string_view folder, std::uint64_t index);
// The index in the name of a proof in this folder; one spelling only.
std::optional<std::uint64_t> parse_proof_name(std::string_view folder, std::string_view name);

// ASCII. `session` as the records have it; `origin` is the name of the log.
std::string readme_text(std::string_view session, std::string_view origin);

}  // namespace glovebox::audit
