// One non-blocking connection of the generator: frames in, bytes out.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/base/file.h"
#include "common/base/result.h"
#include "common/protocol/command.h"

namespace rmq::bench {

class Stream {
 public:
  static Result<Stream> connect(const std::string& address);

  int fd() const { return fd_.get(); }
  std::string& out() { return out_; }
  bool wants_write() const { return sent_ < out_.size(); }
  // Writes as much as the kernel takes.
  Status flush();
  // Reads what is there and hands on each whole frame.
  Status read(const std::function<Status(const protocol::CommandView&)>& on_frame);
  // Sends one request and waits for its answer.
  Result<protocol::Command> ask(protocol::Command request, int timeout_ms);

 private:
  UniqueFd fd_;
  std::string out_;
  std::size_t sent_ = 0;
  std::string in_;
  std::size_t used_ = 0;
  protocol::FrameDecoder decoder_;
};

std::int64_t now_ns();

}  // namespace rmq::bench
