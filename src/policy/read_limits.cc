#include <array>
#include <format>

#include "policy/read_profile.h"

namespace glovebox::policy {

namespace {

using Unit = DocumentReader::Unit;
constexpr std::array kTimeUnits = {Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000},
                                   Unit{"h", 3'600'000}};
constexpr std::array kByteUnits = {Unit{"B", 1}, Unit{"KiB", kKiB}, Unit{"MiB", kMiB},
                                   Unit{"GiB", kGiB}};

// A limit is a scalar, or { value = …, enforce = "wall" }.
template <class T>
const Value* value_of(DocumentReader& reader, const Entry& entry, Limit<T>& limit) {
  limit.origin = entry.value.origin;
  const auto* given = std::get_if<Table>(&entry.value.data);
  if (given == nullptr) return &entry.value;
  only_keys(reader, *given, "a limit", Place::limit);
  if (const Entry* enforce = given->find("enforce")) {
    if (const auto how = reader.word<Enforce>(enforce->value, "enforce",
                                              {{"wall", Enforce::wall}, {"best", Enforce::best}}))
      limit.enforce = *how;
  }
  return reader.require(*given, entry.value, "value", std::format("limit `{}`", entry.key.name));
}

std::string quoted(const Entry& entry) {
  return std::format("`{}`", entry.key.name);
}

void read(DocumentReader& reader, const Entry& entry, Limit<milliseconds>& limit) {
  const Value* value = value_of(reader, entry, limit);
  if (value == nullptr) return;
  if (const auto time = read_time(reader, *value, quoted(entry))) limit.value = *time;
}

void read(DocumentReader& reader, const Entry& entry, Limit<ByteLimit>& limit) {
  const Value* value = value_of(reader, entry, limit);
  if (value == nullptr) return;
  if (const auto number = read_bytes(reader, *value, quoted(entry)))
    limit.value = ByteLimit(*number);
}

void read(DocumentReader& reader, const Entry& entry, Limit<std::uint32_t>& limit) {
  const Value* value = value_of(reader, entry, limit);
  if (value == nullptr) return;
  if (const auto number = reader.integer(*value, quoted(entry), 1, kMaxCount))
    limit.value = static_cast<std::uint32_t>(*number);
}

}  // namespace

std::optional<std::uint64_t> read_bytes(DocumentReader& reader, const Value& value,
                                        std::string_view what) {
  return reader.quantity(value, what, "a size such as \"64KiB\", \"512MiB\" or \"2GiB\"",
                         kByteUnits, kMaxBytes);
}

std::optional<milliseconds> read_time(DocumentReader& reader, const Value& value,
                                      std::string_view what) {
  const auto number =
      reader.quantity(value, what, "a duration such as \"500ms\", \"30s\" or \"10m\"", kTimeUnits,
                      static_cast<std::uint64_t>(milliseconds(kMaxTime).count()));
  if (!number) return std::nullopt;
  return milliseconds(*number);
}

void read_limits(DocumentReader& reader, const Value& value, Limits& limits,
                 std::set<std::string>& given) {
  const Table* table = reader.table(value, "limits");
  if (table == nullptr) return;
  only_keys(reader, *table, "limits", Place::limits);
  for (const Entry& entry : table->entries) {
    const std::string_view name = entry.key.name;
    if (name == "wall")
      read(reader, entry, limits.wall);
    else if (name == "cpu")
      read(reader, entry, limits.cpu);
    else if (name == "cores")
      read(reader, entry, limits.cores);
    else if (name == "pids")
      read(reader, entry, limits.pids);
    else if (name == "files")
      read(reader, entry, limits.files);
    else if (name == "memory")
      read(reader, entry, limits.memory);
    else if (name == "disk")
      read(reader, entry, limits.disk);
    else if (name == "tmp")
      read(reader, entry, limits.tmp);
    else if (name == "output")
      read(reader, entry, limits.output);
    given.insert(std::format("limits.{}", name));
  }
}

}  // namespace glovebox::policy
