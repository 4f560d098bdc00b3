// A folder of its own for a test, gone with it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/clock.h"
#include "base/log.h"

namespace glovebox::roles {

class FreshFolder {
 public:
  FreshFolder() {
    SystemRandom random;
    path_ = "/tmp/glovebox-roles-test-" + random.hex(8);
    std::filesystem::create_directory(path_);
  }
  ~FreshFolder() { std::filesystem::remove_all(path_); }
  FreshFolder(const FreshFolder&) = delete;
  FreshFolder& operator=(const FreshFolder&) = delete;

  std::string at(const std::string& name) const { return path_ + "/" + name; }
  std::string folder(const std::string& name) const {
    std::filesystem::create_directories(at(name));
    return at(name);
  }
  std::string file(const std::string& name, const std::string& text = "x") const {
    std::ofstream(at(name)) << text;
    return at(name);
  }
  bool has(const std::string& name) const {
    return std::filesystem::exists(std::filesystem::symlink_status(at(name)));
  }

 private:
  std::string path_;
};

}  // namespace glovebox::roles
