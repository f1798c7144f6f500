// Cuts a stream of bytes into frames. Whole frames are handed on where they lie; only a frame that is split between two
// reads is gathered in memory of its own, which grows as its bytes arrive, never by what its length word claims.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/bytes.h"
#include "common/base/result.h"
#include "common/protocol/command.h"

namespace rmq::remoting {

class FrameSlicer {
 public:
  explicit FrameSlicer(std::uint32_t max_frame_bytes) : max_frame_bytes_(max_frame_bytes) {}

  // Calls on_frame(std::string_view) -> Status for each frame that `bytes` completes. The views end with the call.
  // An error, its own (a length no frame has) or on_frame's, ends the stream.
  template <class OnFrame>
  Status feed(std::string_view bytes, OnFrame&& on_frame) {
    while (!partial_.empty()) {
      // Fill up to the length word first, then up to the frame's end.
      RMQ_TRY(auto length, protocol::frame_length(partial_, max_frame_bytes_));
      const std::size_t wanted = length == 0 ? sizeof(std::uint32_t) : length;
      const std::size_t taken = std::min(wanted - partial_.size(), bytes.size());
      partial_.append(bytes.substr(0, taken));
      bytes.remove_prefix(taken);
      if (partial_.size() < wanted) return {};
      if (length == 0) continue;
      RMQ_CHECK_OK(on_frame(std::string_view(partial_)));
      release();
    }
    while (!bytes.empty()) {
      RMQ_TRY(auto length, protocol::frame_length(bytes, max_frame_bytes_));
      if (length == 0 || length > bytes.size()) {
        partial_.assign(bytes);
        return {};
      }
      RMQ_CHECK_OK(on_frame(bytes.substr(0, length)));
      bytes.remove_prefix(length);
    }
    return {};
  }

  // Memory held for the frame that is still coming in.
  std::size_t buffered() const { return partial_.capacity(); }

 private:
  void release() {
    partial_.clear();
    if (partial_.capacity() > kKeepBytes) partial_.shrink_to_fit();
  }

  static constexpr std::size_t kKeepBytes = 4096;
  std::uint32_t max_frame_bytes_;
  std::string partial_;
};

}  // namespace rmq::remoting
