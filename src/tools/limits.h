// The limits that the contract sets for the file tools. The defaults are the contract's; a policy
// may make them smaller.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/units.h"

namespace glovebox::tools {

constexpr std::uint64_t kMaxTextFileBytes = 256 * kKiB;    // read of text, edit
constexpr std::uint64_t kMaxImageBytes = 5 * kMiB;         // read of png, jpeg, gif, webp
constexpr std::uint64_t kMaxDocumentBytes = 20 * kMiB;     // read of PDF
constexpr std::uint64_t kMaxWalkEntries = 50'000;          // glob, grep
constexpr std::size_t kMaxGrepDepth = 40;                  // folders below the search root
constexpr std::size_t kMaxGlobResults = 200;               // paths shown
constexpr std::uint64_t kMaxGrepOutputBytes = 100 * kKiB;  // lines with their newlines
constexpr std::size_t kMaxGrepLineCharacters = 2'000;      // UTF-16 code units, as JavaScript
constexpr milliseconds kGrepTimeLimit{60'000};
constexpr std::size_t kMaxPathBytes = 4'095;            // resolved, Linux' PATH_MAX without NUL
constexpr std::size_t kMaxPathInputBytes = 100 * kKiB;  // as given by the model
constexpr std::size_t kMaxPatternBytes = 64 * kKiB;     // glob and grep patterns
constexpr int kMaxSymlinkHops = 40;
constexpr unsigned kMaxWalkThreads = 4;

struct ToolLimits {
  std::uint64_t max_file_bytes = kMaxTextFileBytes;
  std::uint64_t max_image_bytes = kMaxImageBytes;
  std::uint64_t max_document_bytes = kMaxDocumentBytes;
  std::uint64_t max_walk_entries = kMaxWalkEntries;
  std::size_t max_glob_results = kMaxGlobResults;
  std::uint64_t max_grep_output = kMaxGrepOutputBytes;
  milliseconds grep_time = kGrepTimeLimit;
  unsigned walk_threads = 2;  // 1 … kMaxWalkThreads; the caller knows how many cores the box has
};

}  // namespace glovebox::tools
