#include "seccomp/expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <format>
#include <limits>
#include <utility>
#include <vector>

#include "base/nearest_word.h"
#include "seccomp/parse.h"
#include "seccomp/words.h"

namespace glovebox::seccomp {

namespace {

constexpr int kMaxBrackets = 8;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// A recursive descent over one line. The first thing that does not fit ends it.
class Pieces {
 public:
  Pieces(std::string_view text, std::size_t& position) : text_(text), at_(position) {}

  std::expected<Predicate, PieceError> alternatives(int depth) {
    auto all = joined(depth);
    while (all && take("||")) {
      auto more = joined(depth);
      if (!more) return more;
      std::ranges::move(*more, std::back_inserter(*all));
      if (all->size() > kMaxConjunctions) return too_many();
    }
    return all;
  }

  std::expected<Action, PieceError> action() {
    const std::size_t begin = skip();
    const std::string_view name = word();
    if (name == "allow") return Action{Action::Kind::allow, 0};
    if (name == "kill") return Action{Action::Kind::kill_process, 0};
    constexpr std::uint16_t kPermission = 1;  // EPERM
    if (name == "notify" && !text_.substr(skip()).starts_with('('))
      return Action{Action::Kind::notify, kPermission};
    if (name != "errno" && name != "notify") {
      constexpr std::array<std::string_view, 4> kActions = {"allow", "errno", "kill", "notify"};
      return fail(begin, "an action is `allow`, `errno(NAME)`, `notify`, `notify(NAME)` or `kill`",
                  Code::syntax, meant(nearest_word(name, kActions), ""));
    }
    if (!take("(")) return fail(at_, "`errno` needs a name in brackets");
    const std::size_t error_at = skip();
    const std::string_view error_name = word();
    const auto number = error_number(error_name);
    if (!number)
      return fail(error_at, "not the name of an error", Code::unknown_word,
                  meant(nearest_error(error_name), "a name of errno(3): EPERM, ENOSYS"));
    if (!take(")")) return fail(at_, "`)` expected");
    return Action{name == "errno" ? Action::Kind::error : Action::Kind::notify, *number};
  }

  std::expected<std::uint64_t, PieceError> value(Width width) {
    std::uint64_t result = 0;
    do {
      const std::size_t begin = skip();
      const std::string_view name = word();
      if (name.empty()) return fail(begin, "a value is missing");
      const auto part = number(name);
      if (!part)
        return fail(begin, std::format("`{}` is no number or constant", name), Code::unknown_word,
                    meant(nearest_constant(name), "a number stands for any constant"));
      if (width == Width::low32 && *part > std::numeric_limits<std::uint32_t>::max())
        return fail(begin, "does not fit the low half");
      result |= *part;
      skip();
    } while (!text_.substr(at_).starts_with("||") && take("|"));
    return result;
  }

 private:
  static std::unexpected<PieceError> fail(std::size_t at, std::string message,
                                          Code code = Code::syntax, std::string hint = {}) {
    return std::unexpected(PieceError{at, code, std::move(message), std::move(hint)});
  }
  std::unexpected<PieceError> too_many() const {
    return fail(at_, std::format("more than {} alternatives", kMaxConjunctions), Code::too_many,
                "split what is told apart by values into sets: `argN in {V, V..V}`");
  }
  // `did you mean …?`, or what is there to choose from.
  static std::string meant(std::string_view nearest, std::string_view otherwise) {
    return nearest.empty() ? std::string(otherwise) : std::format("did you mean `{}`?", nearest);
  }

