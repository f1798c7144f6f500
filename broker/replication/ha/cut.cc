#include "broker/replication/ha/cut.h"

#include <algorithm>

namespace rmq::replication {
namespace {

template <class Cut>
Status cut_at(store::MessageStore& store, const ReplicationOptions& options, std::uint64_t end, Cut cut) {
  // Nothing beyond the cut is dispatched from here on: a round that began earlier ends before pause() returns.
  store.set_confirm_offset(std::min(store.confirm_offset(), end));
  { const auto paused = store.dispatcher().pause(); }
  if (options.before_cut) RMQ_CHECK_OK(options.before_cut(end));
  RMQ_CHECK_OK(cut());
  if (options.after_cut) options.after_cut();
  return {};
}

}  // namespace

Status cut_log(store::MessageStore& store, const ReplicationOptions& options, std::uint64_t end) {
  return cut_at(store, options, end, [&] { return store.truncate_to(end); });
}

Status empty_log(store::MessageStore& store, const ReplicationOptions& options) {
  return cut_at(store, options, 0, [&] { return store.reset_to(0); });
}

}  // namespace rmq::replication
