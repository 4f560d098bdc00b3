#include "codec/box_path.h"

#include <format>

namespace glovebox::codec {

namespace {

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const std::size_t slash = text.find('/');
    parts.push_back(text.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    text.remove_prefix(slash + 1);
  }
}

Result<void> check_bytes(std::string_view text) {
  if (text.size() > kMaxPathBytes)
    return Error(ErrorKind::limit, std::format("path longer than {} bytes", kMaxPathBytes));
  if (text.find('\0') != std::string_view::npos)
    return Error(ErrorKind::invalid, "path with a NUL byte");
  return {};
}

Result<void> check_component(std::string_view part) {
  if (part.empty()) return Error(ErrorKind::invalid, "path with an empty component");
  if (part == "." || part == "..")
    return Error(ErrorKind::invalid, std::format("path with the component {}", part));
  if (part.size() > kMaxPathComponent)
    return Error(ErrorKind::limit,
                 std::format("path component longer than {} bytes", kMaxPathComponent));
  return {};
}

}  // namespace

Result<BoxPath> BoxPath::parse(std::string_view text) {
  if (!text.starts_with('/')) return Error(ErrorKind::invalid, "path is not absolute");
  if (text == "/") return BoxPath();
  return BoxPath().join(text.substr(1));
}

Result<BoxPath> BoxPath::fold(const BoxPath& base, std::string_view given) {
  TRY(check_bytes(given));
  BoxPath path = given.starts_with('/') ? BoxPath() : base;
  for (const std::string_view part : split(given)) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      path = path.parent();
    } else {
      path = TRY(path.join(part));
    }
  }
  return path;
}

Result<BoxPath> BoxPath::join(std::string_view relative) const {
  for (const std::string_view part : split(relative)) TRY(check_component(part));
  std::string text = is_root() ? std::string() : text_;
  text += '/';
  text += relative;
  TRY(check_bytes(text));
  return BoxPath(std::move(text));
}

std::string_view BoxPath::name() const {
  return std::string_view(text_).substr(text_.rfind('/') + 1);
}

BoxPath BoxPath::parent() const {
  const std::size_t slash = text_.rfind('/');
  return slash == 0 ? BoxPath() : BoxPath(text_.substr(0, slash));
}

std::vector<std::string_view> BoxPath::components() const {
  if (is_root()) return {};
  return split(std::string_view(text_).substr(1));
}

bool BoxPath::starts_with(const BoxPath& base) const {
  if (base.is_root()) return true;
  return text_.starts_with(base.text_) &&
         (text_.size() == base.text_.size() || text_[base.text_.size()] == '/');
}

std::optional<std::string> BoxPath::relative_to(const BoxPath& base) const {
  if (!starts_with(base)) return std::nullopt;
  if (text_.size() == base.text_.size()) return ".";
  return text_.substr(base.is_root() ? 1 : base.text_.size() + 1);
}

}  // namespace glovebox::codec
