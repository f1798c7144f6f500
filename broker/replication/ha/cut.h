// Cutting a replica's log, with those told who live from it (the journal of broker state).
#pragma once

#include <cstdint>

#include "broker/replication/ha/types.h"
#include "broker/store/message_store.h"

namespace rmq::replication {

// The log ends at `end` afterwards, readers and the dispatcher see no further. On the disk when it returns; after an
// error it may be called again.
Status cut_log(store::MessageStore& store, const ReplicationOptions& options, std::uint64_t end);
// Nothing is left; the log may go on anywhere.
Status empty_log(store::MessageStore& store, const ReplicationOptions& options);

}  // namespace rmq::replication
