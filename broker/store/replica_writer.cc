#include "broker/store/replica_writer.h"

#include <algorithm>

#include "common/base/bytes.h"

namespace rmq::store {

ReplicaWriter::ReplicaWriter(const StoreOptions& options, CommitLog& log, TopicQueueTable& table)
    : options_(options), log_(log), table_(table) {}

void ReplicaWriter::forget_partial() {
  partial_.clear();
  partial_.shrink_to_fit();
  blank_left_ = 0;
  end_.store(log_.max_offset(), std::memory_order_release);
}

Status ReplicaWriter::append(std::uint64_t offset, std::string_view bytes) {
  if (offset == log_.max_offset()) forget_partial();
  if (offset != end()) {
    return fail(ErrorKind::kConflict,
                "the master sent offset " + std::to_string(offset) + ", our log ends at " + std::to_string(end()));
  }
  auto status = take(bytes);
  if (!status) {
    forget_partial();
  } else {
    const auto pending =
        blank_left_ > 0 ? log_.next_file_start(log_.max_offset()) - log_.max_offset() - blank_left_ : partial_.size();
    end_.store(log_.max_offset() + pending, std::memory_order_release);
  }
  return status;
}

Status ReplicaWriter::take(std::string_view bytes) {
  while (!bytes.empty()) {
    if (blank_left_ > 0) {
      const auto part = std::min<std::uint64_t>(blank_left_, bytes.size());
      bytes.remove_prefix(part);
      blank_left_ -= part;
      if (blank_left_ == 0) RMQ_CHECK_OK(log_.write_replica_blank());
    } else if (!partial_.empty()) {
      RMQ_CHECK_OK(take_into_partial(bytes));
    } else {
      RMQ_CHECK_OK(take_whole_records(bytes));
    }
  }
  return {};
}

Result<ReplicaWriter::Piece> ReplicaWriter::look(std::uint64_t position, std::string_view bytes) const {
  if (bytes.size() < protocol::kBlankBytes) return Piece{};
  const auto size = load_be<std::int32_t>(bytes.data());
  const auto magic = load_be<std::int32_t>(bytes.data() + 4);
  const auto room = log_.next_file_start(position) - position;
  const auto claimed = static_cast<std::uint64_t>(std::max(size, 0));
  const auto at = " at offset " + std::to_string(position);
  if (magic == protocol::kBlankMagic) {
    if (claimed != room) return fail(ErrorKind::kInvalid, "the end of a file that isn't one" + at);
    return Piece{claimed, true};
  }
  if (magic != protocol::kRecordMagicV1 && magic != protocol::kRecordMagicV2) {
    return fail(ErrorKind::kInvalid, "the master sent something that isn't a log" + at);
  }
  if (claimed < protocol::kMinRecordBytes) return fail(ErrorKind::kInvalid, "a record without a size" + at);
  // Every file ends with a blank.
  if (claimed + protocol::kBlankBytes > room) return fail(ErrorKind::kInvalid, "a record beyond its file" + at);
  if (claimed > options_.max_replica_record_bytes) {
    return fail(ErrorKind::kInvalid, "a record of " + std::to_string(claimed) + " bytes" + at);
  }
  if (claimed > bytes.size()) return Piece{};
  return Piece{claimed, false};
}

void ReplicaWriter::count_queue_offset(const protocol::MessageRecord& record) {
  if (!enters_queue(record.sys_flag)) return;
  if (last_queue_ == nullptr || last_queue_->id() != record.queue_id || last_queue_->topic() != record.topic) {
    last_queue_ = &table_.find_or_create(record.topic, record.queue_id);
  }
  last_queue_->raise_next(record.queue_offset + 1);
}

// Writes the whole records that `bytes` begins with, all of one file at once, and takes them away. What is left begins
// with a blank or goes to partial_.
Status ReplicaWriter::take_whole_records(std::string_view& bytes) {
  const auto start = log_.max_offset();
  std::size_t whole = 0;
  Status status;
  Piece piece;
  protocol::MessageRecord record;
  while (whole < bytes.size()) {
    const auto left = bytes.substr(whole);
    auto looked = look(start + whole, left);
    if (!looked) {
      status = fail(std::move(looked).error());
      break;
    }
    piece = *looked;
    if (piece.size == 0 || piece.blank) break;
    if (protocol::parse_record(left, record) != protocol::RecordState::kRecord || record.queue_offset < 0 ||
        static_cast<std::uint64_t>(record.physical_offset) != start + whole) {
      status = fail(ErrorKind::kInvalid, "a record that contradicts itself at offset " + std::to_string(start + whole));
      break;
    }
    whole += piece.size;
    piece = {};
  }
  // The good ones before a bad one are kept.
  if (whole > 0) {
    RMQ_CHECK_OK(log_.write_replica(bytes.substr(0, whole)));
    // Not before they are in the log: a failed write would leave a gap in the queue offsets.
    for (auto left = bytes.substr(0, whole); !left.empty();) {
      (void)protocol::parse_record(left, record);
      count_queue_offset(record);
      left.remove_prefix(static_cast<std::size_t>(record.size));
    }
    bytes.remove_prefix(whole);
  }
  RMQ_CHECK_OK(status);
  if (piece.blank) {
    blank_left_ = piece.size - protocol::kBlankBytes;
    bytes.remove_prefix(protocol::kBlankBytes);
    if (blank_left_ == 0) return log_.write_replica_blank();
  } else {
    partial_.assign(bytes);
    bytes = {};
  }
  return {};
}

// Adds to the record that isn't whole no more than belongs to it.
Status ReplicaWriter::take_into_partial(std::string_view& bytes) {
  const auto position = log_.max_offset();
  std::size_t wanted = protocol::kBlankBytes;
  if (partial_.size() >= wanted) {
    RMQ_CHECK_OK(look(position, partial_));
    wanted = static_cast<std::size_t>(load_be<std::int32_t>(partial_.data()));
  }
  const auto part = std::min(bytes.size(), wanted - partial_.size());
  partial_.append(bytes.substr(0, part));
  bytes.remove_prefix(part);
  RMQ_TRY(auto piece, look(position, partial_));
  if (piece.size == 0) return {};
  const auto whole = std::move(partial_);
  partial_ = {};
  std::string_view view(whole);
  return take_whole_records(view);
}

}  // namespace rmq::store
