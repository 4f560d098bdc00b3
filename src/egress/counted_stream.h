// A stream that is one of so many, for as long as it is there.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "net/byte_stream.h"

namespace glovebox::egress {

class CountedStream final : public net::ByteStream {
 public:
  CountedStream(net::StreamPtr lower, std::shared_ptr<std::size_t> count)
      : lower_(std::move(lower)), count_(std::move(count)) {
    ++*count_;
  }
  ~CountedStream() override { --*count_; }
  CountedStream(const CountedStream&) = delete;
  CountedStream& operator=(const CountedStream&) = delete;

  net::Task<Result<std::string>> read(net::Patience patience) override {
    return lower_->read(std::move(patience));
  }
  net::Task<Result<void>> write(std::string_view bytes, net::Patience patience) override {
    return lower_->write(bytes, std::move(patience));
  }
  net::Task<Result<void>> finish(net::Patience patience) override {
    return lower_->finish(std::move(patience));
  }
  net::Task<Result<void>> readable(net::Patience patience) override {
    return lower_->readable(std::move(patience));
  }
  bool is_quiet() override { return lower_->is_quiet(); }

 private:
  net::StreamPtr lower_;
  std::shared_ptr<std::size_t> count_;
};

}  // namespace glovebox::egress
