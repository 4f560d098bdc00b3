// Percent-encoding, query strings and targets of url.h.

#include <algorithm>
#include <format>
#include <iterator>

#include "codec/hex.h"
#include "codec/url.h"

namespace glovebox::codec {

namespace {

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

void append_escape(std::string& out, char c) {
  std::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
}

std::string encode(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      append_escape(out, c);
    }
  }
  return out;
}

Result<std::string> decode_form(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return percent_decode(spaced);
}

}  // namespace

std::string percent_encode_segment(std::string_view bytes) {
  if (bytes == ".") return "%2E";
  if (bytes == "..") return "%2E%2E";
  return encode(bytes);
}

std::string percent_encode_query(std::string_view bytes) {
  return encode(bytes);
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0)
      return Error(ErrorKind::invalid, "% without two hexadecimal digits behind it");
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

Result<Query> parse_query(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(piece.size() + 1, text.size()));
    if (piece.empty()) continue;
    if (query.size() == kMaxQueryPairs)
      return Error(ErrorKind::limit, std::format("query of more than {} pairs", kMaxQueryPairs));
    const std::size_t equals = piece.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : piece.substr(equals + 1);
    query.push_back({TRY_CONTEXT(decode_form(piece.substr(0, equals)), "query"),
                     TRY_CONTEXT(decode_form(value), "query")});
  }
  return query;
}

std::string format_query(const Query& query) {
  std::string out;
  for (const QueryPair& pair : query) {
    if (!out.empty()) out += '&';
    out += percent_encode_query(pair.name);
    out += '=';
    out += percent_encode_query(pair.value);
  }
  return out;
}

const std::string* find_query(const Query& query, std::string_view name) {
  const auto at = std::ranges::find(query, name, &QueryPair::name);
  return at == query.end() ? nullptr : &at->value;
}

Target split_target(std::string_view target) {
  const std::size_t mark = target.find('?');
  if (mark == std::string_view::npos) return {std::string(target), ""};
  return {std::string(target.substr(0, mark)), std::string(target.substr(mark + 1))};
}

}  // namespace glovebox::codec
