// Group policies as settings have them: "broker-a:replicationMode=quorum,replicas=3;broker-b:replicas=1".
#pragma once

#include <string>
#include <string_view>

#include "common/base/properties_text.h"
#include "common/base/result.h"
#include "operator/election/messages.h"

namespace rmq::controller {

// What the text says of `group`, by setting; empty if nothing. kInvalid: the text has another form, or a setting that
// no group has of its own.
Result<Properties> policy_overrides(std::string_view text, std::string_view group);

// From the settings replicationMode (asynchronous, synchronous, quorum), replicas, enableElectUncleanMaster,
// electNewGroups, asyncFlush, leaseMs, heartbeatTimeoutMs; all must be there. kInvalid names what does not fit.
Result<election::Policy> make_policy(const Properties& settings);

}  // namespace rmq::controller
