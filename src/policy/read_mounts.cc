#include <format>
#include <set>

#include "policy/guard_name.h"
#include "policy/normal_path.h"
#include "policy/read_profile.h"

namespace glovebox::policy {

namespace {

constexpr std::string_view kInWorkspace = "@workspace/";

class MountReader {
 public:
  MountReader(DocumentReader& reader, const Value& value, const Table& given)
      : reader_(reader), value_(value), given_(given) {}

  std::optional<Mount> read() {
    mount_.origin = value_.origin;
    only_keys(reader_, given_, "a mount", Place::mount);
    for (const Entry& entry : given_.entries) key(entry);
    for (const char* needed : {"at", "mode"})
      if (reader_.require(given_, value_, needed, "a mount") == nullptr) valid_ = false;
    if (!valid_) return std::nullopt;
    // What can be written cannot be run unless the policy says so; what is read-only can.
    mount_.exec = exec_.value_or(mount_.mode == MountMode::read_only ? Exec::yes : Exec::no);
    if (!effective() || !anchored()) return std::nullopt;
    if (!mount_.at.starts_with('@') && !allowed_place()) return std::nullopt;
    return std::move(mount_);
  }

 private:
  void key(const Entry& entry) {
    const std::string& name = entry.key.name;
    if (name == "at" || name == "from") {
      const std::string* path = reader_.text(entry.value, name);
      if (path == nullptr || !check_path(entry.value, *path, name)) {
        valid_ = false;
      } else if (name == "at") {
        mount_.at = *path;
      } else {
        mount_.from = *path;
      }
    } else if (name == "mode") {
      const auto mode = reader_.word<MountMode>(entry.value, "mode",
                                                {{"ro", MountMode::read_only},
                                                 {"rw", MountMode::read_write},
                                                 {"tmp", MountMode::tmpfs},
                                                 {"hide", MountMode::hide}});
      valid_ = valid_ && mode.has_value();
      mount_.mode = mode.value_or(MountMode::hide);
    } else if (name == "exec") {
      if (const auto allowed = reader_.flag(entry.value, "exec"))
        exec_ = *allowed ? Exec::yes : Exec::no;
    } else if (name == "size") {
      if (const auto size = read_bytes(reader_, entry.value, "`size`"))
        mount_.size = ByteLimit(*size);
    } else if (name == "data") {
      if (const auto data =
              reader_.word<Data>(entry.value, "data", {{"public", Data::public_data}}))
        mount_.data = *data;
    }
  }

  bool check_path(const Value& value, const std::string& path, std::string_view key) {
    const bool anchors = key == "at";
    if (anchors && (path == "@workspace" || path == "@tmp")) return true;
    if (anchors && path.starts_with("@workspace/") && is_normal_path(path.substr(10))) return true;
    if (is_normal_path(path)) return true;
    constexpr std::string_view kForm = "without `.`, `..`, `//` and slash at its end";
    reader_.report(Code::bad_path, value,
                   anchors ? std::format("a path is absolute {}, or an anchor", kForm)
                           : std::format("a source is an absolute path {}", kForm),
                   anchors ? "anchors: @workspace, @workspace/…, @tmp" : "");
    return false;
  }

  // Nothing is written that would have no effect.
  bool effective() {
    const auto inert = [&](std::string_view key, std::string_view why) {
      reader_.report(Code::inert, given_.find(key)->key,
                     std::format("`{}` has no effect here: {}", key, why));
      return false;
    };
    const MountMode mode = mount_.mode;
    if (mount_.size && mode != MountMode::tmpfs)
      return inert("size", "only a tmp mount has a size");
    if (mount_.from && mode == MountMode::tmpfs) return inert("from", "a tmp mount is empty");
    if (mount_.from && mode == MountMode::hide) return inert("from", "what is hidden has none");
    if (mount_.from && mount_.at.starts_with('@'))
      return inert("from", "an anchor has its own source");
    if (exec_ && mode == MountMode::hide) return inert("exec", "nothing is there to run");
    if (mount_.data == Data::public_data) {
      if (mode == MountMode::hide) return inert("data", "nothing is there to read");
      if (mode == MountMode::tmpfs) return inert("data", "a tmp mount is empty");
      if (mount_.at.starts_with('@')) return inert("data", "an anchor holds nothing of the host");
    }
    return true;
  }

