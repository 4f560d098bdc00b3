#include "audit/session_page.h"

#include <format>
#include <string>
#include <utility>

#include "audit/export_fields.h"
#include "audit/show.h"
#include "base/clock.h"
#include "codec/html.h"

namespace glovebox::audit {

namespace {

using codec::HtmlElement;
using codec::HtmlPage;

constexpr HtmlPage::Style kStyle =
    "body{font:14px/1.4 sans-serif;margin:2em;color:#111}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;vertical-align:top;padding:.3em .6em;border-bottom:1px solid #ccc}"
    "code{font:12px/1.4 monospace;overflow-wrap:anywhere}"
    ".deny{background:#fde8e8}.cut{background:#fff4d6}.when{white-space:nowrap}"
    "dt{font-weight:bold}.key{color:#555}";

// What a row says beside its own columns, in this order.
constexpr std::string_view kDetails[] = {
    "tool", "arg",   "call", "comm", "name", "did",     "host", "addr",  "port", "l7",
    "meth", "path",  "up",   "down", "cred", "outcome", "exit", "sig",   "why",  "n",
    "env",  "agent", "work", "prof", "pol",  "polfile", "left", "ended", "red",
};

std::string shown(std::string_view value) {
  return escaped_field(value, "", kMaxPageValue);
}

void fact(HtmlPage& page, std::string_view name, std::string_view value) {
  page.line(HtmlElement::dt, name);
  page.open(HtmlElement::dd).line(HtmlElement::code, shown(value)).close();
}

void begin_row(HtmlPage& page, const Record& record) {
  if (answer_of(record) == Answer::denied)
    page.open(HtmlElement::tr, "deny");
  else if (weight_of(record) != Weight::info)
    page.open(HtmlElement::tr, "cut");
  else
    page.open(HtmlElement::tr);
}

void add_row(HtmlPage& page, const ExportRecord& exported) {
  const Record& record = exported.record;
  begin_row(page, record);
  page.line(HtmlElement::td, std::to_string(exported.index));
  page.line(HtmlElement::td, "when", to_rfc3339(record.wall));
  page.line(HtmlElement::td, words_for(record.kind));
  page.open(HtmlElement::td).line(HtmlElement::code, shown(record.tool_use)).close();
  page.line(HtmlElement::td, to_string(answer_of(record)));
  page.open(HtmlElement::td).line(HtmlElement::code, shown(member_text(record, "rule"))).close();
  page.open(HtmlElement::td);
  for (const std::string_view key : kDetails)
    if (const std::string value = member_text(record, key); !value.empty())
      page.line(HtmlElement::span, "key", std::format("{}: ", long_key(key)))
          .line(HtmlElement::code, shown(value))
          .text(" ");
  page.close();
  page.close();
}

}  // namespace

std::string session_page(std::string_view session, std::string_view origin,
                         std::span<const ExportRecord> records) {
  HtmlPage page(std::format("Session {}", shown(session)), kStyle);
  page.line(HtmlElement::h1, std::format("Session {}", shown(session)));
  page.line(HtmlElement::p,
            "What this session did, from the records of the audit log. The page is for reading; "
            "README.txt says how the records are proved.");
  page.open(HtmlElement::dl);
  fact(page, "Log", origin);
  fact(page, "Records", std::to_string(records.size()));
  if (!records.empty()) {
    fact(page, "First", to_rfc3339(records.front().record.wall));
    fact(page, "Last", to_rfc3339(records.back().record.wall));
  }
  std::size_t calls = 0, denials = 0;
  for (const ExportRecord& record : records) {
    if (record.record.kind == RecordKind::tool_intent) ++calls;
    if (answer_of(record.record) == Answer::denied) ++denials;
  }
  fact(page, "Calls that ran", std::to_string(calls));
  fact(page, "Refusals", std::to_string(denials));
  page.close();
  page.line(HtmlElement::h2, "Timeline");
  page.open(HtmlElement::table).open(HtmlElement::thead).open(HtmlElement::tr);
  for (const std::string_view head :
       {"Record", "Time (UTC)", "What", "Call", "Decision", "Rule", "Details"})
    page.line(HtmlElement::th, head);
  page.close().close().open(HtmlElement::tbody);
  for (const ExportRecord& record : records) add_row(page, record);
  return std::move(page).finish();
}

}  // namespace glovebox::audit
