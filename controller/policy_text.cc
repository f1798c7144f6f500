#include "controller/policy_text.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace rmq::controller {
namespace {

constexpr std::array<std::string_view, 7> kOfGroups = {"replicationMode",   "replicas",   "enableElectUncleanMaster",
                                                       "electNewGroups",    "asyncFlush", "leaseMs",
                                                       "heartbeatTimeoutMs"};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view()
                                         : text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Calls `each` for every trimmed, non-empty part; stops at the first error.
template <class Each>
Status split(std::string_view text, char separator, Each each) {
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    if (const auto part = trimmed(text.substr(0, end)); !part.empty()) RMQ_CHECK_OK(each(part));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

Result<std::pair<std::string_view, std::string_view>> halves(std::string_view text, char separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos || at == 0) {
    return fail(ErrorKind::kInvalid,
                "groupPolicies: " + std::string(1, separator) + " is missing in " + std::string(text));
  }
  return std::pair(trimmed(text.substr(0, at)), trimmed(text.substr(at + 1)));
}

Result<std::int64_t> number(const Properties& settings, const char* key, std::int64_t least, std::int64_t most) {
  const auto found = settings.find(key);
  const std::string_view text = found == settings.end() ? std::string_view() : found->second;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < least || value > most) {
    return fail(ErrorKind::kInvalid, std::string(key) + ": a number from " + std::to_string(least) + " to " +
                                         std::to_string(most) + ", not '" + std::string(text) + "'");
  }
  return value;
}

bool flag(const Properties& settings, const char* key) {
  const auto found = settings.find(key);
  return found != settings.end() && found->second == "true";
}

}  // namespace

Result<Properties> policy_overrides(std::string_view text, std::string_view group) {
  Properties result;
  RMQ_CHECK_OK(split(text, ';', [&](std::string_view part) -> Status {
    RMQ_TRY(const auto named, halves(part, ':'));
    return split(named.second, ',', [&](std::string_view setting) -> Status {
      RMQ_TRY(const auto pair, halves(setting, '='));
      if (std::find(kOfGroups.begin(), kOfGroups.end(), pair.first) == kOfGroups.end()) {
        return fail(ErrorKind::kInvalid, "groupPolicies: no setting of a group: " + std::string(pair.first));
      }
      if (named.first == group) result.insert_or_assign(std::string(pair.first), std::string(pair.second));
      return {};
    });
  }));
  return result;
}

Result<election::Policy> make_policy(const Properties& settings) {
  election::Policy policy;
  const auto found = settings.find("replicationMode");
  const std::string mode = found == settings.end() ? "" : found->second;
  RMQ_TRY(const auto replicas, number(settings, "replicas", 1, static_cast<std::int64_t>(election::kMaxReplicas)));
  if (mode == "asynchronous") {
    policy.mode = election::Mode::kAsync;
  } else if (mode == "synchronous") {
    policy.mode = election::Mode::kSync;
  } else if (mode == "quorum") {
    policy.mode = election::Mode::kQuorum;
    if (replicas < 3) return fail(ErrorKind::kInvalid, "replicationMode=quorum needs three replicas or more");
  } else {
    return fail(ErrorKind::kInvalid, "replicationMode: asynchronous, synchronous or quorum, not '" + mode + "'");
  }
  policy.expected_replicas = static_cast<std::int32_t>(replicas);
  policy.write_quorum = policy.expected_replicas / 2 + 1;
  policy.unclean_allowed = flag(settings, "enableElectUncleanMaster");
  policy.known_new = flag(settings, "electNewGroups");
  policy.async_flush = flag(settings, "asyncFlush");
  RMQ_TRY(policy.lease_ms, number(settings, "leaseMs", 500, 600'000));
  RMQ_TRY(policy.heartbeat_timeout_ms, number(settings, "heartbeatTimeoutMs", 500, 600'000));
  if (policy.heartbeat_timeout_ms < policy.lease_ms) {
    return fail(ErrorKind::kInvalid, "heartbeatTimeoutMs must not be below leaseMs");
  }
  return policy;
}

}  // namespace rmq::controller
