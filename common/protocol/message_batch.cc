#include "common/protocol/message_batch.h"

#include <limits>

#include "common/base/bytes.h"

namespace rmq::protocol {
namespace {

constexpr std::size_t kFixedBytes = 5 * 4 + 2;  // all but the body and the properties

}  // namespace

bool BatchReader::next(BatchMessage& message) {
  if (error_ != nullptr || rest_.empty()) return false;
  if (++count_ > kMaxBatchMessages) {
    error_ = "too many messages in a batch";
    return false;
  }
  ByteReader reader(rest_);
  const auto total = reader.read<std::int32_t>();
  reader.skip(4 + 4);  // magic and CRC: 0 from every client, and nobody looks
  message.flag = reader.read<std::int32_t>();
  message.body = reader.read_bytes(reader.read<std::int32_t>());
  message.properties = reader.read_bytes(reader.read<std::int16_t>());
  if (!reader.ok() || total < 0 || static_cast<std::size_t>(total) != reader.position()) {
    error_ = "malformed message in a batch";
    return false;
  }
  rest_.remove_prefix(reader.position());
  return true;
}

Status BatchReader::status() const {
  if (error_ != nullptr) return fail(ErrorKind::kInvalid, error_);
  return {};
}

Result<std::vector<BatchMessage>> decode_batch(std::string_view body) {
  std::vector<BatchMessage> messages;
  BatchReader reader(body);
  for (BatchMessage message; reader.next(message);) messages.push_back(message);
  RMQ_CHECK_OK(reader.status());
  return messages;
}

Status append_batch_message(std::string& out, const BatchMessage& message) {
  if (message.properties.size() > static_cast<std::size_t>(std::numeric_limits<std::int16_t>::max())) {
    return fail(ErrorKind::kInvalid, "properties longer than 32767 bytes");
  }
  const std::size_t total = kFixedBytes + message.body.size() + message.properties.size();
  if (total > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    return fail(ErrorKind::kInvalid, "message too large for a batch");
  }
  append_be(out, static_cast<std::int32_t>(total));
  append_be(out, std::int32_t{0});
  append_be(out, std::int32_t{0});
  append_be(out, message.flag);
  append_be(out, static_cast<std::int32_t>(message.body.size()));
  out += message.body;
  append_be(out, static_cast<std::int16_t>(message.properties.size()));
  out += message.properties;
  return {};
}

}  // namespace rmq::protocol
