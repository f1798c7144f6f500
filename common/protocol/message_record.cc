#include "common/protocol/message_record.h"

#include <array>

#include "common/base/bytes.h"
#include "common/base/crc32.h"

namespace rmq::protocol {
namespace {

constexpr std::string_view kCrcPropertyStart = "__CRC32#\x01";
constexpr std::size_t kCrcDigits = 10;
static_assert(kCrcPropertyBytes == kCrcPropertyStart.size() + kCrcDigits + 1);

// Everything but hosts, body, topic with its length, properties.
constexpr std::size_t kFixedBytes = 4 + 4 + 4 + 4 + 4 + 8 + 8 + 4 + 8 + 8 + 4 + 8 + 4 + 2;
constexpr std::size_t kMaxHeadBytes = 4 + 4 + 4 + 4 + 4 + 8 + 8 + 4 + 8 + 20 + 8 + 20 + 4 + 8 + 4;

template <class T>
char* put(char* at, T value) {
  store_be(at, value);
  return at + sizeof value;
}
char* put(char* at, std::string_view bytes) {
  std::memcpy(at, bytes.data(), bytes.size());
  return at + bytes.size();
}

bool is_host(std::string_view host) {
  return host.size() == 8 || host.size() == 20;
}

// The checksum that the CRC property at the end of `properties` claims, or -1.
std::int64_t claimed_crc(std::string_view properties) {
  if (properties.size() < kCrcPropertyBytes) return -1;
  auto property = properties.substr(properties.size() - kCrcPropertyBytes);
  if (!property.starts_with(kCrcPropertyStart) || property.back() != '\x02') return -1;
  std::int64_t value = 0;
  for (std::size_t i = kCrcDigits; i-- > 0;) {
    const char digit = property[kCrcPropertyStart.size() + i];
    if (digit < '0' || digit > '9') return -1;
    value = value * 10 + (digit - '0');
  }
  return value;
}

}  // namespace

std::size_t record_size(std::size_t body, std::size_t topic, std::size_t properties, bool born_host_v6,
                        bool store_host_v6) {
  return kFixedBytes + (born_host_v6 ? 20 : 8) + (store_host_v6 ? 20 : 8) + body + (topic > kMaxTopicV1Bytes ? 2 : 1) +
         topic + properties;
}

RecordState parse_record(std::string_view bytes, MessageRecord& record) {
  if (bytes.size() < kBlankBytes)
    return bytes.size() < 4 || load_be<std::int32_t>(bytes.data()) == 0 ? RecordState::kNothing : RecordState::kTorn;
  record.size = load_be<std::int32_t>(bytes.data());
  record.magic = load_be<std::int32_t>(bytes.data() + 4);
  if (record.magic == kBlankMagic) return RecordState::kEndOfFile;
  if (record.magic != kRecordMagicV1 && record.magic != kRecordMagicV2) return RecordState::kNothing;
  if (record.size < static_cast<std::int32_t>(kFixedBytes) || static_cast<std::size_t>(record.size) > bytes.size()) {
    return RecordState::kTorn;
  }
  ByteReader in(bytes.substr(0, static_cast<std::size_t>(record.size)));
  in.skip(8);
  record.body_crc = in.read<std::int32_t>();
  record.queue_id = in.read<std::int32_t>();
  record.flag = in.read<std::int32_t>();
  record.queue_offset = in.read<std::int64_t>();
  record.physical_offset = in.read<std::int64_t>();
  record.sys_flag = in.read<std::int32_t>();
  record.born_timestamp = in.read<std::int64_t>();
  record.born_host = in.read_bytes((record.sys_flag & kRecordSysFlagBornHostV6) != 0 ? 20 : 8);
  record.store_timestamp = in.read<std::int64_t>();
  record.store_host = in.read_bytes((record.sys_flag & kRecordSysFlagStoreHostV6) != 0 ? 20 : 8);
  record.reconsume_times = in.read<std::int32_t>();
  record.prepared_transaction_offset = in.read<std::int64_t>();
  record.body = in.read_bytes(in.read<std::int32_t>());
  // Java reads V1's length as a signed byte; a topic above 127 bytes is never written that way.
  const std::int32_t topic_size = record.magic == kRecordMagicV2 ? in.read<std::int16_t>() : in.read<std::int8_t>();
  record.topic = in.read_bytes(topic_size);
  record.properties = in.read_bytes(in.read<std::int16_t>());
  return in.ok() && in.remaining() == 0 ? RecordState::kRecord : RecordState::kTorn;
}

Result<MessageRecord> decode_record(std::string_view bytes) {
  MessageRecord record;
  switch (parse_record(bytes, record)) {
    case RecordState::kRecord: return record;
    case RecordState::kEndOfFile: return fail(ErrorKind::kInvalid, "not a message: the blank at the end of a file");
    case RecordState::kNothing: return fail(ErrorKind::kInvalid, "not a message: no known magic number");
    case RecordState::kTorn: break;
  }
  return fail(ErrorKind::kInvalid, "torn message: its lengths contradict each other or its end is missing");
}

bool record_checksum_ok(std::string_view record_bytes, const MessageRecord& record) {
  const auto whole = record_bytes.substr(0, static_cast<std::size_t>(record.size));
  if (auto claimed = claimed_crc(record.properties); claimed >= 0) {
    return crc32_positive(whole.substr(0, whole.size() - kCrcPropertyBytes)) == claimed;
  }
  return record.body.empty() || crc32_positive(record.body) == record.body_crc;
}

Result<std::size_t> append_record(std::string& out, const MessageRecord& record, const EncodeOptions& options) {
  if (!is_host(record.born_host) || !is_host(record.store_host)) {
    return fail(ErrorKind::kInvalid, "a host is 8 or 20 bytes");
  }
  if (record.topic.empty() || record.topic.size() > INT16_MAX) {
    return fail(ErrorKind::kInvalid, "topic of " + std::to_string(record.topic.size()) + " bytes");
  }
  // Properties that do not end in a separator get one before more follows.
  const bool more = !options.more_properties.empty() || options.crc_property;
  const bool separator = more && !record.properties.empty() && record.properties.back() != '\x02';
  const bool second_separator =
      options.crc_property && !options.more_properties.empty() && options.more_properties.back() != '\x02';
  const std::size_t properties = record.properties.size() + (separator ? 1 : 0) + options.more_properties.size() +
                                 (second_separator ? 1 : 0) + (options.crc_property ? kCrcPropertyBytes : 0);
  if (properties > kMaxPropertiesBytes) {
    return fail(ErrorKind::kInvalid, "message properties length too long: " + std::to_string(properties) +
                                         " bytes, the limit is " + std::to_string(kMaxPropertiesBytes));
  }
  const bool born_v6 = record.born_host.size() == 20;
  const bool store_v6 = record.store_host.size() == 20;
  const std::size_t size = record_size(record.body.size(), record.topic.size(), properties, born_v6, store_v6);
  if (size > INT32_MAX) return fail(ErrorKind::kInvalid, "message of " + std::to_string(size) + " bytes");

  const bool v2 = record.topic.size() > kMaxTopicV1Bytes;
  std::int32_t sys_flag = record.sys_flag & ~(kRecordSysFlagBornHostV6 | kRecordSysFlagStoreHostV6);
  if (born_v6) sys_flag |= kRecordSysFlagBornHostV6;
  if (store_v6) sys_flag |= kRecordSysFlagStoreHostV6;

  std::array<char, kMaxHeadBytes> head;
  char* at = head.data();
  at = put(at, static_cast<std::int32_t>(size));
  at = put(at, v2 ? kRecordMagicV2 : kRecordMagicV1);
  at = put(at, options.compute_body_crc ? crc32_positive(record.body) : record.body_crc);
  at = put(at, record.queue_id);
  at = put(at, record.flag);
  at = put(at, record.queue_offset);
  at = put(at, record.physical_offset);
  at = put(at, sys_flag);
  at = put(at, record.born_timestamp);
  at = put(at, record.born_host);
  at = put(at, record.store_timestamp);
  at = put(at, record.store_host);
  at = put(at, record.reconsume_times);
  at = put(at, record.prepared_transaction_offset);
  at = put(at, static_cast<std::int32_t>(record.body.size()));
  out.append(head.data(), static_cast<std::size_t>(at - head.data()));
  out.append(record.body);
  if (v2) {
    append_be(out, static_cast<std::int16_t>(record.topic.size()));
  } else {
    out.push_back(static_cast<char>(record.topic.size()));
  }
  out.append(record.topic);
  append_be(out, static_cast<std::int16_t>(properties));
  out.append(record.properties);
  if (separator) out.push_back('\x02');
  out.append(options.more_properties);
  if (second_separator) out.push_back('\x02');
  if (options.crc_property) out.append(kCrcPropertyBytes, '\0');
  return size;
}

void patch_record(char* record, std::int64_t queue_offset, std::int64_t physical_offset, std::int64_t store_timestamp) {
  store_be(record + kRecordQueueOffsetAt, queue_offset);
  store_be(record + kRecordPhysicalOffsetAt, physical_offset);
  store_be(record + record_store_timestamp_at(load_be<std::int32_t>(record + kRecordSysFlagAt)), store_timestamp);
}

void seal_crc_property(char* record, std::size_t size) {
  auto crc = crc32_positive(std::string_view(record, size - kCrcPropertyBytes));
  char* at = put(record + size - kCrcPropertyBytes, kCrcPropertyStart);
  for (std::size_t i = 0; i < kCrcDigits; ++i) {
    *at++ = static_cast<char>('0' + crc % 10);
    crc /= 10;
  }
  *at = '\x02';
}

}  // namespace rmq::protocol
