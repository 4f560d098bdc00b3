#include "box/pending_results.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "box/folder_name.h"
#include "codec/digest.h"
#include "ipc/wire.h"
#include "os/file.h"

namespace glovebox::box {

namespace {

constexpr std::size_t kMaxFiles = 1'000'000;
constexpr unsigned kPrivateFile = 0600;
constexpr std::string_view kMark = "glovebox result 3\n";
constexpr std::size_t kDigest = 64;  // hexadecimal SHA-256 of what follows it

struct NamedResult {
  std::string id;
  StoredResult result;
};

// The mark, a digest, then the body by its length; what follows is of no meaning.
std::string encode(std::string_view id, const StoredResult& result) {
  ipc::Writer body;
  body.text(id).text(result.tool).text(result.outcome);
  body.number(static_cast<std::uint8_t>(result.is_error ? 1 : 0));
  body.text(result.content).text(result.rule).text(result.detail);
  body.signed_number(result.wall_us).signed_number(result.cpu_us);
  body.signed_number(result.peak_kib);
  body.number(static_cast<std::uint8_t>(result.is_provisional ? 1 : 0));
  const std::string framed = ipc::Writer().text(body.take()).take();
  return std::string(kMark) + codec::sha256(framed).hex() + framed;
}

Result<NamedResult> decode(std::string_view bytes) {
  if (!bytes.starts_with(kMark) || bytes.size() < kMark.size() + kDigest)
    return Error(ErrorKind::invalid, "not a stored result of this version");
  const std::string_view digest = bytes.substr(kMark.size(), kDigest);
  bytes.remove_prefix(kMark.size() + kDigest);
  ipc::Reader frame(bytes);
  const std::string body = TRY(frame.text(kMaxStoredResult + 4 * ipc::kMaxText));
  if (codec::sha256(ipc::Writer().text(body).take()).hex() != digest)
    return Error(ErrorKind::invalid, "a stored result that is not whole");
  ipc::Reader reader(body);
  NamedResult named;
  StoredResult& result = named.result;
  named.id = TRY(reader.text(ipc::kMaxName));
  result.tool = TRY(reader.text(ipc::kMaxName));
  result.outcome = TRY(reader.text(ipc::kMaxName));
  result.is_error = TRY(reader.flag());
  result.content = TRY(reader.text(kMaxStoredResult));
  result.rule = TRY(reader.text(ipc::kMaxText));
  result.detail = TRY(reader.text(ipc::kMaxText));
  result.wall_us = TRY(reader.signed_number());
  result.cpu_us = TRY(reader.signed_number());
  result.peak_kib = TRY(reader.signed_number());
  result.is_provisional = TRY(reader.flag());
  TRY(reader.finish());
  return named;
}

bool is_none(const Error& error) {
  return error.kind() == ErrorKind::not_found || error.kind() == ErrorKind::invalid ||
         error.kind() == ErrorKind::protocol;
}

Result<NamedResult> read_result(int folder, const std::string& name) {
  const UniqueFd file = TRY(os::open_at(folder, name, O_RDONLY | O_NOFOLLOW));
  return decode(TRY(os::read_all(file.get(), kMaxStoredResult + 8 * ipc::kMaxText)));
}

}  // namespace

Result<PendingResults> PendingResults::open(UniqueFd folder) {
  TRY(os::remove_unfinished(folder.get(), kMaxFiles));
  if (const auto sheet = read_result(folder.get(), kBlankSheet)) {
    auto named = os::rename_at(folder.get(), kBlankSheet, folder.get(), folder_name(sheet->id),
                               os::Replace::no);
    if (!named && named.error().kind() != ErrorKind::exists) return std::move(named).error();
  }
  return PendingResults(std::move(folder));
}

// False: there is no blank sheet.
Result<bool> PendingResults::put_on_blank(const std::string& name, std::string_view bytes) const {
  const auto sheet = os::open_at(folder_.get(), kBlankSheet, O_WRONLY | O_NOFOLLOW);
  if (!sheet) return false;
  TRY(os::write_all(sheet->get(), bytes));
  TRY(os::sync_data(sheet->get()));
  TRY(os::rename_at(folder_.get(), kBlankSheet, folder_.get(), name, os::Replace::yes));
  return true;
}

Result<void> PendingResults::put(std::string_view tool_use_id, const StoredResult& result) const {
  if (tool_use_id.size() > ipc::kMaxName || result.content.size() > kMaxStoredResult)
    return Error(ErrorKind::limit, "result is too large to be kept");
  const std::string name = folder_name(tool_use_id);
  std::string bytes = encode(tool_use_id, result);
  if (bytes.size() <= kSheet) {
    if (TRY(put_on_blank(name, bytes))) return {};
    bytes.resize(kSheet);
  }
  return os::add_file(folder_.get(), name, bytes, kPrivateFile);
}

Result<void> PendingResults::amend(std::string_view tool_use_id, const StoredResult& result) const {
  const UniqueFd file =
      TRY(os::open_at(folder_.get(), folder_name(tool_use_id), O_WRONLY | O_NOFOLLOW));
  return os::write_all(file.get(), encode(tool_use_id, result));
}

Result<std::optional<StoredResult>> PendingResults::get(std::string_view tool_use_id) const {
  auto named = read_result(folder_.get(), folder_name(tool_use_id));
  if (!named) {
    if (is_none(named.error())) return std::optional<StoredResult>{};
    return std::move(named).error();
  }
  if (named->id != tool_use_id) return Error(ErrorKind::conflict, "stored result of another call");
  return std::optional<StoredResult>(std::move(named->result));
}

Result<void> PendingResults::remove(std::string_view tool_use_id) const {
  const std::string name = folder_name(tool_use_id);
  const auto sheet = os::open_at(folder_.get(), name, O_WRONLY | O_NOFOLLOW);
  if (sheet && os::facts_of(sheet->get()).value_or(os::FileFacts{}).size == kSheet) {
    // It says nothing any more before it can be taken for blank, and keeps nothing of what a tool
    // said: the sheet stays where the session's folder does.
    TRY(os::write_all(sheet->get(), std::string(kSheet, '\0')));
    if (os::rename_at(folder_.get(), name, folder_.get(), kBlankSheet, os::Replace::no)) return {};
  }
  return os::remove_tree(folder_.get(), name);
}

Result<std::vector<std::string>> PendingResults::list() const {
  std::vector<std::string> ids;
  for (const os::FolderEntry& entry : TRY(os::list_folder(folder_.get(), kMaxFiles))) {
    // What is being written is no result yet.
    auto named = read_result(folder_.get(), entry.name);
    if (named && folder_name(named->id) == entry.name) ids.push_back(std::move(named->id));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace glovebox::box
