#include "broker/replication/wire/classic.h"

#include <string>

#include "broker/replication/wire/autoswitch.h"
#include "common/base/bytes.h"

namespace rmq::replication {

std::array<char, kClassicAckBytes> encode_classic_ack(std::int64_t end) {
  std::array<char, kClassicAckBytes> bytes{};
  store_be<std::int64_t>(bytes.data(), end);
  return bytes;
}

std::array<char, kClassicHeaderBytes> encode(const ClassicHeader& header) {
  std::array<char, kClassicHeaderBytes> bytes{};
  store_be<std::int64_t>(bytes.data(), header.offset);
  store_be<std::int32_t>(bytes.data() + 8, header.body_bytes);
  return bytes;
}

Result<std::optional<std::int64_t>> take_classic_ack(std::string_view& bytes) {
  if (bytes.size() < kClassicAckBytes) return std::nullopt;
  const auto end = load_be<std::int64_t>(bytes.data());
  if (end < 0) return fail(ErrorKind::kInvalid, "negative offset acknowledged");
  bytes.remove_prefix(kClassicAckBytes);
  return end;
}

Result<std::optional<ClassicHeader>> take_classic_header(std::string_view& bytes) {
  if (bytes.size() < kClassicHeaderBytes) return std::nullopt;
  ByteReader reader(bytes);
  ClassicHeader header;
  header.offset = reader.read<std::int64_t>();
  header.body_bytes = reader.read<std::int32_t>();
  if (header.offset < 0) return fail(ErrorKind::kInvalid, "negative offset of a batch");
  if (header.body_bytes < 0 || header.body_bytes > kMaxBodyBytes) {
    return fail(ErrorKind::kInvalid, "bad size of a batch: " + std::to_string(header.body_bytes));
  }
  bytes.remove_prefix(kClassicHeaderBytes);
  return header;
}

}  // namespace rmq::replication
