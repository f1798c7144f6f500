#include <string>

#include "common/protocol/message_record.h"
#include "fuzz/fuzz_check.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rmq::protocol;
  const auto input = fuzz_input(data, size);
  MessageRecord record;
  if (parse_record(input, record) != RecordState::kRecord) return 0;
  FUZZ_CHECK(record.size >= 0 && static_cast<std::size_t>(record.size) <= size);
  (void)record_checksum_ok(input.substr(0, static_cast<std::size_t>(record.size)), record);

  std::string again;
  if (!append_record(again, record, {.compute_body_crc = false})) return 0;
  patch_record(again.data(), record.queue_offset, record.physical_offset, record.store_timestamp);
  MessageRecord second;
  FUZZ_CHECK(parse_record(again, second) == RecordState::kRecord);
  FUZZ_CHECK(second.topic == record.topic && second.body == record.body && second.properties == record.properties);
  FUZZ_CHECK(second.born_host == record.born_host && second.store_host == record.store_host);
  FUZZ_CHECK(second.queue_offset == record.queue_offset && second.physical_offset == record.physical_offset);
  FUZZ_CHECK(second.sys_flag == record.sys_flag && second.store_timestamp == record.store_timestamp);
  FUZZ_CHECK(second.queue_id == record.queue_id && second.flag == record.flag && second.body_crc == record.body_crc);
  FUZZ_CHECK(second.prepared_transaction_offset == record.prepared_transaction_offset);
  return 0;
}
