#include "audit/trust_policy.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <map>
#include <optional>
#include <utility>

#include "codec/visible_ascii.h"

namespace glovebox::audit {

namespace {

constexpr std::string_view kNone = "none";
constexpr std::string_view kBlank = " \t";

Error bad(std::string_view what) {
  return {ErrorKind::invalid, std::string(what)};
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(kBlank);
    if (begin == line.npos) return words;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(kBlank), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

// Decimal, 1 to `most`.
std::optional<std::size_t> parse_threshold(std::string_view text, std::size_t most) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < 1 || value > most)
    return std::nullopt;
  return value;
}

std::string quoted(std::string_view name) {
  return std::format("`{}`", codec::visible_ascii(name));
}

}  // namespace

// What one reading has seen so far.
struct TrustPolicy::Reader {
  TrustPolicy policy;
  std::map<std::string, std::size_t, std::less<>> names;  // of parties
  std::map<std::size_t, std::string> member_of;           // the group that has a party
  std::size_t groups = 0;
  bool has_quorum = false;

  Result<void> take(std::span<const std::string_view> words) {
    const std::string_view what = words.front();
    if (what == "log") return take_log(words);
    if (what == "witness") return take_witness(words);
    if (what == "group") return take_group(words);
    if (what == "quorum") return take_quorum(words);
    return bad(
        std::format("{} is no word of a trust policy: log, witness, group, quorum", quoted(what)));
  }

  Result<void> take_log(std::span<const std::string_view> words) {
    if (words.size() < 2 || words.size() > 3) return bad("the form is: log <vkey> [<url>]");
    codec::NoteKey key = TRY_CONTEXT(codec::NoteKey::parse(words[1]), "log");
    if (std::ranges::contains(policy.logs_, key.key(), &codec::NoteKey::key))
      return bad("log: the same key a second time");
    if (policy.logs_.size() == kMaxTrustedLogs)
      return Error(ErrorKind::limit, std::format("more than {} logs", kMaxTrustedLogs));
    policy.logs_.push_back(std::move(key));
    return {};
  }

  Result<void> take_witness(std::span<const std::string_view> words) {
    if (words.size() < 3 || words.size() > 4)
      return bad("the form is: witness <name> <vkey> [<url>]");
    codec::CosignerKey key = TRY_CONTEXT(codec::CosignerKey::parse(words[2]), "witness");
    if (std::ranges::contains(policy.witnesses_, key.key(), &codec::CosignerKey::key))
      return bad("witness: the same key a second time");
    if (policy.witnesses_.size() == kMaxWitnesses)
      return Error(ErrorKind::limit, std::format("more than {} witnesses", kMaxWitnesses));
    TRY(define(words[1], Witness{policy.witnesses_.size()}));
    policy.witnesses_.push_back(std::move(key));
    return {};
  }

  Result<void> take_group(std::span<const std::string_view> words) {
    if (words.size() < 4) return bad("the form is: group <name> all|any|<k> <member>...");
    if (groups == kMaxGroups)
      return Error(ErrorKind::limit, std::format("more than {} groups", kMaxGroups));
    const auto names_of_members = words.subspan(3);
    Group group{.name = std::string(words[1]), .needed = 1, .members = {}};
    if (words[2] == "all") {
      group.needed = names_of_members.size();
    } else if (words[2] != "any") {
      const auto needed = parse_threshold(words[2], names_of_members.size());
      if (!needed)
        return bad(std::format("group: how many are needed is all, any, or 1 to {}",
                               names_of_members.size()));
      group.needed = *needed;
    }
    for (const std::string_view name : names_of_members) {
      const std::size_t member = TRY(known(name));
      if (!member_of.try_emplace(member, group.name).second)
        return bad(std::format("group: {} is a member already, of {}", quoted(name),
                               quoted(member_of[member])));
      group.members.push_back(member);
    }
    ++groups;
    const std::string_view name = words[1];
    return define(name, std::move(group));
  }

