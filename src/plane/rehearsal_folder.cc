#include "plane/rehearsal_folder.h"

#include <fcntl.h>

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "base/unique_fd.h"
#include "os/file.h"
#include "policy/diagnostic.h"

namespace glovebox::plane {

Result<Rehearsal> read_rehearsal(const std::string& path) {
  const std::string text = TRY_CONTEXT(os::read_file(path, kMaxRehearsalBytes), path);
  auto rehearsal = parse_rehearsal(path, text);
  if (!rehearsal) return Error(ErrorKind::invalid, policy::to_text(rehearsal.error(), text));
  return *std::move(rehearsal);
}

Result<Rehearsals> read_rehearsal_folder(const std::string& folder) {
  constexpr std::size_t kMaxFiles = 10'000;
  constexpr std::string_view kEnding = ".toml";
  const UniqueFd fd = TRY_CONTEXT(os::open_path(folder, O_RDONLY | O_DIRECTORY), folder);
  Rehearsals rehearsals;
  for (const os::FolderEntry& entry : TRY_CONTEXT(os::list_folder(fd.get(), kMaxFiles), folder)) {
    if (!entry.name.ends_with(kEnding) || entry.name.size() == kEnding.size()) continue;
    std::string name = entry.name.substr(0, entry.name.size() - kEnding.size());
    rehearsals.emplace(std::move(name), TRY(read_rehearsal(folder + "/" + entry.name)));
  }
  return rehearsals;
}

}  // namespace glovebox::plane
