#include "seccomp/parse.h"

#include <algorithm>
#include <format>
#include <functional>
#include <map>
#include <utility>

#include "seccomp/expression.h"
#include "seccomp/floor.h"
#include "seccomp/words.h"

namespace glovebox::seccomp {

namespace {

constexpr std::size_t kMostHints = 20;  // for names of calls, each of which asks for all of them
constexpr std::size_t kMaxBranches = 4;

enum class Part { policy, set };

class Text {
 public:
  Text(const FindSet& find_set, Table& table, std::vector<TextError>& errors)
      : find_set_(find_set), table_(table), errors_(errors) {}

  void read(std::string_view file, std::string_view text, Part part) {
    file_ = file;
    part_ = part;
    line_number_ = 0;
    last_name_.clear();
    while (!text.empty() && errors_.size() <= kMaxErrors) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      ++line_number_;
      physical_line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    logical_line();
    if (part == Part::policy && !has_default_) {
      pieces_ = {{0, 1, {}}};
      error(0, Code::bad_default, "no `default: ACTION`",
            "`default: errno(ENOSYS)`: what is not named is refused as if the kernel were older");
    }
    for (const std::string& name : std::exchange(sets_, {})) include(name);
  }

 private:
  // A line of the file that went into the logical line: where its text begins there.
  struct Piece {
    std::size_t begin;
    std::uint32_t line;
    std::string_view source;
  };

  void error(std::size_t at, Code code, std::string message, std::string hint = {}) {
    if (errors_.size() > kMaxErrors) return;
    const auto piece = std::ranges::find_last_if(
        pieces_, [&](const Piece& candidate) { return candidate.begin <= at; });
    TextError found{code,
                    file_,
                    piece[0].line,
                    static_cast<std::uint32_t>(at - piece[0].begin + 1),
                    std::move(message),
                    std::move(hint),
                    std::string(piece[0].source.substr(0, kMaxLine))};
    if (errors_.size() == kMaxErrors) {
      found.code = Code::too_many;
      found.message = std::format("more than {} errors; the rest is not shown", kMaxErrors);
      found.hint.clear();
    }
    errors_.push_back(std::move(found));
  }
  void error(const PieceError& found) { error(found.at, found.code, found.message, found.hint); }

  // Lines that begin with a blank go on with the one before.
  void physical_line(std::string_view text) {
    if (!text.starts_with(' ')) logical_line();
    pieces_.push_back({text_.size(), line_number_, text});
    if (text_.size() + text.size() > kMaxLine) {
      error(text_.size(), Code::too_long,
            std::format("a line of more than {} characters", kMaxLine));
      return forget();
    }
    const auto odd = std::ranges::find_if(text, [](char c) { return c < ' ' || c > '~'; });
    if (odd != text.end()) {
      error(text_.size() + static_cast<std::size_t>(odd - text.begin()), Code::not_text,
            "a character that is not printable ASCII");
      return forget();
    }
    const auto hash = std::min(text.find('#'), text.size());
    text_ += text.substr(0, hash);
    if (hash != text.size()) (reason_ += ' ') += text.substr(hash + 1);
  }

  void forget() {
    text_.clear();
    reason_.clear();
    pieces_.clear();
  }

  void logical_line() {
    const auto trim = [](std::string_view piece) {
      while (piece.ends_with(' ')) piece.remove_suffix(1);
      while (piece.starts_with(' ')) piece.remove_prefix(1);
      return piece;
    };
    std::string_view text = text_;
    while (text.ends_with(' ')) text.remove_suffix(1);
    if (text.starts_with('@')) {
      set_line(text.substr(1));
    } else if (!text.empty()) {
      rule_line(text, trim(reason_));
    }
    forget();
  }

  void set_line(std::string_view name) {
    if (part_ == Part::set) return error(0, Code::bad_set, "a set includes no other set");
    if (!last_name_.empty()) return error(0, Code::order, "sets stand before the first rule");
    if (!sets_.empty() && name <= sets_.back())
      error(0, Code::order, "sets are sorted by name, each once",
            std::format("`@{}` stands before `@{}`", name, sets_.back()));
    if (!find_set_(name))
      return error(1, Code::unknown_set, std::format("no set named `{}`", name));
    sets_.emplace_back(name);
  }

  void rule_line(std::string_view text, std::string_view reason) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return error(0, Code::syntax, "a line is `name: action`");
    const std::string_view name = text.substr(0, colon);
    std::size_t position = colon + 1;
    const auto action = parse_action(text, position);
    if (!action) return error(action.error());
    if (name == "default") return fallback(text, position, *action);

