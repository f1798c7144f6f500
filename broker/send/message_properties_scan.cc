#include "broker/send/message_properties_scan.h"

#include "common/protocol/message_properties.h"

namespace rmq::broker {

using protocol::Property;

ScannedProperties scan_properties(std::string_view properties) {
  ScannedProperties scanned;
  protocol::visit_properties(properties, [&](std::string_view name, std::string_view value) {
    switch (name.front()) {
      case 'U':
        if (name == Property::kUniqKey) scanned.uniq_key = value;
        break;
      case 'W':
        if (name == Property::kWaitStoreMsgOk) scanned.wait_stored = value != "false";
        break;
      case 'D':
        if (name == Property::kDelayTimeLevel) scanned.delay_level = value;
        break;
      case 'T':
        if (name == Property::kTransactionPrepared) {
          scanned.transaction = value == "true";
        } else if (name == Property::kTraceSwitch) {
          scanned.broker_marks = true;
        } else if (name == Property::kTimerDelaySec || name == Property::kTimerDelayMs ||
                   name == Property::kTimerDeliverMs) {
          scanned.timer = true;
        }
        break;
      case 'C':
        if (name == Property::kCluster) scanned.broker_marks = true;
        break;
      case 'M':
        if (name == Property::kMsgRegion) scanned.broker_marks = true;
        break;
      default: break;
    }
    return true;
  });
  return scanned;
}

}  // namespace rmq::broker
