// The one file that sees Boost.JSON: its sans-I/O parser drives a handler that builds our values.

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/src.hpp>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <format>

#include "codec/json.h"

namespace glovebox::codec {

namespace {

namespace bj = boost::json;

// Called by the parser in document order. A callback that returns false has set `error` too.
class Builder {
 public:
  // The parser asks for these; ours are checked elsewhere.
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;

  explicit Builder(std::size_t max_values) : values_left_(max_values) {}

  Json take() { return std::move(root_); }
  // Why a callback stopped the parser; empty if the parser stopped itself.
  std::optional<Error> verdict() && { return std::move(verdict_); }

  bool on_document_begin(bj::error_code&) { return true; }
  bool on_document_end(bj::error_code&) { return true; }
  bool on_array_begin(bj::error_code& error) { return open(JsonArray(), error); }
  bool on_array_end(std::size_t, bj::error_code& error) {
    return close(std::move(open_.back().array), error);
  }
  bool on_object_begin(bj::error_code& error) { return open(Members(), error); }
  bool on_object_end(std::size_t, bj::error_code& error) {
    Result<JsonObject> object = JsonObject::from_members(std::move(*open_.back().members));
    if (!object) return stop(std::move(object).error(), error);
    return close(std::move(*object), error);
  }
  bool on_string_part(bj::string_view part, std::size_t, bj::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(bj::string_view part, std::size_t, bj::error_code& error) {
    text_.append(part.data(), part.size());
    return add(std::exchange(text_, {}), error);
  }
  bool on_key_part(bj::string_view part, std::size_t, bj::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_key(bj::string_view part, std::size_t, bj::error_code&) {
    text_.append(part.data(), part.size());
    open_.back().members->push_back({std::exchange(text_, {}), Json()});
    return true;
  }
  bool on_number_part(bj::string_view part, bj::error_code&) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_int64(std::int64_t, bj::string_view part, bj::error_code& error) {
    return number(part, error);
  }
  bool on_uint64(std::uint64_t, bj::string_view part, bj::error_code& error) {
    return number(part, error);
  }
  bool on_double(double, bj::string_view part, bj::error_code& error) {
    return number(part, error);
  }
  bool on_bool(bool value, bj::error_code& error) { return add(value, error); }
  bool on_null(bj::error_code& error) { return add(nullptr, error); }
  bool on_comment_part(bj::string_view, bj::error_code&) { return true; }
  bool on_comment(bj::string_view, bj::error_code&) { return true; }

 private:
  using Members = std::vector<JsonObject::Member>;
  struct Open {
    explicit Open(JsonArray started) : array(std::move(started)) {}
    explicit Open(Members started) : members(std::move(started)) {}
    JsonArray array;
    std::optional<Members> members;  // an object if present
  };

  bool stop(Error why, bj::error_code& error) {
    verdict_ = std::move(why);
    error = bj::error::incomplete;  // any: verdict_ is what counts
    return false;
  }

  bool count(bj::error_code& error) {
    if (values_left_ == 0) return stop(Error(ErrorKind::limit, "too many values"), error);
    --values_left_;
    return true;
  }

  bool add(Json value, bj::error_code& error) {
    if (!count(error)) return false;
    place(std::move(value));
    return true;
  }

  void place(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().members) {
      open_.back().members->back().value = std::move(value);
    } else {
      open_.back().array.push_back(std::move(value));
    }
  }

  template <class List>
  bool open(List list, bj::error_code& error) {
    if (!count(error)) return false;
    open_.emplace_back(std::move(list));
    return true;
  }

  bool close(Json value, bj::error_code&) {
    open_.pop_back();
    place(std::move(value));
    return true;
  }

  // The text decides what a number is, not the parser's reading of it: Boost.JSON 1.81 turns an
  // integer beyond uint64 into a double, and rounds doubles inexactly.
  bool number(bj::string_view part, bj::error_code& error) {
    text_.append(part.data(), part.size());
    const std::string text = std::exchange(text_, {});
    if (text.find_first_of(".eE") == std::string::npos) {
      std::int64_t value = 0;
      const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
      if (failure != std::errc() || end != text.data() + text.size())
        return stop(Error(ErrorKind::invalid, "integer does not fit 64 bits"), error);
      return add(value, error);
    }
    const double value = std::strtod(text.c_str(), nullptr);  // no locale is ever set
    if (!std::isfinite(value))
      return stop(Error(ErrorKind::invalid, "number does not fit a double"), error);
    return add(value, error);
  }

  std::size_t values_left_;
  std::string text_;
  std::vector<Open> open_;
  Json root_;
  std::optional<Error> verdict_;
};

std::string place(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::ranges::count(before, '\n');
  const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return std::format("{}:{}", line, offset - line_start + 1);
}

Error refusal(const bj::error_code& error) {
  if (error == bj::error::too_deep)
    return Error(ErrorKind::limit, std::format("nested deeper than {}", kMaxJsonDepth));
  if (error == bj::error::incomplete) return Error(ErrorKind::invalid, "ends too early");
  return Error(ErrorKind::invalid, error.message());
}

}  // namespace

Result<Json> parse_json(std::string_view text, JsonLimits limits) {
  if (text.size() > limits.max_bytes)
    return Error(ErrorKind::limit,
                 std::format("JSON of {} bytes, limit {}", text.size(), limits.max_bytes));
  bj::parse_options options;
  options.max_depth = kMaxJsonDepth;
  bj::basic_parser<Builder> parser(options, limits.max_values);
  bj::error_code error;
  const std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (error) {
    std::optional<Error> verdict = std::move(parser.handler()).verdict();
    Error why = verdict ? *std::move(verdict) : refusal(error);
    return std::move(why).with_context(place(text, used));
  }
  if (used != text.size())
    return Error(ErrorKind::invalid,
                 std::format("{}: bytes after the document", place(text, used)));
  return parser.handler().take();
}

}  // namespace glovebox::codec
