// A disk in memory that loses what was not synced, sector by sector, and remembers every write.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "audit/wal_folder.h"
#include "audit/wal_header.h"
#include "audit/wal_state.h"

namespace glovebox::audit::test {

struct Step {
  enum class Kind { write, sync, create, state, aside } kind;
  std::string file;
  std::uint64_t offset = 0;  // of a write
  std::string bytes;         // of a write or a state; of `create` all of the zeros
};

// A sector that may or may not have reached the device.
struct Sector {
  std::string file;
  std::size_t number = 0;
};

enum class Landed { not_at_all, whole, half };  // half: the rest is what stood there before

class Disk {
 public:
  void apply(const Step& step) {
    switch (step.kind) {
      case Step::Kind::create:
      case Step::Kind::state:
        files_[step.file] = {.disk = step.bytes, .cache = step.bytes};
        return;
      case Step::Kind::aside:
        files_[step.file + ".lost"] = std::move(files_.at(step.file));
        files_.erase(step.file);
        return;
      case Step::Kind::sync:
        for (const std::size_t sector : files_.at(step.file).pending) land(step.file, sector);
        files_.at(step.file).pending.clear();
        return;
      case Step::Kind::write: {
        File& file = files_.at(step.file);
        file.cache.replace(step.offset, step.bytes.size(), step.bytes);
        for (std::size_t at = step.offset; at < step.offset + step.bytes.size(); at += kWalSector)
          if (!file.pending.insert(at / kWalSector).second)
            throw std::logic_error("a sector is written while it is in flight");
        return;
      }
    }
  }
  // The device failed: the kernel calls the pages clean, and the device never gets them.
  void lose_pending(const std::string& file) { files_.at(file).pending.clear(); }
  void drop_cache(const std::string& name, std::uint64_t offset, std::uint64_t size) {
    File& file = files_.at(name);
    const std::uint64_t end = size == 0 ? file.disk.size() : offset + size;
    for (std::size_t at = offset / kWalSector;
         at * kWalSector < std::min<std::uint64_t>(end, file.disk.size()); ++at)
      if (!file.pending.contains(at)) copy(file.cache, file.disk, at, kWalSector);
  }

  std::vector<Sector> pending() const {
    std::vector<Sector> sectors;
    for (const auto& [name, file] : files_)
      for (const std::size_t number : file.pending) sectors.push_back({name, number});
    return sectors;
  }
  // `landed` is for the sectors of pending(), in their order.
  void cut_power(const std::vector<Sector>& sectors, const std::vector<Landed>& landed) {
    for (std::size_t i = 0; i < sectors.size(); ++i) {
      if (landed[i] == Landed::whole) land(sectors[i].file, sectors[i].number);
      File& file = files_.at(sectors[i].file);
      if (landed[i] == Landed::half) copy(file.disk, file.cache, sectors[i].number, kWalSector / 2);
    }
    for (auto& [name, file] : files_) {
      file.cache = file.disk;
      file.pending.clear();
    }
  }
  void cut_power() { cut_power({}, {}); }

  bool has(const std::string& file) const { return files_.contains(file); }
  std::size_t size_of(const std::string& file) const { return files_.at(file).disk.size(); }
  std::string read(const std::string& file) const { return files_.at(file).cache; }
  // What damages a disk at rest.
  void set(const std::string& file, const std::string& bytes) {
    files_[file] = {.disk = bytes, .cache = bytes};
  }
  void flip(const std::string& file, std::size_t at, unsigned bits) {
    File& flipped = files_.at(file);
    flipped.disk[at] = static_cast<char>(flipped.disk[at] ^ bits);
    flipped.cache[at] = flipped.disk[at];
  }
  void remove(const std::string& file) { files_.erase(file); }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& [name, file] : files_) names.push_back(name);
    return names;
  }
  const char* cache_of(const std::string& file) const { return files_.at(file).cache.data(); }

 private:
  struct File {
    std::string disk;
    std::string cache;  // what reads see
    std::set<std::size_t> pending;
  };
  static void copy(std::string& to, const std::string& from, std::size_t sector, std::size_t size) {
    std::memcpy(to.data() + sector * kWalSector, from.data() + sector * kWalSector, size);
  }
  void land(const std::string& name, std::size_t sector) {
    File& file = files_.at(name);
    copy(file.disk, file.cache, sector, kWalSector);
  }
  std::map<std::string, File> files_;
};

