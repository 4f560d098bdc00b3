#include "audit/log_file.h"

#include <format>
#include <optional>
#include <utility>

#include "audit/line_reader.h"
#include "audit/log_key.h"
#include "os/file.h"

namespace glovebox::audit {

namespace {

Error broken(std::string_view what) {
  return Error(ErrorKind::conflict, std::format("{}: {}", kLogName, what));
}

// The head that must fit the records, read before them.
Result<std::optional<Head>> read_head(const LogDirectory& directory, const codec::NoteKey& key) {
  const std::optional<std::string> note = TRY(directory.read(kHeadName, kMaxHeadBytes));
  if (!note) return std::optional<Head>();
  auto head = open_head(*note, key);
  if (!head) return Error(ErrorKind::conflict, head.error().message());
  return std::optional<Head>(*std::move(head));
}

struct Chain {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;  // up to the last LF
  codec::Sha256Digest last;
  std::string torn;
};

Result<Chain> read_chain(int file, const std::optional<Head>& head, const LogFile::Visitor& visit) {
  Chain chain;
  FileSource source(file);
  LineReader lines(source, kMaxRecordBytes);
  const auto bad = [&](std::string_view what) {
    return broken(std::format("line {}: {}", chain.records + 1, what));
  };
  while (true) {
    auto line = lines.next();
    if (!line && line.error().kind() == ErrorKind::limit) return bad(line.error().message());
    if (!line) return std::move(line).error();
    if (!*line) break;
    const auto record = parse_record(**line);
    if (!record) return bad(record.error().message());
    if (record->previous != chain.last) return bad("does not follow the line before it");
    if (auto visited = visit(chain.records, *record); !visited)
      return bad(visited.error().message());
    chain.last = codec::sha256(**line);
    chain.bytes += (*line)->size() + 1;
    ++chain.records;
    if (head && head->size == chain.records && head->last != chain.last)
      return broken(std::format("line {}: is not the record that the head names", chain.records));
  }
  if (head && head->size > chain.records)
    return broken(std::format("ends before its head: {} of {} records", chain.records, head->size));
  if (head && head->size == 0 && head->last != codec::Sha256Digest{})
    return broken("the head of an empty log is wrong");
  chain.torn = lines.torn();
  return chain;
}

}  // namespace

LogFile::LogFile(LogDirectory directory, UniqueFd file, codec::Ed25519PrivateKey key,
                 codec::NoteKey public_key)
    : directory_(std::move(directory)),
      file_(std::move(file)),
      key_(std::move(key)),
      public_key_(std::move(public_key)) {}

Result<LogFile> LogFile::open(const std::string& directory, std::string_view origin, Random& random,
                              const Visitor& visit) {
  LogDirectory place = TRY_CONTEXT(LogDirectory::open_to_write(directory), "audit log");
  std::optional<UniqueFd> file =
      TRY_CONTEXT(place.open(kLogName, LogDirectory::Access::append), "audit log");
  const bool filled = file && TRY(os::facts_of(file->get())).size > 0;
  LogKey key = TRY_CONTEXT(
      load_or_make_key(place, origin, filled ? LogIs::filled : LogIs::empty, random), "audit log");
  const std::optional<Head> head = TRY_CONTEXT(read_head(place, key.public_key), "audit log");
  if (!file && head) return broken("missing, but there is a head").with_context("audit log");
  if (!file) file = TRY_CONTEXT(place.create(kLogName), "audit log");

  LogFile log(std::move(place), *std::move(file), std::move(key.private_key),
              std::move(key.public_key));
  const Chain chain = TRY_CONTEXT(read_chain(log.file_.get(), head, visit), "audit log");
  if (!chain.torn.empty()) {
    TRY_CONTEXT(os::truncate(log.file_.get(), chain.bytes), "audit log: cut the torn line");
    TRY_CONTEXT(os::sync(log.file_.get()), "audit log: cut the torn line");
    log.recovered_.cut_bytes = chain.torn.size();
    log.recovered_.cut_hash = codec::sha256(chain.torn);
  }
  log.size_ = chain.records;
  log.file_bytes_ = chain.bytes;
  log.last_ = chain.last;
  log.recovered_.records = chain.records;
  log.recovered_.head_missing = !head && chain.records > 0;
  return log;
}

Result<RecordPlace> LogFile::append(std::string_view record) {
  if (poisoned_) return Error(ErrorKind::io, "the audit log has failed before");
  if (record.empty() || record.size() > kMaxRecordBytes || record.contains('\n'))
    return Error(ErrorKind::invalid, "not a record");
  if (group_.size() + record.size() + 1 > kMaxGroupBytes)
    return Error(ErrorKind::limit, "too many bytes wait for one flush");
  group_ += record;
  group_ += '\n';
  last_ = codec::sha256(record);
  return RecordPlace{.index = size_++, .hash = last_};
}

Result<void> LogFile::write_group() {
  TRY(directory_.check_in_place());
  const os::FileFacts ours = TRY(os::facts_of(file_.get()));
  const auto named = os::facts_at(directory_.fd(), std::string(kLogName));
  if (!named || named->device != ours.device || named->inode != ours.inode || ours.links != 1)
    return Error(ErrorKind::conflict, "the file was moved, removed or replaced");
  if (ours.size != file_bytes_)
    return Error(ErrorKind::conflict,
                 std::format("has {} bytes, {} were written", ours.size, file_bytes_));
  TRY(os::write_all(file_.get(), group_));
  TRY(os::sync_data(file_.get()));
  file_bytes_ += group_.size();
  group_.clear();
  return {};
}

Result<void> LogFile::flush() {
  if (poisoned_) return Error(ErrorKind::io, "the audit log has failed before");
  if (group_.empty()) return {};
  auto written = write_group();
  poisoned_ = !written;
  if (!written) return std::move(written).error().with_context(kLogName);
  return {};
}

Result<std::string> LogFile::publish_head() {
  if (poisoned_) return Error(ErrorKind::io, "the audit log has failed before");
  if (!group_.empty())
    return Error(ErrorKind::internal, "a head over records that are not durable");
  std::string note = TRY(sign_head({public_key_.name(), size_, last_}, key_));
  auto replaced = directory_.replace(kHeadName, note);
  poisoned_ = !replaced;
  if (!replaced) return std::move(replaced).error();
  return note;
}

}  // namespace glovebox::audit
