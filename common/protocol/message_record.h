// The stored record: the same bytes stand in the commit log, go to consumers in pull, query and pop answers, and travel
// to replicas. Source: org.apache.rocketmq.store.MessageExtEncoder, CommitLog.checkMessageAndReturnSize and
// common.message.MessageDecoder of release 5.5.0.
//
//   totalSize i32 | magic i32 | bodyCRC i32 | queueId i32 | flag i32 | queueOffset i64 @20 | physicalOffset i64 @28 |
//   sysFlag i32 @36 | bornTimestamp i64 @40 | bornHost @48, 8 or 20 bytes | storeTimestamp i64 | storeHost 8 or 20 |
//   reconsumeTimes i32 | preparedTransactionOffset i64 | bodyLen i32, body | topicLen i8 (V1) or i16 (V2), topic |
//   propertiesLen i16, properties
//
// All integers big-endian. A file of the commit log ends with {remaining i32, kBlankMagic i32}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::protocol {

inline constexpr std::int32_t kRecordMagicV1 = static_cast<std::int32_t>(0xDAA320A7U);
inline constexpr std::int32_t kRecordMagicV2 = static_cast<std::int32_t>(0xDAA320ABU);  // topic length in two bytes
inline constexpr std::int32_t kBlankMagic = static_cast<std::int32_t>(0xCBD43194U);     // rest of the file is unused
inline constexpr std::size_t kBlankBytes = 8;

inline constexpr std::size_t kRecordQueueOffsetAt = 20;
inline constexpr std::size_t kRecordPhysicalOffsetAt = 28;
inline constexpr std::size_t kRecordSysFlagAt = 36;
inline constexpr std::size_t kRecordBornHostAt = 48;

inline constexpr std::int32_t kRecordSysFlagBornHostV6 = 0x10;
inline constexpr std::int32_t kRecordSysFlagStoreHostV6 = 0x20;

inline constexpr std::size_t kMaxTopicV1Bytes = 127;
inline constexpr std::size_t kMaxPropertiesBytes = 32767;

// `__CRC32#` \x01, ten decimal digits with the least significant first, \x02; always last in the properties.
inline constexpr std::size_t kCrcPropertyBytes = 20;

// The smallest record: IPv4 hosts, no body, topic of one byte, V1.
inline constexpr std::size_t kMinRecordBytes = 92;

// A record's fields; all views point into the bytes it was decoded from, or at what is to be encoded.
struct MessageRecord {
  std::int32_t size = 0;   // set by decoding
  std::int32_t magic = 0;  // set by decoding; encoding chooses V2 for topics above 127 bytes
  std::int32_t body_crc = 0;
  std::int32_t queue_id = 0;
  std::int32_t flag = 0;
  std::int64_t queue_offset = 0;
  std::int64_t physical_offset = 0;
  std::int32_t sys_flag = 0;  // encoding sets the two host bits from the sizes of the hosts
  std::int64_t born_timestamp = 0;
  std::string_view born_host;  // address (4 or 16 bytes), port i32: 8 or 20 bytes
  std::int64_t store_timestamp = 0;
  std::string_view store_host;
  std::int32_t reconsume_times = 0;
  std::int64_t prepared_transaction_offset = 0;
  std::string_view body;
  std::string_view topic;
  std::string_view properties;
};

// What stands at a position of the log.
enum class RecordState {
  kRecord,     // a whole, consistent record
  kEndOfFile,  // the blank that ends a file
  kNothing,    // zeros, or a magic nobody writes: end of data
  kTorn,       // begins as a record and is cut off or contradicts itself
};

// Decodes the record at the start of `bytes`, which may go on after it. Every length is checked against the others, so
// a kRecord can be used without further checks; `record` is unspecified otherwise. Does not look at the checksum. Of a
// kEndOfFile, record.size is the number of bytes left in the file.
RecordState parse_record(std::string_view bytes, MessageRecord& record);

// parse_record for callers who expect a record: kInvalid if it isn't one.
Result<MessageRecord> decode_record(std::string_view bytes);

// Whether the body is what was stored; where the record carries the CRC property, the whole record.
bool record_checksum_ok(std::string_view record_bytes, const MessageRecord& record);

// The size a record of these parts has.
std::size_t record_size(std::size_t body, std::size_t topic, std::size_t properties, bool born_host_v6,
                        bool store_host_v6);

struct EncodeOptions {
  std::string_view more_properties;  // stands after `properties`: saves the caller from joining them
  bool crc_property = false;         // leaves room for it; seal_crc_property() fills it in once the blanks are patched
  bool compute_body_crc = true;      // false: record.body_crc is used as it is
};

// Appends the record to `out` and returns its size. kInvalid: empty topic or one above 32767 bytes, properties above
// 32767 bytes, hosts that aren't 8 or 20 bytes, a total above 2 GiB; `out` is then unchanged.
Result<std::size_t> append_record(std::string& out, const MessageRecord& record, const EncodeOptions& options = {});

// Fill in what is known only at the moment of storing. `record` points at a whole record.
void patch_record(char* record, std::int64_t queue_offset, std::int64_t physical_offset, std::int64_t store_timestamp);
void seal_crc_property(char* record, std::size_t size);

// Where the store timestamp stands: 56, or 68 with an IPv6 born host.
inline constexpr std::size_t record_store_timestamp_at(std::int32_t sys_flag) {
  return kRecordBornHostAt + ((sys_flag & kRecordSysFlagBornHostV6) != 0 ? 20 : 8);
}

}  // namespace rmq::protocol