// The folder on such a disk. `disk` outlives it.
class DiskFolder final : public WalFolder {
 public:
  explicit DiskFolder(Disk& disk) : disk_(disk) {}

  std::vector<Step> steps;  // everything that changed the disk
  int fail_sync_in = -1;    // counted down with every sync; the one at 0 fails
  int fail_write_in = -1;   // the same; half of the bytes arrive
  bool moved = false;       // the folder, for the watchdog
  std::string moved_file;   // a file, for the watchdog
  os::SpaceFacts disk_space{.free_bytes = 1 << 20, .total_bytes = 1 << 20};
  int watched = 0;  // looks at the folder

  Result<std::vector<std::uint32_t>> segments() override {
    std::vector<std::uint32_t> numbers;
    for (const std::string& name : disk_.files())
      if (name != "state" && !name.ends_with(".lost"))
        numbers.push_back(static_cast<std::uint32_t>(std::stoul(name)));
    std::ranges::sort(numbers);
    return numbers;
  }
  Result<WalDevicePtr> open_segment(std::uint32_t number) override {
    return std::make_unique<Device>(*this, std::to_string(number));
  }
  Result<WalDevicePtr> create_segment(std::uint32_t number, std::uint64_t size) override {
    apply({Step::Kind::create, std::to_string(number), 0, std::string(size, '\0')});
    return open_segment(number);
  }
  Result<void> set_aside(std::uint32_t number) override {
    apply({Step::Kind::aside, std::to_string(number), 0, ""});
    return {};
  }
  Result<WalDevicePtr> open_state() override {
    if (!disk_.has("state")) return WalDevicePtr();
    return std::make_unique<Device>(*this, "state");
  }
  Result<void> make_state(std::string_view bytes) override {
    apply({Step::Kind::state, "state", 0, std::string(bytes)});
    return {};
  }
  Result<void> check_in_place() const override {
    ++const_cast<DiskFolder*>(this)->watched;
    if (moved) return Error(ErrorKind::conflict, "the folder was moved");
    return {};
  }
  Result<os::SpaceFacts> space() const override { return disk_space; }

 private:
  class Device final : public WalDevice {
   public:
    Device(DiskFolder& folder, std::string name) : folder_(folder), name_(std::move(name)) {}
    std::uint64_t size() const override { return folder_.disk_.size_of(name_); }
    Result<std::size_t> read(std::uint64_t offset, std::span<char> out) override {
      const std::uint64_t size = this->size();
      const std::size_t got =
          offset >= size ? 0 : std::min<std::uint64_t>(out.size(), size - offset);
      std::memcpy(out.data(), folder_.disk_.cache_of(name_) + offset, got);
      return got;
    }
    Result<void> write(std::uint64_t offset, std::string_view bytes) override {
      const bool fails = folder_.fail_write_in >= 0 && folder_.fail_write_in-- == 0;
      const std::size_t arrives = fails ? bytes.size() / 2 / kWalSector * kWalSector : bytes.size();
      folder_.apply({Step::Kind::write, name_, offset, std::string(bytes.substr(0, arrives))});
      if (fails) return Error(ErrorKind::io, "pwrite: EIO");
      return {};
    }
    Result<void> sync() override {
      if (folder_.fail_sync_in >= 0 && folder_.fail_sync_in-- == 0) {
        folder_.disk_.lose_pending(name_);
        return Error(ErrorKind::io, "fdatasync: EIO");
      }
      folder_.apply({Step::Kind::sync, name_, 0, ""});
      return {};
    }
    Result<void> drop_cache(std::uint64_t offset, std::uint64_t size) override {
      folder_.disk_.drop_cache(name_, offset, size);
      return {};
    }
    Result<void> check_in_place() const override {
      if (folder_.moved_file == name_) return Error(ErrorKind::conflict, "the file was moved");
      return {};
    }

   private:
    DiskFolder& folder_;
    std::string name_;
  };
  void apply(Step step) {
    disk_.apply(step);
    steps.push_back(std::move(step));
  }

  Disk& disk_;
};

}  // namespace glovebox::audit::test
