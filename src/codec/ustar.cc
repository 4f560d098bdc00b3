#include "codec/ustar.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <optional>
#include <set>
#include <utility>

namespace glovebox::codec {

namespace {

constexpr std::size_t kEndBlocks = 2;  // of zeros
constexpr std::size_t kNumberDigits = 11;

// Offsets and lengths of the fields that are written.
struct Place {
  std::size_t at, size;
};
constexpr Place kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12},
    kTime{136, 12}, kSum{148, 8}, kType{156, 1}, kMagic{257, 8};

void put(std::string& block, const Place& place, std::string_view text) {
  block.replace(place.at, text.size(), text);
}

std::string header(std::string_view name, std::uint64_t size, std::uint64_t seconds) {
  std::string block(kUstarBlock, '\0');
  put(block, kName, name);
  put(block, kMode, "0000644");
  put(block, kUid, "0000000");
  put(block, kGid, "0000000");
  put(block, kSize, std::format("{:011o}", size));
  put(block, kTime, std::format("{:011o}", seconds));
  put(block, kSum, std::string(kSum.size, ' '));  // as it counts itself
  put(block, kType, "0");
  put(block, kMagic, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (const char byte : block) sum += static_cast<unsigned char>(byte);
  put(block, kSum, std::format("{:06o}", sum) + std::string(1, '\0') + " ");
  return block;
}

std::optional<std::uint64_t> parse_octal(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 8);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

bool is_zero(std::string_view bytes) {
  return bytes.find_first_not_of('\0') == bytes.npos;
}

std::size_t padded(std::uint64_t size) {
  return static_cast<std::size_t>((size + kUstarBlock - 1) / kUstarBlock * kUstarBlock);
}

bool is_plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
         c == '_' || c == '-';
}

}  // namespace

bool is_archive_name(std::string_view name) {
  if (name.empty() || name.size() > kMaxUstarName) return false;
  while (true) {
    const std::size_t end = std::min(name.find('/'), name.size());
    const std::string_view part = name.substr(0, end);
    if (part.empty() || part == "." || part == ".." || !std::ranges::all_of(part, is_plain))
      return false;
    if (end == name.size()) return true;
    name.remove_prefix(end + 1);
  }
}

UstarWriter::UstarWriter(std::int64_t seconds)
    : seconds_(std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(seconds, 0)),
                        kMaxUstarNumber)) {}

Result<void> UstarWriter::add(std::string_view name, std::string_view bytes) {
  if (!is_archive_name(name)) return Error(ErrorKind::invalid, "no name for a file in an archive");
  if (bytes.size() > kMaxUstarNumber)
    return Error(ErrorKind::limit, std::format("{}: too large for an archive", name));
  const auto place = std::ranges::lower_bound(names_, name);
  if (place != names_.end() && *place == name)
    return Error(ErrorKind::exists, std::format("{}: in the archive already", name));
  names_.emplace(place, name);
  archive_ += header(name, bytes.size(), seconds_);
  archive_ += bytes;
  archive_.append(padded(bytes.size()) - bytes.size(), '\0');
  return {};
}

std::string UstarWriter::finish() && {
  archive_.append(kEndBlocks * kUstarBlock, '\0');
  return std::move(archive_);
}

Result<std::vector<ArchiveFile>> parse_ustar(std::string_view archive, const UstarLimits& limits) {
  if (archive.size() > limits.max_bytes)
    return Error(ErrorKind::limit, std::format("archive of more than {} bytes", limits.max_bytes));
  std::vector<ArchiveFile> files;
  std::set<std::string_view> names;
  std::optional<std::uint64_t> time;
  std::string_view rest = archive;
  while (true) {
    const auto bad = [&](std::string_view why) {
      return Error(ErrorKind::invalid,
                   std::format("archive, byte {}: {}", archive.size() - rest.size(), why));
    };
    if (rest.size() < kEndBlocks * kUstarBlock) return bad("it has no end");
    if (is_zero(rest.substr(0, kUstarBlock))) {
      if (rest.size() != kEndBlocks * kUstarBlock || !is_zero(rest))
        return bad("bytes behind its end");
      return files;
    }
    const std::string_view block = rest.substr(0, kUstarBlock);
    const std::string_view field = block.substr(kName.at, kName.size);
    const std::string_view name = field.substr(0, std::min(field.find('\0'), field.size()));
    const auto size = parse_octal(block.substr(kSize.at, kNumberDigits));
    const auto seconds = parse_octal(block.substr(kTime.at, kNumberDigits));
    // What is not as it would be written is not looked at any further.
    if (!is_archive_name(name) || !size || !seconds || block != header(name, *size, *seconds))
      return bad("no file as glovebox writes them");
    if (time.value_or(*seconds) != *seconds) return bad("files of several times");
    time = seconds;
    rest.remove_prefix(kUstarBlock);
    if (*size > rest.size() || padded(*size) > rest.size()) return bad("the file is cut");
    if (!is_zero(rest.substr(*size, padded(*size) - *size))) return bad("bytes behind the file");
    if (files.size() == limits.max_files)
      return Error(ErrorKind::limit,
                   std::format("archive of more than {} files", limits.max_files));
    // The name in the archive outlives this call, `name` is a part of it.
    if (!names.insert(name).second) return bad("a second file of the same name");
    files.push_back({std::string(name), rest.substr(0, *size)});
    rest.remove_prefix(padded(*size));
  }
}

}  // namespace glovebox::codec
