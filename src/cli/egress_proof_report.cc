#include "cli/egress_proof_report.h"

#include <algorithm>
#include <chrono>
#include <format>
#include <utility>
#include <variant>

#include "cli/egress_proof_witness.h"

namespace glovebox::cli {

namespace {

using codec::Json;
using Promise = ProofAttempt::Promise;
using Way = ProofAttempt::Way;

bool keeps(const Promise& promise, const Json& record) {
  const auto is = [&](std::string_view key, std::string_view wanted) {
    const std::string* text = record.get_string(key);
    return text != nullptr && *text == wanted;
  };
  const std::string* why = record.get_string("why");
  if (!is("k", promise.kind) || !is("host", promise.host) || !is("l7", promise.mode)) return false;
  if (promise.port != 0 && record.get_int("port") != promise.port) return false;
  if (promise.rule == Promise::Rule::none && record.get_string("rule") != nullptr) return false;
  return promise.why.empty() || (why != nullptr && why->contains(promise.why));
}

// A connection that came to nothing is recorded as one that was opened, too.
bool failed(const Json& record) {
  return record.get_string("why") != nullptr;
}

std::string words_of(const ProofAttempt& attempt) {
  std::string words;
  for (const std::string_view one : attempt.good) {
    if (one == came::kNoFamily) continue;
    words += std::format("{}{}", words.empty() ? "" : " or ",
                         one.substr(0, one.find_last_not_of(' ') + 1));
  }
  if (attempt.promise) words += ", on record";
  return words;
}

class Judge {
 public:
  Judge(const ProofScene& scene, const std::vector<GuestEnd>& ends,
        const std::vector<std::string>& witnessed, const std::vector<Json>& records)
      : ends_(ends), witnessed_(witnessed), records_(records), attempts_(proof_attempts(scene)) {}

  ProofReport judge() {
    ProofReport report;
    for (const ProofAttempt& attempt : attempts_) report.rows.push_back(judge(attempt));
    report.rows.push_back(openings());
    return report;
  }

 private:
  ProofRow judge(const ProofAttempt& attempt) const {
    ProofRow row{attempt.name, attempt.what, words_of(attempt), "", "", attempt.way};
    const auto end = std::ranges::find(ends_, attempt.name, &GuestEnd::name);
    if (end == ends_.end()) {
      row.came = "not made";
      row.problem = "it was not made";
      return row;
    }
    row.came = end->came;
    if (!end->detail.empty()) row.came += std::format(" ({})", end->detail);
    const bool good = std::ranges::any_of(
        attempt.good, [&](std::string_view word) { return end->came.starts_with(word); });
    const bool hostile = attempt.way == Way::hostile;
    if (!good)
      row.problem =
          hostile ? "it came to something else than a refusal" : "the allowed way does not work";
    if (hostile && is_witnessed(attempt)) row.problem = "it reached the host";
    if (!hostile && good && !is_witnessed(attempt)) row.problem = "it did not reach the witness";
    if (row.problem.empty() && attempt.promise && end->came != came::kNoFamily &&
        !is_on_record(*attempt.promise))
      row.problem = "it is not on record";
    return row;
  }

  // By the mark, or by the name that was asked for, alone or with a domain that the host's resolver
  // searches. Who comes without either is somebody else of the host: ports of loopback are
  // anybody's.
  bool is_witnessed(const ProofAttempt& attempt) const {
    const std::string mark = proof_mark(attempt.name);
    const auto* name = std::get_if<TryName>(&attempt.act);
    const std::string question = name == nullptr || name->name == kProofName
                                     ? ""
                                     : std::format("{} {}", way::kName, name->name);
    return std::ranges::any_of(witnessed_, [&](const std::string& line) {
      return line.contains(mark) ||
             (!question.empty() && (line == question || line.starts_with(question + ".")));
    });
  }

  bool is_on_record(const Promise& promise) const {
    return std::ranges::any_of(records_, [&](const Json& record) {
      return keeps(promise, record) && (promise.kind == "net.deny" || !failed(record));
    });
  }