  Result<void> take_quorum(std::span<const std::string_view> words) {
    if (words.size() != 2) return bad("the form is: quorum <name>|none");
    if (has_quorum) return bad("a second quorum");
    has_quorum = true;
    if (words[1] == kNone) return {};
    policy.quorum_ = Party{TRY(known(words[1]))};
    return {};
  }

  Result<std::size_t> known(std::string_view name) const {
    const auto found = names.find(name);
    if (found == names.end())
      return bad(std::format("{} is no witness or group of a line above", quoted(name)));
    return found->second;
  }
  Result<void> define(std::string_view name, std::variant<Witness, Group> party) {
    if (name == kNone) return bad("`none` is no name: it means no witness");
    if (!names.try_emplace(std::string(name), policy.parties_.size()).second)
      return bad(std::format("{} is defined already", quoted(name)));
    policy.parties_.push_back(std::move(party));
    return {};
  }
};

Result<TrustPolicy> TrustPolicy::parse(std::string_view text) {
  if (text.size() > kMaxTrustPolicyBytes)
    return Error(ErrorKind::limit,
                 std::format("trust policy of more than {} bytes", kMaxTrustPolicyBytes));
  Reader reader;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::string place = std::format("trust policy, line {}", number);
    const std::size_t end = text.find('\n');
    if (end == text.npos) return Error(bad("no line end")).with_context(place);
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    const auto is_control = [](char c) {
      return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
    };
    if (std::ranges::any_of(line, is_control)) return bad("a control byte").with_context(place);
    const auto words = words_of(line);
    if (words.empty() || words.front().starts_with('#')) continue;
    TRY_CONTEXT(reader.take(words), place);
  }
  if (!reader.has_quorum)
    return bad("trust policy: no quorum; without witnesses it is `quorum none`");
  if (reader.policy.logs_.empty())
    return bad("trust policy: it names no log, so nothing can be checked by it");
  return std::move(reader.policy);
}

TrustPolicy TrustPolicy::of_log(codec::NoteKey log) {
  TrustPolicy policy;
  policy.logs_.push_back(std::move(log));
  return policy;
}

std::string TrustPolicy::quorum_text() const {
  const auto* party = std::get_if<Party>(&quorum_);
  if (party == nullptr) return std::string(kNone);
  const auto& chosen = parties_.at(party->index);
  if (const auto* witness = std::get_if<Witness>(&chosen))
    return witnesses_.at(witness->index).name();
  const Group& group = std::get<Group>(chosen);
  return std::format("{} of the {} in {}", group.needed, group.members.size(), group.name);
}

std::vector<bool> TrustPolicy::witnessed(std::span<const codec::Cosignature> by) const {
  std::vector<bool> done;
  for (const auto& party : parties_) {
    if (const auto* witness = std::get_if<Witness>(&party)) {
      done.push_back(
          std::ranges::contains(by, witnesses_.at(witness->index), &codec::Cosignature::signer));
      continue;
    }
    const Group& group = std::get<Group>(party);
    const auto count = std::ranges::count_if(group.members, [&](std::size_t i) { return done[i]; });
    done.push_back(static_cast<std::size_t>(count) >= group.needed);
  }
  return done;
}

Result<TrustedCheckpoint> TrustPolicy::open(std::string_view checkpoint) const {
  codec::OpenedCheckpoint seal = TRY(codec::open_checkpoint(checkpoint, logs_));
  const codec::Note note = TRY_CONTEXT(codec::parse_note(checkpoint), "checkpoint");
  auto witnesses = TRY_CONTEXT(codec::check_cosignatures(note, witnesses_), "checkpoint");
  if (const auto* party = std::get_if<Party>(&quorum_);
      party != nullptr && !witnessed(witnesses).at(party->index))
    return Error(ErrorKind::denied,
                 std::format("checkpoint: the quorum is not reached: {} needed, {} cosigned it",
                             codec::visible_ascii(quorum_text()),
                             witnesses.empty() ? "nobody" : std::to_string(witnesses.size())));
  return TrustedCheckpoint{std::move(seal), std::move(witnesses)};
}

}  // namespace glovebox::audit