  std::size_t skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
    return at_;
  }
  bool take(std::string_view sign) {
    skip();
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    return true;
  }
  std::string_view word() {
    const std::size_t begin = skip();
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  std::expected<Predicate, PieceError> joined(int depth) {
    auto left = factor(depth);
    while (left) {
      const std::size_t sign = skip();
      if (!take("&&")) break;
      auto right = factor(depth);
      if (!right) return right;
      if (left->size() * right->size() > kMaxConjunctions) return too_many();
      Predicate product;
      for (const Conjunction& a : *left) {
        for (const Conjunction& b : *right) {
          Conjunction both = a;
          both.insert(both.end(), b.begin(), b.end());
          std::ranges::sort(both, {}, &Term::argument);
          const auto twice = std::ranges::adjacent_find(both, {}, &Term::argument);
          if (twice != both.end())
            return fail(sign, std::format("arg{} is compared twice", int{twice->argument}));
          product.push_back(std::move(both));
        }
      }
      left = std::move(product);
    }
    return left;
  }

  std::expected<Predicate, PieceError> factor(int depth) {
    if (take("(")) {
      if (depth >= kMaxBrackets) return fail(at_, "too many brackets", Code::too_many);
      auto inner = alternatives(depth + 1);
      if (inner && !take(")")) return fail(at_, "`)` expected");
      return inner;
    }
    const std::size_t begin = skip();
    auto one = term();
    if (!one) return std::unexpected(one.error());
    if (holds_always(*one))
      return fail(begin, "every value satisfies this", Code::empty_condition,
                  "leave the comparison out");
    return Predicate{{std::move(*one)}};
  }

  static bool holds_always(const Term& term) {
    const std::uint64_t all =
        term.width == Width::low32 ? std::numeric_limits<std::uint32_t>::max() : ~std::uint64_t{0};
    if (term.mask) return *term.mask == all;
    return term.ranges.front() == Range{0, all};
  }

  std::expected<Term, PieceError> term() {
    Term result;
    const std::size_t begin = skip();
    std::string_view name = word();
    if (name == "low") {
      if (!take("(")) return fail(at_, "`low` needs an argument in brackets");
      result.width = Width::low32;
      name = word();
      if (!take(")")) return fail(at_, "`)` expected");
    }
    if (name.size() != 4 || !name.starts_with("arg") || name[3] < '0' || name[3] > '5')
      return fail(begin, "a comparison begins with arg0 … arg5 or low(arg0 … arg5)");
    result.argument = static_cast<std::uint8_t>(name[3] - '0');
    if (take("==")) {
      const auto only = value(result.width);
      if (!only) return std::unexpected(only.error());
      result.ranges = {{*only, *only}};
      return result;
    }
    if (word() != "in") return fail(at_, "`==` or `in` expected");
    if (take("{")) return set(std::move(result));
    const auto mask = value(result.width);
    if (!mask) return std::unexpected(mask.error());
    result.mask = *mask;
    return result;
  }

  std::expected<Term, PieceError> set(Term result) {
    do {
      const std::size_t begin = skip();
      const auto first = value(result.width);
      if (!first) return std::unexpected(first.error());
      Range range{*first, *first};
      if (take("..")) {
        const auto last = value(result.width);
        if (!last) return std::unexpected(last.error());
        range.last = *last;
      }
      if (range.last < range.first) return fail(begin, "a range that ends before it begins");
      result.ranges.push_back(range);
      if (result.ranges.size() > kMaxItems)
        return fail(begin, std::format("more than {} values", kMaxItems), Code::too_many);
    } while (take(","));
    if (!take("}")) return fail(at_, "`}` expected");
    std::ranges::sort(result.ranges, {}, &Range::first);
    std::vector<Range> merged;
    for (const Range& range : result.ranges) {
      if (!merged.empty() && range.first <= merged.back().last)
        return fail(at_, std::format("{:#x} stands in the set twice", range.first),
                    Code::duplicate);
      if (!merged.empty() && range.first == merged.back().last + 1)
        merged.back().last = range.last;
      else
        merged.push_back(range);
    }
    result.ranges = std::move(merged);
    return result;
  }

  static std::optional<std::uint64_t> number(std::string_view name) {
    if (name[0] < '0' || name[0] > '9') return constant(name);
    const int base = name.starts_with("0x") ? 16 : 10;
    if (base == 16) name.remove_prefix(2);
    std::uint64_t result = 0;
    const char* const end = name.data() + name.size();
    const auto parsed = std::from_chars(name.data(), end, result, base);
    if (name.empty() || parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return result;
  }

  std::string_view text_;
  std::size_t& at_;
};

std::string to_expression(const Term& term) {
  std::string text = term.width == Width::low32 ? std::format("low(arg{})", int{term.argument})
                                                : std::format("arg{}", int{term.argument});
  if (term.mask) return text + std::format(" in {:#x}", *term.mask);
  const auto range = [](const Range& r) {
    return r.first == r.last ? std::format("{:#x}", r.first)
                             : std::format("{:#x}..{:#x}", r.first, r.last);
  };
  if (term.ranges.size() == 1 && term.ranges[0].first == term.ranges[0].last)
    return text + " == " + range(term.ranges[0]);
  text += " in {";
  for (std::size_t i = 0; i < term.ranges.size(); ++i)
    text += (i == 0 ? "" : ", ") + range(term.ranges[i]);
  return text + "}";
}

}  // namespace

std::expected<Predicate, PieceError> parse_condition(std::string_view text, std::size_t& position) {
  return Pieces(text, position).alternatives(0);
}

std::expected<Action, PieceError> parse_action(std::string_view text, std::size_t& position) {
  return Pieces(text, position).action();
}

std::expected<std::uint64_t, PieceError> parse_value(std::string_view text, std::size_t& position) {
  return Pieces(text, position).value(Width::full64);
}

std::string to_expression(const Predicate& predicate) {
  std::string text;
  for (const Conjunction& conjunction : predicate) {
    if (!text.empty()) text += " || ";
    for (std::size_t i = 0; i < conjunction.size(); ++i)
      text += (i == 0 ? "" : " && ") + to_expression(conjunction[i]);
  }
  return text;
}

}  // namespace glovebox::seccomp