  // What is on record as opened has to be an allowed way.
  ProofRow openings() const {
    ProofRow row{"openings",  "what is on record as opened", "the allowed ways alone", "", "",
                 Way::hostile};
    std::size_t count = 0;
    for (const Json& record : records_) {
      const std::string* kind = record.get_string("k");
      if (kind == nullptr || *kind != "net.open") continue;
      ++count;
      const bool expected = std::ranges::any_of(attempts_, [&](const ProofAttempt& attempt) {
        return attempt.way == Way::allowed && keeps(*attempt.promise, record);
      });
      if (expected) continue;
      row.came = codec::to_json(record);
      row.problem = "something was let out that no rule gives";
      return row;
    }
    row.came = std::format("{} records", count);
    return row;
  }

  const std::vector<GuestEnd>& ends_;
  const std::vector<std::string>& witnessed_;
  const std::vector<Json>& records_;
  const std::vector<ProofAttempt> attempts_;
};

bool is_bad(const ProofRow& row) {
  return !row.problem.empty();
}

std::int64_t milliseconds_of(const ProofReport& report) {
  return std::chrono::duration_cast<milliseconds>(report.took).count();
}

std::int64_t count_good(const ProofReport& report, Way way) {
  return std::ranges::count_if(
      report.rows, [way](const ProofRow& row) { return !is_bad(row) && row.way == way; });
}

}  // namespace

ProofReport judge_proof(const ProofScene& scene, const std::vector<GuestEnd>& ends,
                        const std::vector<std::string>& witnessed,
                        const std::vector<Json>& records) {
  return Judge(scene, ends, witnessed, records).judge();
}

std::optional<std::string> why_not_proved(const ProofReport& report) {
  if (report.rows.empty()) return "nothing was tried";
  const auto bad = std::ranges::count_if(report.rows, is_bad);
  if (bad == 0) return std::nullopt;
  auto first = std::ranges::find_if(
      report.rows, [](const ProofRow& row) { return is_bad(row) && row.way == Way::allowed; });
  if (first == report.rows.end()) first = std::ranges::find_if(report.rows, is_bad);
  std::string why = std::format("attempt {} ({}): {}; wanted: {}; came: {}", first->name,
                                first->what, first->problem, first->wanted, first->came);
  if (bad > 1) why += std::format("; {} more are not as they should be", bad - 1);
  return why;
}

std::string proof_summary(const ProofReport& report) {
  return std::format("{} attempts came to nothing, {} allowed ways work, in {} ms",
                     count_good(report, Way::hostile), count_good(report, Way::allowed),
                     milliseconds_of(report));
}

std::string proof_text(const ProofReport& report, OutputForm form) {
  const auto why = why_not_proved(report);
  if (form == OutputForm::json) {
    codec::JsonArray rows;
    for (const ProofRow& row : report.rows)
      rows.push_back(Json::object({{"name", row.name},
                                   {"what", row.what},
                                   {"allowed", row.way == Way::allowed},
                                   {"wanted", row.wanted},
                                   {"came", row.came},
                                   {"good", !is_bad(row)},
                                   {"problem", row.problem}}));
    Json whole = Json::object({{"good", !why}, {"ms", milliseconds_of(report)}});
    if (why) whole.as_object()->set("why", *why);
    whole.as_object()->set("rows", std::move(rows));
    return codec::to_json(whole) + "\n";
  }
  std::string text =
      std::format("{:<7} {:<20} {:<46} {:<34} {}\n", "", "attempt", "what", "wanted", "came");
  for (const ProofRow& row : report.rows) {
    text += std::format("{:<7} {:<20} {:<46} {:<34} {}\n", is_bad(row) ? "BAD" : "good", row.name,
                        row.what, row.wanted, row.came);
    if (is_bad(row)) text += std::format("        {}\n", row.problem);
  }
  return text + proof_summary(report) +
         (why ? "; egress does not start\n" : "; nothing got through\n");
}

codec::JsonObject proof_members(const ProofReport& report) {
  codec::JsonObject members;
  const auto why = why_not_proved(report);
  members.set("what", "egress.proof");
  members.set("dec", why ? "deny" : "allow");
  members.set("attempts", count_good(report, Way::hostile));
  members.set("ways", count_good(report, Way::allowed));
  members.set("ms", milliseconds_of(report));
  if (why) members.set("why", *why);
  return members;
}

}  // namespace glovebox::cli
