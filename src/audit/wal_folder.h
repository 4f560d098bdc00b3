// The files of the write-ahead log as the log sees them. Real ones are in wal_directory.h; a test
// has others that remember every write.
//
// What a write that was not synced leaves behind after a power cut is any mix of old and new
// sectors. An error of any of these is final for whoever writes: nothing is tried again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/file.h"

namespace glovebox::audit {

// One file of fixed size that is open for reading and writing.
class WalDevice {
 public:
  virtual ~WalDevice() = default;
  virtual std::uint64_t size() const = 0;
  // Fewer bytes only at the end of the file.
  virtual Result<std::size_t> read(std::uint64_t offset, std::span<char> out) = 0;
  virtual Result<void> write(std::uint64_t offset, std::string_view bytes) = 0;
  // Everything written is on stable storage.
  virtual Result<void> sync() = 0;
  // Forgets what the kernel holds in memory of that part of the file, so that the next read is of
  // the device: after a sync that failed the two may differ. 0 bytes: to the end.
  virtual Result<void> drop_cache(std::uint64_t offset, std::uint64_t size) = 0;
  // Its name still leads to this file, which has one name and the size it had. Error: conflict.
  virtual Result<void> check_in_place() const = 0;
};

using WalDevicePtr = std::unique_ptr<WalDevice>;

class WalFolder {
 public:
  virtual ~WalFolder() = default;

  // Numbers of the segments, in order.
  virtual Result<std::vector<std::uint32_t>> segments() = 0;
  virtual Result<WalDevicePtr> open_segment(std::uint32_t number) = 0;
  // A new one: `size` real zeros, durable with its name. A crash before leaves nothing of it.
  virtual Result<WalDevicePtr> create_segment(std::uint32_t number, std::uint64_t size) = 0;
  // Takes a segment out of the log and keeps its bytes, durably: evidence of damage.
  virtual Result<void> set_aside(std::uint32_t number) = 0;

  // Nothing when there is no state file.
  virtual Result<WalDevicePtr> open_state() = 0;
  // The file with these bytes, durable and whole, in the place of one that is there.
  virtual Result<void> make_state(std::string_view bytes) = 0;

  // The folder is where it was. Error: conflict.
  virtual Result<void> check_in_place() const = 0;
  virtual Result<os::SpaceFacts> space() const = 0;
};

}  // namespace glovebox::audit
