#include "audit/anchor_check.h"

#include <algorithm>
#include <format>
#include <utility>

namespace glovebox::audit {

namespace {

constexpr std::string_view kSignatureMark = "\u2014 ";
constexpr std::size_t kTextLines = 3;

// Goes through a file line by line and tells where a checkpoint may be: three lines, a blank one,
// and lines of signatures.
class NoteFinder {
 public:
  explicit NoteFinder(std::string_view bytes) : bytes_(bytes) {}

  // The next one; nothing behind the last.
  std::optional<std::string_view> next() {
    while (at_ < bytes_.size()) {
      const std::size_t begin = at_;
      const bool blank = take_line().empty();
      if (!blank) {
        ++lines_;
        continue;
      }
      const std::size_t before = std::exchange(lines_, 0);
      const std::size_t text = before < kTextLines ? begin : text_begin_of(begin);
      std::size_t signatures = 0;
      for (; bytes_.substr(at_).starts_with(kSignatureMark); ++signatures) take_line();
      if (before != kTextLines || signatures == 0) ++unreadable_;
      if (before >= kTextLines && signatures > 0) return bytes_.substr(text, at_ - text);
    }
    if (std::exchange(lines_, 0) > 0) ++unreadable_;
    return std::nullopt;
  }
  std::size_t position() const { return at_; }
  std::size_t unreadable() const { return unreadable_; }

 private:
  // Without its line feed.
  std::string_view take_line() {
    const std::string_view rest = bytes_.substr(at_);
    const std::string_view line = rest.substr(0, rest.find('\n'));
    at_ = std::min(bytes_.size(), at_ + line.size() + 1);
    return line;
  }
  // Where the third line in front of this place begins.
  std::size_t text_begin_of(std::size_t end) const {
    for (std::size_t line = 0; line < kTextLines; ++line) {
      const std::size_t feed = end < 2 ? bytes_.npos : bytes_.rfind('\n', end - 2);
      end = feed == bytes_.npos ? 0 : feed + 1;
    }
    return end;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t lines_ = 0;  // since the last blank one
  std::size_t unreadable_ = 0;
};

bool is_of(std::string_view note, std::span<const codec::NoteKey> logs) {
  return std::ranges::contains(logs, note.substr(0, note.find('\n')), &codec::NoteKey::name);
}

}  // namespace

Result<Anchors> read_anchors(std::string_view bytes, std::span<const codec::NoteKey> logs) {
  if (bytes.size() > kMaxAnchorFileBytes)
    return Error(ErrorKind::limit,
                 std::format("more than {} bytes of anchors", kMaxAnchorFileBytes));
  Anchors anchors;
  NoteFinder finder(bytes);
  while (const auto note = finder.next()) {
    if (!is_of(*note, logs)) {
      ++anchors.others;
      continue;
    }
    auto opened = codec::open_checkpoint(*note, logs);
    if (!opened && opened.error().kind() != ErrorKind::denied) {
      ++anchors.unreadable;
      continue;
    }
    if (!opened)
      return std::move(opened).error().with_context(
          std::format("anchor at byte {}", finder.position() - note->size()));
    if (anchors.heads.size() == kMaxAnchors)
      return Error(ErrorKind::limit, std::format("more than {} anchors", kMaxAnchors));
    anchors.heads.push_back(opened->checkpoint.tree);
  }
  anchors.unreadable += finder.unreadable();
  std::vector<codec::TreeHead>& heads = anchors.heads;
  std::ranges::stable_sort(heads, {}, &codec::TreeHead::size);
  const auto fork = std::ranges::adjacent_find(
      heads, [](const auto& a, const auto& b) { return a.size == b.size && a.root != b.root; });
  if (fork != heads.end())
    return Error(ErrorKind::conflict,
                 std::format("two histories of {} records are signed and anchored", fork->size));
  const auto same = std::ranges::unique(heads);
  heads.erase(same.begin(), same.end());
  return anchors;
}

Result<void> AnchorCheck::take(const TreeBuilder& tree) {
  if (next_ == anchors_.size() || anchors_[next_].size != tree.size()) return {};
  if (anchors_[next_].root != tree.root())
    return Error(ErrorKind::denied,
                 std::format("the first {} records are not those that were anchored", tree.size()));
  ++next_;
  return {};
}

Result<void> AnchorCheck::finish() const {
  if (next_ == anchors_.size()) return {};
  return Error(ErrorKind::denied, std::format("cut: {} records were anchored, and the log ends "
                                              "before",
                                              anchors_.back().size));
}

std::optional<std::uint64_t> AnchorCheck::last() const {
  if (anchors_.empty()) return std::nullopt;
  return anchors_.back().size;
}

}  // namespace glovebox::audit
