#include "egress/suggestion_text.h"

#include <format>
#include <string_view>

#include "codec/toml_text.h"
#include "codec/visible_ascii.h"

namespace glovebox::egress {

namespace {

using Kind = Suggestion::Kind;

// Of one comment; the rest is in the log.
constexpr std::size_t kLongestComment = 400;

constexpr std::string_view kHead =
    "# What egress refused, as exact rules. Nothing is applied: copy what is meant into a policy "
    "(where\n"
    "# egress = [ ... ] is written, as a { } in there), say why, generalise by hand. `glovebox "
    "policy\n"
    "# diff` tells what it would permit.\n";

std::string comment(std::string_view text) {
  std::string visible = codec::visible_ascii(text);
  if (visible.size() > kLongestComment) {
    visible.resize(kLongestComment);
    visible += "...";
  }
  return "# " + visible + "\n";
}

std::string seen_words(const Seen& seen) {
  const std::string times = seen.times == 1 ? "once" : std::format("{} times", seen.times);
  return seen.first == seen.last
             ? std::format("{}, record {}", times, seen.first)
             : std::format("{}, records {} to {}", times, seen.first, seen.last);
}

std::string where(const Suggestion& suggestion) {
  std::string host = suggestion.host.empty() ? "(no host)" : suggestion.host;
  if (suggestion.port == 0) return host;
  return host.contains(':') ? std::format("[{}]:{}", host, suggestion.port)
                            : std::format("{}:{}", host, suggestion.port);
}

std::string table_head(const Suggestion& suggestion) {
  return std::format("[[profile.{}.egress]]\n", codec::toml_key(suggestion.profile));
}

std::string rule_text(const Suggestion& suggestion) {
  std::string text = comment(seen_words(suggestion.seen));
  if (!suggestion.beside.empty())
    text += comment(std::format("the rule at {} did not allow it", suggestion.beside));
  return text + table_head(suggestion) + rule_keys(suggestion);
}

std::string unfinished_text(const Suggestion& suggestion) {
  std::string text = comment(std::format("{}, {}", seen_words(suggestion.seen), suggestion.note)) +
                     "# " + table_head(suggestion) +
                     std::format("# host = {}\n", codec::toml_string(suggestion.host));
  if (suggestion.port != 0) text += std::format("# port = {}\n", suggestion.port);
  if (!suggestion.mode.empty())
    text += std::format("# mode = {}\n# allow = [ ]\n", codec::toml_string(suggestion.mode));
  return text;
}

std::string one_text(const Suggestion& suggestion) {
  switch (suggestion.kind) {
    case Kind::rule:
      return rule_text(suggestion);
    case Kind::unfinished:
      return unfinished_text(suggestion);
    case Kind::none:
      break;
  }
  return comment(std::format("no rule for {} ({}): {}", where(suggestion),
                             seen_words(suggestion.seen), suggestion.note));
}

std::string_view kind_word(Kind kind) {
  switch (kind) {
    case Kind::rule:
      return "rule";
    case Kind::unfinished:
      return "unfinished";
    case Kind::none:
      break;
  }
  return "none";
}

void set_seen(codec::JsonObject& members, const Seen& seen) {
  members.set("times", static_cast<std::int64_t>(seen.times));
  members.set("first", static_cast<std::int64_t>(seen.first));
  members.set("last", static_cast<std::int64_t>(seen.last));
}

void set_rule(codec::JsonObject& members, const Suggestion& suggestion) {
  if (suggestion.private_address) members.set("private", true);
  if (suggestion.allow.empty()) {
    members.set("whole_host", true);
    return;
  }
  codec::JsonArray allow;
  for (const SuggestedRequest& request : suggestion.allow) {
    codec::JsonObject one;
    one.set("request", request.text);
    set_seen(one, request.seen);
    allow.emplace_back(std::move(one));
  }
  members.set("allow", std::move(allow));
}

}  // namespace

std::string suggestions_text(std::span<const Suggestion> suggestions, std::uint64_t left_out) {
  std::string text(kHead);
  const Suggestion* before = nullptr;
  for (const Suggestion& suggestion : suggestions) {
    const bool other = before == nullptr || before->profile != suggestion.profile;
    if (other)
      text += "\n" +
              comment(suggestion.profile.empty() ? "no profile" : "profile " + suggestion.profile);
    // Lines of comment stand together.
    if (other || suggestion.kind != Kind::none || before->kind != Kind::none) text += '\n';
    text += one_text(suggestion);
    before = &suggestion;
  }
  if (suggestions.empty()) text += "\n# egress refused nothing\n";
  if (left_out > 0)
    text += "\n" + comment(std::format("{} more refusals are not shown: there are more than {} "
                                       "different ones (--since, --profile)",
                                       left_out, kMostSuggestions));
  return text;
}

codec::JsonArray suggestions_json(std::span<const Suggestion> suggestions, std::uint64_t left_out) {
  codec::JsonArray list;
  for (const Suggestion& suggestion : suggestions) {
    codec::JsonObject members;
    members.set("profile", suggestion.profile);
    members.set("host", suggestion.host);
    if (suggestion.port != 0) members.set("port", static_cast<std::int64_t>(suggestion.port));
    members.set("kind", kind_word(suggestion.kind));
    if (!suggestion.mode.empty()) members.set("mode", suggestion.mode);
    if (suggestion.kind == Kind::rule) set_rule(members, suggestion);
    if (!suggestion.note.empty()) members.set("note", suggestion.note);
    if (!suggestion.beside.empty()) members.set("beside", suggestion.beside);
    set_seen(members, suggestion.seen);
    list.emplace_back(std::move(members));
  }
  if (left_out > 0) {
    codec::JsonObject rest;
    rest.set("kind", "left_out");
    rest.set("times", static_cast<std::int64_t>(left_out));
    list.emplace_back(std::move(rest));
  }
  return list;
}

}  // namespace glovebox::egress
