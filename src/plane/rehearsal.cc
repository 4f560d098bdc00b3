#include "plane/rehearsal.h"

#include <algorithm>
#include <format>
#include <set>
#include <utility>
#include <variant>

#include "policy/document.h"

namespace glovebox::plane {

bool is_like(std::string_view pattern, std::string_view text) {
  std::size_t at = 0;                         // in text
  std::size_t next = 0;                       // in pattern
  std::size_t star = std::string_view::npos;  // the last star seen, and where it began to match
  std::size_t star_at = 0;
  while (at < text.size()) {
    if (next < pattern.size() && pattern[next] == '*') {
      star = next++;
      star_at = at;
    } else if (next < pattern.size() && pattern[next] == text[at]) {
      ++next;
      ++at;
    } else if (star != std::string_view::npos) {
      next = star + 1;
      at = ++star_at;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', next) == std::string_view::npos;
}

std::vector<std::string> judge(const Expectation& expectation, bool is_error,
                               std::string_view text) {
  std::vector<std::string> reasons;
  const auto demand = [&](bool holds, std::string reason) {
    if (!holds) reasons.push_back(std::move(reason));
  };
  if (expectation.is_error)
    demand(is_error == *expectation.is_error,
           is_error ? "the result is an error" : "the result is not an error");
  if (expectation.exit == 0) demand(!is_error, "the command failed");
  if (expectation.exit && *expectation.exit != 0) {
    const std::string last = std::format("exit {}", *expectation.exit);
    const std::size_t line = text.rfind('\n');
    demand(is_error && (line == std::string_view::npos ? text : text.substr(line + 1)) == last,
           std::format("the last line is not \"{}\"", last));
  }
  if (expectation.equals)
    demand(text == *expectation.equals,
           std::format("the text is not {}", codec::json_quote(*expectation.equals)));
  if (expectation.like)
    demand(is_like(*expectation.like, text),
           std::format("the text is not like {}", codec::json_quote(*expectation.like)));
  for (const std::string& part : expectation.contains)
    demand(text.contains(part), std::format("the text lacks {}", codec::json_quote(part)));
  for (const std::string& part : expectation.lacks)
    demand(!text.contains(part), std::format("the text has {}", codec::json_quote(part)));
  return reasons;
}

namespace {

using policy::Array;
using policy::Code;
using policy::DocumentReader;
using policy::Table;
using policy::Value;

constexpr std::int64_t kFormat = 1;

codec::Json to_value(const Value& value);

struct ToJson {
  codec::Json operator()(bool flag) const { return flag; }
  codec::Json operator()(std::int64_t number) const { return number; }
  codec::Json operator()(double number) const { return number; }
  codec::Json operator()(const std::string& text) const { return text; }
  codec::Json operator()(const policy::DateText& date) const { return date.text; }
  codec::Json operator()(const Array& values) const {
    codec::JsonArray array;
    for (const Value& each : values) array.push_back(to_value(each));
    return array;
  }
  codec::Json operator()(const Table& table) const {
    codec::JsonObject object;
    for (const policy::Entry& entry : table.entries)
      object.set(entry.key.name, to_value(entry.value));
    return object;
  }
};

codec::Json to_value(const Value& value) {
  return std::visit(ToJson{}, value.data);
}

class RehearsalReader {
 public:
  Rehearsal read(const Value& document, const std::string& file);
  std::vector<policy::Diagnostic> take_diagnostics() { return reader_.take_diagnostics(); }

 private:
  RehearsalStep read_step(const Value& value);
  RehearsedCall read_call(const Value& owner, const Table& table, std::string_view where);
  Expectation read_expectation(const Value& value);
  std::vector<std::string> read_texts(const Value& value, std::string_view what);
  std::string read_text(const Table& table, std::string_view name);

  DocumentReader reader_;
};

std::string RehearsalReader::read_text(const Table& table, std::string_view name) {
  const policy::Entry* entry = table.find(name);
  const std::string* text = entry != nullptr ? reader_.text(entry->value, name) : nullptr;
  return text != nullptr ? *text : "";
}

std::vector<std::string> RehearsalReader::read_texts(const Value& value, std::string_view what) {
  if (const auto* one = std::get_if<std::string>(&value.data)) return {*one};
  std::vector<std::string> texts;
  if (const Array* values = reader_.array(value, what))
    for (const Value& each : *values)
      if (const std::string* text = reader_.text(each, what)) texts.push_back(*text);
  return texts;
}

Expectation RehearsalReader::read_expectation(const Value& value) {
  Expectation expectation;
  const Table* table = reader_.table(value, "expect");
  if (table == nullptr) return expectation;
  for (const policy::Entry& entry : table->entries) {
    const std::string& name = entry.key.name;
    if (name == "is_error") {
      expectation.is_error = reader_.flag(entry.value, name);
    } else if (name == "exit") {
      expectation.exit = reader_.integer(entry.value, name, 0, 255);
    } else if (name == "equals" || name == "like") {
      if (const std::string* text = reader_.text(entry.value, name))
        (name == "equals" ? expectation.equals : expectation.like) = *text;
    } else if (name == "contains" || name == "lacks") {
      (name == "contains" ? expectation.contains : expectation.lacks) =
          read_texts(entry.value, name);
    } else {
      reader_.unknown_key(entry.key, "expect",
                          {"is_error", "exit", "equals", "like", "contains", "lacks"});
    }
  }
  if (expectation.exit && expectation.is_error && *expectation.is_error != (*expectation.exit != 0))
    reader_.report(Code::bad_value, value, "exit and is_error contradict each other");
  return expectation;
}

RehearsedCall RehearsalReader::read_call(const Value& owner, const Table& table,
                                         std::string_view where) {
  RehearsedCall call;
  if (const Value* tool = reader_.require(table, owner, "tool", where)) {
    const std::string* name = reader_.text(*tool, "tool");
    if (name != nullptr && name->empty())
      reader_.report(Code::bad_value, *tool, "tool must not be empty");
    if (name != nullptr) call.tool = *name;
  }
  call.input = codec::Json::object();
  if (const policy::Entry* input = table.find("input"))
    if (reader_.table(input->value, "input") != nullptr) call.input = to_value(input->value);
  if (const policy::Entry* custom = table.find("custom"))
    call.custom = reader_.flag(custom->value, "custom").value_or(false);
  if (const policy::Entry* ask = table.find("ask"))
    call.ask =
        reader_.word<Ask>(ask->value, "ask", {{"allow", Ask::then_allow}, {"deny", Ask::then_deny}})
            .value_or(Ask::no);
  if (const policy::Entry* expect = table.find("expect")) {
    call.expect = read_expectation(expect->value);
    if (call.ask == Ask::then_deny)
      reader_.report(Code::inert, expect->key, "a denied call has no result to expect");
  }
  return call;
}

RehearsalStep RehearsalReader::read_step(const Value& value) {
  RehearsalStep step;
  const Table* table = reader_.table(value, "step");
  if (table == nullptr) return step;
  reader_.only_keys(*table, "step",
                    {"title", "say", "tool", "input", "custom", "ask", "expect", "call"});
  step.title = read_text(*table, "title");
  step.say = read_text(*table, "say");
  const policy::Entry* calls = table->find("call");
  if (calls == nullptr) {
    if (table->find("tool") != nullptr)
      step.calls.push_back(read_call(value, *table, "step"));
    else if (step.say.empty())
      reader_.report(Code::missing_key, value, "a step says something or calls a tool",
                     "give it say, tool, or [[step.call]]");
    return step;
  }
  for (const std::string_view name : {"tool", "input", "custom", "ask", "expect"})
    if (const policy::Entry* entry = table->find(name))
      reader_.report(Code::overlap, entry->key,
                     std::format("{} belongs into one of the step's [[step.call]]", name));
  if (const Array* each = reader_.array(calls->value, "call")) {
    for (const Value& one : *each) {
      const Table* call = reader_.table(one, "call");
      if (call == nullptr) continue;
      reader_.only_keys(*call, "step.call", {"tool", "input", "custom", "ask", "expect"});
      step.calls.push_back(read_call(one, *call, "step.call"));
    }
  }
  return step;
}

Rehearsal RehearsalReader::read(const Value& document, const std::string& file) {
  Rehearsal rehearsal;
  const Table* table = reader_.table(document, "the rehearsal");
  if (table == nullptr) return rehearsal;
  reader_.only_keys(*table, "a rehearsal", {"rehearsal", "name", "about", "step"});
  if (const Value* format = reader_.require(*table, document, "rehearsal", "a rehearsal"))
    reader_.integer(*format, "rehearsal", kFormat, kFormat);
  rehearsal.name = read_text(*table, "name");
  if (rehearsal.name.empty()) rehearsal.name = file;
  rehearsal.about = read_text(*table, "about");
  if (const Value* steps = reader_.require(*table, document, "step", "a rehearsal"))
    if (const Array* each = reader_.array(*steps, "step"))
      for (const Value& step : *each) rehearsal.steps.push_back(read_step(step));
  return rehearsal;
}

}  // namespace

std::expected<Rehearsal, std::vector<policy::Diagnostic>> parse_rehearsal(const std::string& file,
                                                                          std::string_view text) {
  const auto document = policy::parse_document(file, text);
  if (!document) return std::unexpected(std::vector{document.error()});
  RehearsalReader reader;
  Rehearsal rehearsal = reader.read(*document, file);
  std::vector<policy::Diagnostic> diagnostics = reader.take_diagnostics();
  if (!diagnostics.empty()) return std::unexpected(std::move(diagnostics));
  return rehearsal;
}

}  // namespace glovebox::plane
