#include "box/guarded_name.h"

#include <utility>

#include "ipc/wire.h"

namespace glovebox::box {

using ipc::kMaxText;
using ipc::Reader;
using ipc::Writer;

bool GuardedName::operator==(const GuardedName& other) const {
  return encode_guarded({*this}) == encode_guarded({other});
}

std::string encode_guarded(const GuardedNames& names) {
  Writer writer;
  writer.number(static_cast<std::uint32_t>(names.size()));
  for (const GuardedName& name : names) {
    writer.text(name.path).number(name.depth);
    writer.number(static_cast<std::uint8_t>(name.marker.empty() ? 0 : 1));
    if (!name.marker.empty()) writer.text(name.marker);
    writer.number(static_cast<std::uint8_t>(name.protection));
    writer.number(static_cast<std::uint8_t>(name.type));
    writer.number(name.identity.device).number(name.identity.inode);
    writer.signed_number(name.times.born_ns).signed_number(name.times.changed_ns);
    writer.text(name.rule);
  }
  return writer.take();
}

Result<GuardedNames> decode_guarded(std::string_view bytes) {
  Reader reader(bytes);
  GuardedNames names;
  for (std::size_t left = TRY(reader.count()); left > 0; --left) {
    GuardedName name;
    name.path = TRY(read_plain_path(reader));
    name.depth = TRY(reader.number<std::uint32_t>());
    if (name.depth >= parts_of(name.path).size())
      return Error(ErrorKind::protocol, "guard: a name above its root");
    if (TRY(reader.flag())) name.marker = TRY(read_plain_path(reader));
    name.protection = TRY(reader.choice(Protection::hidden));
    name.type = TRY(reader.choice(os::FileType::other));
    name.identity.device = TRY(reader.number<std::uint64_t>());
    name.identity.inode = TRY(reader.number<std::uint64_t>());
    name.times.born_ns = TRY(reader.signed_number());
    name.times.changed_ns = TRY(reader.signed_number());
    name.rule = TRY(reader.text(kMaxText));
    names.push_back(std::move(name));
  }
  TRY(reader.finish());
  return names;
}

}  // namespace glovebox::box
