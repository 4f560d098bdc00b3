#include "cli/output_file.h"

#include <fcntl.h>

#include <filesystem>

#include "os/file.h"

namespace glovebox::cli {

Result<void> write_output_file(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::filesystem::path place = path;
  const std::string folder = place.has_parent_path() ? place.parent_path().string() : ".";
  const std::string name = place.filename();
  if (name.empty() || name == "." || name == "..")
    return Error(ErrorKind::invalid, "not the name of a file");
  const UniqueFd parent = TRY(os::open_path(folder, O_RDONLY | O_DIRECTORY));
  if (const auto there = os::facts_at(parent.get(), name);
      there && there->type != os::FileType::regular)
    return Error(ErrorKind::exists, "exists and is no file");
  return os::replace_file(parent.get(), name, bytes, mode);
}

}  // namespace glovebox::cli
