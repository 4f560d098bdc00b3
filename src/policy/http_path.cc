#include "policy/http_path.h"

#include <algorithm>
#include <deque>
#include <format>
#include <set>
#include <utility>

namespace glovebox::policy {

namespace {

constexpr std::string_view kAny = "*";
constexpr std::size_t kMaxMethod = 32;
constexpr std::size_t kMaxSegments = 64;

// The characters of a path segment that mean themselves (RFC 3986, without what is encoded).
bool is_segment(std::string_view text) {
  constexpr std::string_view kOther = "-._~!$&'()+,;=:@";
  return !text.empty() && text != "." && text != ".." && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOther.contains(c);
  });
}

std::optional<PathPattern> path_of(std::string_view text) {
  if (!text.starts_with('/')) return std::nullopt;
  PathPattern path;
  if (text == "/") return path;
  text.remove_prefix(1);
  while (true) {
    const auto slash = text.find('/');
    const std::string_view segment = text.substr(0, slash);
    if (segment == "**") {
      path.open = true;
      return slash == std::string_view::npos ? std::optional(path) : std::nullopt;
    }
    if ((segment != "*" && !is_segment(segment)) || path.segments.size() == kMaxSegments)
      return std::nullopt;
    path.segments.emplace_back(segment);
    if (slash == std::string_view::npos) return path;
    text.remove_prefix(slash + 1);
  }
}

bool admits(const std::string& wanted, std::string_view segment) {
  return wanted == kAny ? !segment.empty() : wanted == segment;
}

// Patterns that are still possible after the segments so far, one bit of each.
using Alive = std::vector<bool>;

struct State {
  std::size_t depth = 0;
  Alive alive;
  std::string path;
  bool whole = true;  // false: the path cannot end here
};

class Walk {
 public:
  Walk(std::span<const HttpRule* const> before, std::span<const HttpRule* const> after)
      : before_(before.size()) {
    rules_.assign(before.begin(), before.end());
    rules_.insert(rules_.end(), after.begin(), after.end());
    for (const HttpRule* rule : rules_)
      deepest_ = std::max(deepest_, rule->path.segments.size() + 1);
    fresh_ = "any";
    const auto named = [&] {
      return std::ranges::any_of(rules_, [&](const HttpRule* rule) {
        return std::ranges::find(rule->path.segments, fresh_) != rule->path.segments.end();
      });
    };
    for (int i = 1; named(); ++i) fresh_ = std::format("any{}", i);
  }

  std::optional<std::vector<PathDifference>> run() {
    visit({0, Alive(rules_.size(), true), "", true});
    while (!queue_.empty()) {
      const State state = std::move(queue_.front());
      queue_.pop_front();
      if (state.whole) judge(state);
      if (state.depth == deepest_) continue;
      for (const std::string& segment : letters(state)) step(state, segment);
      if (seen_.size() > kMaxPathStates) return std::nullopt;
    }
    return std::move(differences_);
  }

 private:
  const PathPattern& pattern(std::size_t i) const { return rules_[i]->path; }

  const HttpRule* accepts(const State& state, std::size_t from, std::size_t to) const {
    for (std::size_t i = from; i < to; ++i)
      if (state.alive[i] && (state.depth == pattern(i).segments.size() ||
                             (pattern(i).open && state.depth > pattern(i).segments.size())))
        return rules_[i];
    return nullptr;
  }

  void judge(const State& state) {
    const HttpRule* before = accepts(state, 0, before_);
    const HttpRule* after = accepts(state, before_, rules_.size());
    if ((before == nullptr) == (after == nullptr)) return;
    if (!told_.insert(before != nullptr ? before : after).second) return;
    differences_.push_back({state.path.empty() ? "/" : state.path, before, after});
  }

  // Segments that the live patterns tell apart: what they spell out, anything else, nothing.
  std::set<std::string> letters(const State& state) const {
    std::set<std::string> segments = {fresh_, ""};
    for (std::size_t i = 0; i < rules_.size(); ++i)
      if (state.alive[i] && state.depth < pattern(i).segments.size() &&
          pattern(i).segments[state.depth] != kAny)
        segments.insert(pattern(i).segments[state.depth]);
    return segments;
  }

  void step(const State& state, const std::string& segment) {
    State next{state.depth + 1, Alive(rules_.size()), state.path + "/" + segment,
               state.depth > 0 || !segment.empty()};
    bool any = false;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (!state.alive[i]) continue;
      const auto& segments = pattern(i).segments;
      next.alive[i] =
          state.depth < segments.size() ? admits(segments[state.depth], segment) : pattern(i).open;
      any = any || next.alive[i];
    }
    if (any) visit(std::move(next));
  }

  void visit(State state) {
    if (seen_.emplace(state.depth, state.alive, state.whole).second)
      queue_.push_back(std::move(state));
  }

  std::size_t before_;
  std::vector<const HttpRule*> rules_;
  std::size_t deepest_ = 1;
  std::string fresh_;
  std::deque<State> queue_;
  std::set<std::tuple<std::size_t, Alive, bool>> seen_;
  std::set<const HttpRule*> told_;
  std::vector<PathDifference> differences_;
};

}  // namespace

std::optional<HttpRule> parse_http_rule(std::string_view text) {
  const auto space = text.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  HttpRule rule;
  rule.method = std::string(text.substr(0, space));
  const bool word = !rule.method.empty() && rule.method.size() <= kMaxMethod &&
                    std::ranges::all_of(rule.method, [](char c) { return c >= 'A' && c <= 'Z'; });
  auto path = path_of(text.substr(space + 1));
  if (!path || (!word && rule.method != "*")) return std::nullopt;
  rule.path = *std::move(path);
  return rule;
}

bool matches(const PathPattern& pattern, std::string_view path) {
  path.remove_prefix(1);
  bool more = !path.empty();
  for (const std::string& wanted : pattern.segments) {
    if (!more) return false;
    const auto slash = path.find('/');
    if (!admits(wanted, path.substr(0, slash))) return false;
    more = slash != std::string_view::npos;
    if (more) path.remove_prefix(slash + 1);
  }
  return !more || pattern.open;
}

std::string to_string(const PathPattern& pattern) {
  std::string text;
  for (const std::string& segment : pattern.segments) text += "/" + segment;
  if (pattern.open) text += "/**";
  return text.empty() ? "/" : text;
}

std::string to_string(const HttpRule& rule) {
  return rule.method + " " + to_string(rule.path);
}

std::optional<std::vector<PathDifference>> compare_paths(std::span<const HttpRule* const> before,
                                                         std::span<const HttpRule* const> after) {
  return Walk(before, after).run();
}

}  // namespace glovebox::policy