  bool anchored() {
    const auto refuse = [&](Code code, std::string message, std::string hint) {
      reader_.report(code, value_, std::move(message), std::move(hint));
      return false;
    };
    if (mount_.at == "@tmp" && mount_.mode != MountMode::tmpfs)
      return refuse(Code::bad_value, "@tmp must have mode \"tmp\"", "");
    if (mount_.at == "@workspace" && mount_.mode > MountMode::read_write)
      return refuse(Code::bad_value, "@workspace must have mode \"rw\" or \"ro\"", "");
    if (!mount_.at.starts_with(kInWorkspace)) {
      if (!mount_.at.contains('*')) return true;
      return refuse(Code::bad_path, std::string(kStarForm), std::string(kStarHint));
    }
    const std::string_view place = std::string_view(mount_.at).substr(kInWorkspace.size());
    if (mount_.mode == MountMode::read_only && exec_)
      return refuse(Code::inert, "`exec` has no effect here: the workspace's own holds",
                    "remove it");
    if (mount_.mode == MountMode::read_only || mount_.mode == MountMode::hide) {
      if (!is_guard_name(place))
        return refuse(Code::bad_path,
                      std::format("a place in the workspace has at most {} components and does "
                                  "not begin with `@` or `~`",
                                  kMaxGuardParts),
                      "");
      if (!has_plain_pattern(place))
        return refuse(Code::bad_path, std::string(kStarForm), std::string(kStarHint));
    } else if (place.contains('*')) {
      return refuse(Code::bad_path, "only what is hidden or read-only may be named by a `*`", "");
    }
    return true;
  }

  // Places that no policy may give, whoever reviewed it.
  bool allowed_place() {
    const auto refuse = [&](std::string message) {
      reader_.report(Code::forbidden_mount, value_, std::move(message));
      return false;
    };
    const std::string& at = mount_.at;
    const std::string& source = mount_.from ? *mount_.from : at;
    const bool gives = mount_.mode <= MountMode::read_write;
    if (at == "/") return refuse("the root itself cannot be mounted over");
    for (const std::string_view place : {"/proc", "/sys", "/dev"}) {
      if (is_below(at, place) && mount_.mode != MountMode::hide)
        return refuse(std::format("{} in a box is made by glovebox", place));
      if (gives && is_below(source, place))
        return refuse(std::format("nothing of {} can be given to a box", place));
    }
    if (at == "/workspace" || at == "/tmp" || is_below(at, "/outputs"))
      return refuse("this place has an anchor or is glovebox's own; name it @workspace or @tmp");
    if (gives && source == "/") return refuse("the whole host cannot be given to a box");
    if (mount_.mode != MountMode::read_write) return true;
    for (const std::string_view place : {"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64",
                                         "/libx32", "/etc", "/boot", "/root", "/run"}) {
      if (is_below(source, place))
        return refuse(std::format("{} of the host cannot be given for writing", place));
    }
    return true;
  }

  DocumentReader& reader_;
  const Value& value_;
  const Table& given_;
  Mount mount_;
  std::optional<Exec> exec_;
  bool valid_ = true;
};

}  // namespace

void read_mounts(DocumentReader& reader, const Value& value, Profile& profile) {
  const Array* list = reader.array(value, "mount");
  if (list == nullptr) return;
  std::set<std::string> seen;
  for (const Value& element : *list) {
    const Table* given = reader.table(element, "a mount");
    if (given == nullptr) continue;
    const auto made = MountReader(reader, element, *given).read();
    if (!made) continue;
    if (!seen.insert(made->at).second)
      reader.report(Code::duplicate, element, std::format("`{}` is mounted twice", made->at));
    profile.mounts.push_back(*made);
  }
}

}  // namespace glovebox::policy
