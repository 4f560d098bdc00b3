#include "tools/glob_group.h"

#include <bitset>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tools/glob_character.h"

namespace glovebox::tools {

// Of a parsed component. `sequence`: `items` behind each other. The groups: `items` are sequences,
// one for each alternative.
struct GlobNode {
  enum class Kind : std::uint8_t {
    character,  // `text` is one of the pattern: a character, a class, `?`, or a quoted one
    wildcard,   // `*`
    sequence,
    one,      // @
    perhaps,  // ?
    any,      // *
    some,     // +
    none,     // !
  };
  Kind kind = Kind::sequence;
  std::string text;
  std::vector<GlobNode> items;
};

namespace {

using Kind = GlobNode::Kind;
// Places of a name: in front of each byte, and behind the last.
using Places = std::bitset<kMaxGroupedName + 1>;

std::optional<Kind> group_kind(char c) {
  switch (c) {
    case '@':
      return Kind::one;
    case '?':
      return Kind::perhaps;
    case '*':
      return Kind::any;
    case '+':
      return Kind::some;
    case '!':
      return Kind::none;
    default:
      return std::nullopt;
  }
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool found_group() const { return found_group_; }
  GlobNode component() {
    GlobNode sequence;
    while (at_ < text_.size()) sequence.items.push_back(item(0));
    return sequence;
  }

 private:
  GlobNode item(std::size_t depth) {
    const char c = text_[at_];
    if (depth < kMaxGroupDepth)
      if (auto opened = group(depth)) return *std::move(opened);
    if (c == '*') {
      ++at_;
      return {.kind = Kind::wildcard, .text = {}, .items = {}};
    }
    std::size_t size = 1;
    if (c == '\\' && at_ + 1 < text_.size()) size = 2;
    if (c == '[')
      if (const std::size_t end = class_end(text_, at_); end != std::string_view::npos)
        size = end - at_;
    at_ += size;
    return {
        .kind = Kind::character, .text = std::string(text_.substr(at_ - size, size)), .items = {}};
  }

  // Leaves the place as it was if there is no group here that is closed.
  std::optional<GlobNode> group(std::size_t depth) {
    const auto kind = group_kind(text_[at_]);
    if (!kind || !text_.substr(at_ + 1).starts_with('(')) return std::nullopt;
    const std::size_t begin = at_;
    if (!closes(at_ + 2)) return std::nullopt;
    at_ += 2;
    GlobNode opened{.kind = *kind, .text = {}, .items = std::vector<GlobNode>(1)};
    while (at_ < text_.size()) {
      if (text_[at_] == ')') {
        ++at_;
        found_group_ = true;
        return opened;
      }
      if (text_[at_] == '|') {
        ++at_;
        opened.items.emplace_back();
      } else {
        opened.items.back().items.push_back(item(depth + 1));
      }
    }
    at_ = begin;
    return std::nullopt;
  }

  // Whether there is a `)` for a group whose alternatives begin here: one that is not quoted, of a
  // class, or another group's.
  bool closes(std::size_t from) const {
    std::size_t open = 1;
    for (std::size_t i = from; i < text_.size(); ++i) {
      if (text_[i] == '\\') {
        ++i;
      } else if (text_[i] == '[') {
        if (const std::size_t end = class_end(text_, i); end != std::string_view::npos) i = end - 1;
      } else if (text_[i] == ')' && --open == 0) {
        return true;
      } else if (group_kind(text_[i]) && text_.substr(i + 1).starts_with('(')) {
        ++open;
        ++i;
      }
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool found_group_ = false;
};

class Matcher {
 public:
  explicit Matcher(std::string_view name) : name_(name) {}

  bool matches(const GlobNode& root) {
    Places end;
    end.set(name_.size());
    return before(root, end).test(0);
  }

 private:
  // From where the node matches such that the rest of the pattern matches from a place of `rest`.
  Places before(const GlobNode& node, const Places& rest) {
    switch (node.kind) {
      case Kind::character:
        return before_character(node.text, rest);
      case Kind::wildcard:
        return wild(rest);
      case Kind::sequence: {
        Places places = rest;
        for (auto item = node.items.rbegin(); item != node.items.rend(); ++item)
          places = before(*item, places);
        return places;
      }
      case Kind::one:
        return before_one(node, rest);
      case Kind::perhaps:
        return rest | before_one(node, rest);
      case Kind::any:
        return repeated(node, rest);
      case Kind::some:
        return before_each(node, repeated(node, rest));
      case Kind::none:
        return wild(rest) & ~before_one(node, rest);
    }
    return {};
  }

  Places before_one(const GlobNode& group, const Places& rest) {
    Places places;
    for (const GlobNode& alternative : group.items) places |= before(alternative, rest);
    return places;
  }

  // The same for each place of `rest` by itself: what `!(…)` in it excludes is then the text of one
  // round, not everything up to the end.
  Places before_each(const GlobNode& group, const Places& rest) {
    Places places;
    for (std::size_t i = 0; i <= name_.size(); ++i) {
      if (!rest.test(i)) continue;
      const auto known = rounds_.find({&group, i});
      places |= known != rounds_.end() ? known->second
                                       : rounds_[{&group, i}] = before_one(group, Places().set(i));
    }
    return places;
  }

  // Every place is gone back from once.
  Places repeated(const GlobNode& group, const Places& rest) {
    Places places = rest, fresh = rest;
    while (fresh.any()) {
      fresh = before_each(group, fresh) & ~places;
      places |= fresh;
    }
    return places;
  }

  bool hidden(std::size_t place) const { return place == 0 && name_.starts_with('.'); }

  Places wild(const Places& rest) const {
    Places places;
    bool any = false;
    for (std::size_t i = name_.size() + 1; i-- > 0;) {
      any = any || rest.test(i);
      if (any && !hidden(i)) places.set(i);
    }
    return places;
  }

  Places before_character(std::string_view character, const Places& rest) const {
    Places places;
    const bool is_wild = character == "?" || (character.size() > 1 && character.front() == '[');
    for (std::size_t i = 0; i < name_.size(); ++i) {
      if (is_wild && hidden(i)) continue;
      const auto advance = match_one(character, 0, name_, i);
      if (advance && rest.test(i + advance->name)) places.set(i);
    }
    return places;
  }

  std::string_view name_;
  // One round of a repetition back from a place, which is asked for again and again where
  // repetitions stand in each other.
  std::map<std::pair<const GlobNode*, std::size_t>, Places> rounds_;
};

}  // namespace

std::optional<GroupedComponent> GroupedComponent::parse(std::string_view component) {
  if (component.size() > kMaxGroupedPattern || !component.contains('(')) return std::nullopt;
  Parser parser(component);
  GlobNode root = parser.component();
  if (!parser.found_group()) return std::nullopt;
  return GroupedComponent(std::make_shared<const GlobNode>(std::move(root)));
}

bool GroupedComponent::matches(std::string_view name) const {
  return name.size() <= kMaxGroupedName && Matcher(name).matches(*root_);
}

}  // namespace glovebox::tools
