#include "broker/send/send_rules.h"

#include <random>

namespace rmq::broker {
namespace {

constexpr std::int32_t kSendsMaxReconsumeTimes = 121;  // from 3.4.9 on

}  // namespace

std::int32_t random_queue(std::int32_t count) {
  thread_local std::minstd_rand generator(std::random_device{}());
  return count <= 0 ? 0 : static_cast<std::int32_t>(generator() % static_cast<std::uint32_t>(count));
}

std::int32_t max_reconsume_times(const protocol::SubscriptionGroupConfig& group, std::int32_t client_version,
                                 std::optional<std::int32_t> asked) {
  return client_version >= kSendsMaxReconsumeTimes && asked ? *asked : group.retry_max_times;
}

}  // namespace rmq::broker
