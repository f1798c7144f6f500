// What a send needs to know of a message's properties, found in one pass.
#pragma once

#include <string_view>

namespace rmq::broker {

struct ScannedProperties {
  std::string_view uniq_key;
  std::string_view delay_level;
  bool wait_stored = true;    // WAIT is not "false"
  bool transaction = false;   // TRAN_MSG is "true"
  bool timer = false;         // one of TIMER_DELAY_SEC, TIMER_DELAY_MS, TIMER_DELIVER_MS
  bool broker_marks = false;  // carries CLUSTER, MSG_REGION or TRACE_ON from an earlier store
};

ScannedProperties scan_properties(std::string_view properties);

}  // namespace rmq::broker
