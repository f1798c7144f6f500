// broker.conf as the store understands it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "broker/config/broker_config.h"
#include "broker/store/store_options.h"
#include "common/base/result.h"

namespace rmq::broker {

// "1s 5s 1m 2h 1d" in milliseconds, levels from 1. kInvalid names the part that is wrong.
Result<std::vector<std::int64_t>> parse_delay_levels(std::string_view text);

// kUnsupported: settings that ask for a store we don't have (RocksDB, DLedger).
Result<store::StoreOptions> store_options_of(const BrokerConfig& config, std::uint64_t memory_bytes);

}  // namespace rmq::broker
