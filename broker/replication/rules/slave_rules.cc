#include "broker/replication/rules/slave_rules.h"

#include <algorithm>

namespace rmq::replication {

FollowVerdict SlaveRules::follow(std::int32_t epoch) {
  if (epoch < std::max(wanted_.accepted_epoch, wanted_.promised_epoch)) return FollowVerdict::kStale;
  wanted_.accepted_epoch = epoch;
  return stored_.accepted_epoch == epoch ? FollowVerdict::kFollow : FollowVerdict::kPersistFirst;
}

FenceVerdict SlaveRules::fence(std::int32_t fence_epoch) {
  if (fence_epoch < wanted_.promised_epoch || fence_epoch <= wanted_.accepted_epoch) return FenceVerdict::kRefused;
  wanted_.promised_epoch = fence_epoch;
  return stored_.promised_epoch == fence_epoch ? FenceVerdict::kPromised : FenceVerdict::kPersistFirst;
}

void SlaveRules::persisted(const FollowState& stored) {
  stored_.accepted_epoch = std::max(stored_.accepted_epoch, stored.accepted_epoch);
  stored_.promised_epoch = std::max(stored_.promised_epoch, stored.promised_epoch);
}

bool SlaveRules::may_acknowledge(std::int32_t epoch) const {
  return epoch == stored_.accepted_epoch && epoch == wanted_.accepted_epoch && epoch >= wanted_.promised_epoch;
}

TruncationPlan SlaveRules::plan_truncation(const EpochList& mine, std::int64_t my_end, const EpochList& master,
                                           std::int64_t master_end) {
  TruncationPlan plan;
  const auto agreed = agreement_point(mine, my_end, master, master_end);
  if (!agreed) {
    plan.wipe = my_end > 0 || !mine.empty();
    return plan;
  }
  plan.truncate_to = *agreed;
  // Entries at the cut itself stay only when the master has the same: they are empty epochs that both know.
  plan.epochs = mine;
  plan.epochs.truncate_suffix(*agreed);
  if (const auto last = mine.last(); last && last->start == *agreed && master.find(last->epoch) == last) {
    plan.epochs.append(*last);
  }
  // After the cut, the log is a prefix of the master's: so is the list.
  for (const EpochEntry& entry : master.entries()) {
    if (entry.start == *agreed) plan.epochs.append(entry);
  }
  return plan;
}

EpochList SlaveRules::mend_at_start(EpochList stored, std::int64_t log_end) {
  stored.truncate_suffix(log_end + 1);
  return stored;
}

BatchDecision SlaveRules::on_batch(const BatchHeader& header, std::int64_t my_end, const EpochList& epochs) {
  if (header.size < 0 || header.offset < 0 || header.epoch < 0 || header.epoch_start < 0) {
    return {BatchVerdict::kClose, {}, "negative field"};
  }
  const EpochEntry named{header.epoch, header.epoch_start};
  const auto last = epochs.last();
  if (!last) {
    if (my_end != 0) return {BatchVerdict::kClose, {}, "the log has no epochs"};
    if (header.size == 0) return {BatchVerdict::kAccept, {}, {}};
    if (header.epoch_start > header.offset) return {BatchVerdict::kClose, {}, "the epoch starts beyond the batch"};
    return {BatchVerdict::kAppendEpochFirst, named, {}};
  }
  if (header.offset != my_end) return {BatchVerdict::kClose, {}, "not at the end of this log"};
  if (header.epoch < last->epoch) return {BatchVerdict::kClose, {}, "older than what this log ends with"};
  if (header.epoch == last->epoch) {
    if (header.epoch_start != last->start) return {BatchVerdict::kClose, {}, "the epoch starts elsewhere"};
    return {BatchVerdict::kAccept, {}, {}};
  }
  if (header.epoch_start != my_end) return {BatchVerdict::kClose, {}, "an epoch's start was missed"};
  return {BatchVerdict::kAppendEpochFirst, named, {}};
}

std::optional<EpochEntry> SlaveRules::due_epoch(const EpochList& master, const EpochList& epochs, std::int64_t my_end) {
  const auto entry = master.at_offset(my_end);
  if (!entry || entry->start != my_end || entry->epoch <= epochs.last_epoch()) return std::nullopt;
  return entry;
}

std::int64_t SlaveRules::confirm(std::int64_t master_confirm, std::int64_t my_end) {
  return std::clamp<std::int64_t>(master_confirm, 0, my_end);
}

}  // namespace rmq::replication
