#include "broker/replication/wire/autoswitch.h"

#include "common/base/bytes.h"

namespace rmq::replication {
namespace {

constexpr std::int16_t kLearnerBit = 1, kOursBit = 2;

tl::unexpected<Error> unexpected_state(std::int32_t state) {
  return fail(ErrorKind::kInvalid, "unexpected state " + std::to_string(state));
}

}  // namespace

std::array<char, kSlaveHelloBytes> encode(const SlaveHello& hello) {
  std::array<char, kSlaveHelloBytes> bytes{};
  const auto flags = static_cast<std::int16_t>(hello.learner ? kLearnerBit : hello.ours ? kOursBit : 0);
  store_be<std::int32_t>(bytes.data(), kStateHandshake);
  store_be<std::int16_t>(bytes.data() + 4, hello.sync_from_last_file ? 1 : 0);
  store_be<std::int16_t>(bytes.data() + 6, flags);
  store_be<std::int64_t>(bytes.data() + 8, hello.broker_id);
  return bytes;
}

std::array<char, kSlaveAckBytes> encode(const SlaveAck& ack) {
  std::array<char, kSlaveAckBytes> bytes{};
  store_be<std::int32_t>(bytes.data(), ack.state);
  store_be<std::int64_t>(bytes.data() + 4, ack.offset);
  return bytes;
}

std::string encode(const MasterHello& hello) {
  std::string bytes;
  bytes.reserve(kMasterHelloBytes + hello.epochs.size() * kWireEpochBytes);
  append_be<std::int32_t>(bytes, hello.ours ? kStateOurHandshake : kStateHandshake);
  append_be<std::int32_t>(bytes, static_cast<std::int32_t>(hello.epochs.size() * kWireEpochBytes));
  append_be<std::int64_t>(bytes, hello.end);
  append_be<std::int32_t>(bytes, hello.epoch);
  for (const auto& entry : hello.epochs) {
    append_be<std::int32_t>(bytes, entry.epoch);
    append_be<std::int64_t>(bytes, entry.start);
  }
  return bytes;
}

std::array<char, kTransferHeaderBytes> encode(const TransferHeader& header) {
  std::array<char, kTransferHeaderBytes> bytes{};
  store_be<std::int32_t>(bytes.data(), header.state);
  store_be<std::int32_t>(bytes.data() + 4, header.body_bytes);
  store_be<std::int64_t>(bytes.data() + 8, header.offset);
  store_be<std::int32_t>(bytes.data() + 16, header.epoch);
  store_be<std::int64_t>(bytes.data() + 20, header.epoch_start);
  store_be<std::int64_t>(bytes.data() + 28, header.confirm);
  return bytes;
}

Result<std::optional<SlaveHello>> take_slave_hello(std::string_view& bytes) {
  if (bytes.size() < 4) return std::nullopt;
  // Said early, so that junk is thrown out with its first bytes.
  ByteReader reader(bytes);
  if (auto state = reader.read<std::int32_t>(); state != kStateHandshake) return unexpected_state(state);
  if (bytes.size() < kSlaveHelloBytes) return std::nullopt;
  SlaveHello hello;
  hello.sync_from_last_file = reader.read<std::int16_t>() == 1;
  const auto flags = reader.read<std::int16_t>();
  hello.learner = (flags & kLearnerBit) != 0;
  hello.ours = (flags & kOursBit) != 0;
  hello.broker_id = reader.read<std::int64_t>();
  if (flags < 0 || flags > (kLearnerBit | kOursBit)) return fail(ErrorKind::kInvalid, "unknown flags in the handshake");
  if (hello.broker_id < 0) return fail(ErrorKind::kInvalid, "negative broker id in the handshake");
  bytes.remove_prefix(kSlaveHelloBytes);
  return hello;
}

Result<std::optional<SlaveAck>> take_slave_ack(std::string_view& bytes) {
  if (bytes.size() < 4) return std::nullopt;
  ByteReader reader(bytes);
  SlaveAck ack;
  ack.state = reader.read<std::int32_t>();
  if (ack.state != kStateTransfer && ack.state != kStatePing) return unexpected_state(ack.state);
  if (bytes.size() < kSlaveAckBytes) return std::nullopt;
  ack.offset = reader.read<std::int64_t>();
  if (ack.offset < 0) return fail(ErrorKind::kInvalid, "negative offset acknowledged");
  bytes.remove_prefix(kSlaveAckBytes);
  return ack;
}

Result<std::optional<MasterHello>> take_master_hello(std::string_view& bytes) {
  if (bytes.size() < kMasterHelloBytes) return std::nullopt;
  ByteReader reader(bytes);
  const auto state = reader.read<std::int32_t>();
  const auto body_bytes = reader.read<std::int32_t>();
  MasterHello hello;
  hello.ours = state == kStateOurHandshake;
  hello.end = reader.read<std::int64_t>();
  hello.epoch = reader.read<std::int32_t>();
  if (state != kStateHandshake && state != kStateOurHandshake) return unexpected_state(state);
  const auto size = static_cast<std::size_t>(body_bytes);
  if (body_bytes < 0 || size % kWireEpochBytes != 0 || size > EpochList::kMaxEntries * kWireEpochBytes) {
    return fail(ErrorKind::kInvalid, "bad size of the epoch list: " + std::to_string(body_bytes));
  }
  if (hello.end < 0) return fail(ErrorKind::kInvalid, "negative end of the master's log");
  if (reader.remaining() < size) return std::nullopt;
  hello.epochs.reserve(size / kWireEpochBytes);
  for (std::size_t i = 0; i < size / kWireEpochBytes; ++i) {
    EpochEntry entry;
    entry.epoch = reader.read<std::int32_t>();
    entry.start = reader.read<std::int64_t>();
    const bool ascending =
        hello.epochs.empty() || (entry.epoch > hello.epochs.back().epoch && entry.start >= hello.epochs.back().start);
    if (entry.epoch < 0 || entry.start < 0 || !ascending) {
      return fail(ErrorKind::kInvalid, "epochs of the master out of order");
    }
    hello.epochs.push_back(entry);
  }
  bytes.remove_prefix(kMasterHelloBytes + size);
  return hello;
}

Result<std::optional<TransferHeader>> take_transfer_header(std::string_view& bytes) {
  if (bytes.size() < kTransferHeaderBytes) return std::nullopt;
  ByteReader reader(bytes);
  TransferHeader header;
  header.state = reader.read<std::int32_t>();
  header.body_bytes = reader.read<std::int32_t>();
  header.offset = reader.read<std::int64_t>();
  header.epoch = reader.read<std::int32_t>();
  header.epoch_start = reader.read<std::int64_t>();
  header.confirm = reader.read<std::int64_t>();
  if (header.state != kStateTransfer && header.state != kStatePing) return unexpected_state(header.state);
  const auto most = header.state == kStatePing ? 0 : kMaxBodyBytes;
  if (header.body_bytes < 0 || header.body_bytes > most) {
    return fail(ErrorKind::kInvalid, "bad size of a batch: " + std::to_string(header.body_bytes));
  }
  // A heartbeat of the original without anything in its log has offset -1.
  if (header.body_bytes > 0 && (header.offset < 0 || header.epoch_start < 0)) {
    return fail(ErrorKind::kInvalid, "negative offset of a batch");
  }
  bytes.remove_prefix(kTransferHeaderBytes);
  return header;
}

}  // namespace rmq::replication
