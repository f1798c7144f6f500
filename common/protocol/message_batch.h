// The body of SEND_BATCH_MESSAGE: {totalSize i32, magic i32 0, bodyCrc i32 0, flag i32, bodyLength i32, body,
// propertiesLength i16, properties} repeated. Source: MessageDecoder.encodeMessages of release 5.5.0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rmq::protocol {

// The original's broker takes any number; a frame cannot carry many more of the smallest.
inline constexpr std::size_t kMaxBatchMessages = 65536;

struct BatchMessage {
  std::int32_t flag = 0;
  std::string_view body;
  std::string_view properties;
};

// Walks an untrusted body without copying:
//   BatchReader reader(body);
//   while (reader.next(message)) ...
//   RMQ_CHECK_OK(reader.status());
class BatchReader {
 public:
  explicit BatchReader(std::string_view body) : rest_(body) {}

  // False at the end and on malformed bytes; status() tells which.
  bool next(BatchMessage& message);
  Status status() const;

 private:
  std::string_view rest_;
  std::size_t count_ = 0;
  const char* error_ = nullptr;
};

Result<std::vector<BatchMessage>> decode_batch(std::string_view body);

// kInvalid if the properties pass their i16 or the body its i32.
Status append_batch_message(std::string& out, const BatchMessage& message);

}  // namespace rmq::protocol