    Rule rule{.name = std::string(name),
              .action = *action,
              .reason = std::string(reason),
              .place = std::format("{}:{}:1", file_, pieces_.front().line)};
    if (!condition(text, position, rule)) return;
    if (!is_syscall(name)) {
      const std::string nearest = errors_.size() < kMostHints ? nearest_syscall(name) : "";
      return error(0, Code::unknown_call, std::format("no system call named `{}`", name),
                   nearest.empty() ? std::string() : std::format("did you mean `{}`?", nearest));
    }
    if (name <= last_name_)
      error(0, name == last_name_ ? Code::duplicate : Code::order,
            std::format("`{}` stands after `{}`: names are sorted, each once", name, last_name_));
    last_name_ = name;
    if (reason.empty() && is_dangerous(name))
      error(0, Code::no_reason,
            std::format("`{}` is dangerous: its line needs a reason after `#`", name),
            "say in a few words why the line is as it is");
    const auto [earlier, is_new] = seen_.emplace(name, rule.place);
    if (!is_new)
      return error(0, Code::duplicate,
                   std::format("`{}` has a rule already, at {}", name, earlier->second));
    if (const auto number = syscall_number(name, table_.arch)) {
      rule.number = *number;
      table_.rules.push_back(std::move(rule));
    } else {
      table_.absent.push_back({std::move(rule.name), std::move(rule.place)});
    }
  }

  void fallback(std::string_view text, std::size_t position, const Action& action) {
    if (part_ == Part::set) return error(0, Code::bad_set, "a set has no default");
    if (has_default_) return error(0, Code::bad_default, "a second default");
    if (!sets_.empty() || !last_name_.empty()) error(0, Code::order, "the default stands first");
    if (position != text.size())
      return error(position, Code::syntax, "nothing can follow the default");
    if (action.kind == Action::Kind::allow)
      error(0, Code::bad_default, "what is not named cannot be allowed",
            "name what is needed, and let the default be errno(ENOSYS)");
    if (action.kind == Action::Kind::notify)
      error(0, Code::bad_default, "the default cannot be `notify`",
            "name the calls that are to be reported");
    table_.fallback = action;
    table_.fallback_place = std::format("{}:{}:1", file_, pieces_.front().line);
    has_default_ = true;
  }

  bool condition(std::string_view text, std::size_t position, Rule& rule) {
    const auto skip = [&] {
      while (position < text.size() && text[position] == ' ') ++position;
    };
    const auto word = [&](std::string_view wanted) {
      skip();
      if (!text.substr(position).starts_with(wanted)) return false;
      position += wanted.size();
      return true;
    };
    if (word("if ")) {
      auto when = parse_condition(text, position);
      if (!when) return error(when.error()), false;
      rule.condition = Condition{std::move(*when), {}, {Action::Kind::error, kPermission}};
      Action before = rule.action;
      while (word("else ")) {
        skip();
        const std::size_t begin = position;
        const auto action = parse_action(text, position);
        if (!action) return error(action.error()), false;
        rule.condition->otherwise = *action;
        if (!word("if ")) break;
        if (action->kind == Action::Kind::allow)
          return error(begin, Code::syntax, "only the first condition of a line can allow"), false;
        if (*action == before)
          return error(begin, Code::empty_condition,
                       "the same action with and without the condition"),
                 false;
        if (rule.condition->between.size() == kMaxBranches)
          return error(begin, Code::too_many,
                       std::format("more than {} conditions after `else`", kMaxBranches)),
                 false;
        auto branch = parse_condition(text, position);
        if (!branch) return error(branch.error()), false;
        rule.condition->between.push_back({std::move(*branch), *action});
        rule.condition->otherwise = {Action::Kind::error, kPermission};
        before = *action;
      }
      if (before == rule.condition->otherwise)
        return error(position, Code::empty_condition,
                     "the same action with and without the condition"),
               false;
    }
    skip();
    if (position != text.size())
      return error(position, Code::syntax, "not understood from here on"), false;
    return true;
  }

  void include(const std::string& name) { read(name + ".set", *find_set_(name), Part::set); }

  static constexpr std::uint16_t kPermission = 1;  // EPERM

  const FindSet& find_set_;
  Table& table_;
  std::vector<TextError>& errors_;
  std::string file_;
  Part part_ = Part::policy;
  std::string text_, reason_;  // of the logical line
  std::vector<Piece> pieces_;
  std::uint32_t line_number_ = 0;
  bool has_default_ = false;
  std::string last_name_;
  std::vector<std::string> sets_;
  std::map<std::string, std::string, std::less<>> seen_;  // system call -> place
};

}  // namespace

std::expected<Table, std::vector<TextError>> parse(std::string_view file, std::string_view text,
                                                   const FindSet& find_set, Arch arch) {
  std::vector<TextError> errors;
  Table table;
  table.name = file;
  table.arch = arch;
  if (text.size() > kMaxTextBytes) {
    errors.push_back(
        {.code = Code::too_long,
         .file = std::string(file),
         .message = std::format("{} bytes, at most {} are read", text.size(), kMaxTextBytes)});
    return std::unexpected(std::move(errors));
  }
  Text(find_set, table, errors).read(file, text, Part::policy);
  if (!errors.empty()) return std::unexpected(std::move(errors));
  std::ranges::sort(table.rules, {}, &Rule::number);
  std::ranges::sort(table.absent, {}, &Absent::name);
  return table;
}

}  // namespace glovebox::seccomp
