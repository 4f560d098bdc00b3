#include "policy/argument_classes.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace glovebox::policy {

namespace {

using seccomp::Range;
using seccomp::Term;
using seccomp::Width;

constexpr std::uint64_t kAll = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kLow = 0xFFFFFFFF;
constexpr unsigned kHalf = 32;

using Ranges = std::vector<Range>;  // sorted, apart

Ranges normal(Ranges ranges, std::uint64_t most) {
  std::erase_if(ranges, [&](const Range& r) { return r.first > r.last || r.first > most; });
  std::ranges::sort(ranges, {}, &Range::first);
  Ranges merged;
  for (Range range : ranges) {
    range.last = std::min(range.last, most);
    if (!merged.empty() && range.first <= merged.back().last)
      merged.back().last = std::max(merged.back().last, range.last);
    else
      merged.push_back(range);
  }
  return merged;
}

Ranges complement(const Ranges& ranges, std::uint64_t most) {
  Ranges out;
  std::uint64_t next = 0;
  for (const Range& range : ranges) {
    if (range.first > next) out.push_back({next, range.first - 1});
    if (range.last == most) return out;
    next = range.last + 1;
  }
  out.push_back({next, most});
  return out;
}

Ranges common(const Ranges& a, const Ranges& b) {
  Ranges out;
  for (const Range& x : a)
    for (const Range& y : b) {
      const Range both{std::max(x.first, y.first), std::min(x.last, y.last)};
      if (both.first <= both.last) out.push_back(both);
    }
  return out;
}

// The smallest value from `least` on with all bits of `needed` and none outside `allowed`.
std::optional<std::uint64_t> smallest(std::uint64_t least, std::uint64_t needed,
                                      std::uint64_t allowed) {
  if ((needed & ~allowed) != 0) return std::nullopt;
  if ((least & ~allowed) == 0 && (needed & ~least) == 0) return least;
  for (unsigned bit = 0; bit < 64; ++bit) {
    const std::uint64_t one = std::uint64_t{1} << bit;
    const std::uint64_t below = one - 1;
    const std::uint64_t high = least & ~(below | one);
    if ((least & one) != 0 || (allowed & one) == 0) continue;
    if ((high & ~allowed) != 0 || (needed & ~(below | one) & ~high) != 0) continue;
    return high | one | (needed & below);
  }
  return std::nullopt;
}

// What is known of a value.
struct Facts {
  Ranges full{{0, kAll}};
  Ranges low{{0, kLow}};
  std::uint64_t allowed = kAll;
  std::vector<std::uint64_t> one_of;  // of each at least one bit is set
};

Facts with(Facts facts, const Term& term, bool holds) {
  const bool low = term.width == Width::low32;
  if (term.mask) {
    const std::uint64_t outside = low ? ~*term.mask & kLow : ~*term.mask;
    if (holds)
      facts.allowed &= ~outside;
    else
      facts.one_of.push_back(outside);
    return facts;
  }
  const std::uint64_t most = low ? kLow : kAll;
  Ranges ranges = normal(term.ranges, most);
  if (!holds) ranges = complement(ranges, most);
  Ranges& known = low ? facts.low : facts.full;
  known = common(known, ranges);
  return facts;
}

class Solver {
 public:
  enum class Answer { none, found, unknown };

  Answer solve(const Facts& facts, std::uint64_t& value) {
    for (const Range& range : facts.full) {
      for (const Range& high : halves(range))
        for (const Range& low : facts.low) {
          // The low half is bounded further at the ends of the range.
          Range bounded = low;
          if (high.first == range.first >> kHalf)
            bounded.first = std::max(bounded.first, range.first & kLow);
          if (high.last == range.last >> kHalf)
            bounded.last = std::min(bounded.last, range.last & kLow);
          if (bounded.first > bounded.last) continue;
          const Answer answer = in_box(facts, high, bounded, 0, value);
          if (answer != Answer::none) return answer;
        }
    }
    return Answer::none;
  }

 private:
  // The high half in pieces: where it is an end of the range, the low half is bounded too.
  static std::vector<Range> halves(const Range& range) {
    const std::uint64_t first = range.first >> kHalf, last = range.last >> kHalf;
    if (first == last) return {{first, first}};
    std::vector<Range> pieces = {{first, first}};
    if (last - first > 1) pieces.push_back({first + 1, last - 1});
    pieces.push_back({last, last});
    return pieces;
  }

  Answer in_box(const Facts& facts, const Range& high, const Range& low, std::uint64_t needed,
                std::uint64_t& value) {
    if (++steps_ > kMaxSolverSteps) return Answer::unknown;
    const auto upper = smallest(high.first, needed >> kHalf, facts.allowed >> kHalf);
    const auto lower = smallest(low.first, needed & kLow, facts.allowed & kLow);
    if (!upper || !lower || *upper > high.last || *lower > low.last) return Answer::none;
    const std::uint64_t candidate = *upper << kHalf | *lower;
    const auto unmet = std::ranges::find_if(
        facts.one_of, [&](std::uint64_t bits) { return (bits & candidate) == 0; });
    if (unmet == facts.one_of.end()) {
      value = candidate;
      return Answer::found;
    }
    for (std::uint64_t bits = *unmet & facts.allowed; bits != 0; bits &= bits - 1) {
      const std::uint64_t one = bits & (~bits + 1);
      const Answer answer = in_box(facts, high, low, needed | one, value);
      if (answer != Answer::none) return answer;
    }
    return Answer::none;
  }

  std::size_t steps_ = 0;
};

// False: a limit was reached.
bool collect(std::span<const Term* const> terms, const Facts& facts, Solver& solver,
             std::vector<std::uint64_t>& values) {
  std::uint64_t value = 0;
  const Solver::Answer answer = solver.solve(facts, value);
  if (answer == Solver::Answer::none) return true;
  if (answer == Solver::Answer::unknown || values.size() >= kMaxArgumentClasses) return false;
  if (terms.empty()) {
    values.push_back(value);
    return true;
  }
  return collect(terms.subspan(1), with(facts, *terms[0], true), solver, values) &&
         collect(terms.subspan(1), with(facts, *terms[0], false), solver, values);
}

}  // namespace

std::optional<std::vector<std::uint64_t>> argument_classes(std::span<const Term* const> terms) {
  std::vector<std::uint64_t> values;
  Solver solver;
  if (!collect(terms, Facts{}, solver, values)) return std::nullopt;
  return values;
}

}  // namespace glovebox::policy
