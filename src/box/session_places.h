// Where a session's folders lie on the host.
#pragma once

#include <string>

namespace glovebox::box {

// Absolute paths of folders that exist. `outputs` may be empty: then nothing is kept whole.
struct SessionPlaces {
  std::string workspace;
  std::string outputs;  // sessions/<session>/outputs
};

}  // namespace glovebox::box
