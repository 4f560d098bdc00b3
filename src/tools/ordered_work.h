// Work on numbered pieces by several threads whose results are taken in the pieces' order.
//
// No thread is more than kAhead pieces in front of the first one that is not done, so at most that
// many results wait. The caller's thread works too: when no other can be started, it does all.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace glovebox::tools {

class OrderedWork {
 public:
  static constexpr std::size_t kAhead = 64;

  using Piece = std::function<std::string(std::size_t number)>;  // on any thread
  using Taker = std::function<bool(std::string result)>;         // in order; false: enough

  // Returns when all pieces are done, or after the taker had enough. Nothing may throw.
  static void run(std::size_t pieces, unsigned threads, const Piece& piece, const Taker& taker);

 private:
  OrderedWork(std::size_t pieces, const Piece& piece, const Taker& taker)
      : pieces_(pieces), piece_(piece), taker_(taker), waiting_(kAhead) {}
  void work();

  struct Waiting {
    bool is_done = false;
    std::string result;
  };

  const std::size_t pieces_;
  const Piece& piece_;
  const Taker& taker_;
  std::mutex mutex_;  // guards all below
  std::condition_variable moved_;
  std::size_t next_ = 0;   // to be begun
  std::size_t taken_ = 0;  // all before were given to the taker
  bool is_enough_ = false;
  std::vector<Waiting> waiting_;  // of the pieces from taken_ on, by number modulo kAhead
};

}  // namespace glovebox::tools
