// The route table as threads share it: locks, cached answers, expiry.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/clock.h"
#include "namesrv/answer_cache.h"
#include "namesrv/route_table.h"

namespace rmq::namesrv {

// Thread-safe. A query whose answer is cached takes no lock that a registration holds for long; a cached answer is
// never older than the last completed change of its topic.
class RouteRegistry {
 public:
  static constexpr std::size_t kDefaultCacheBytes = 64 * 1024 * 1024;

  // `notify`: tell brokers that the least id of their group changed; called without locks held. May be empty.
  RouteRegistry(const Clock& clock, std::function<void(const MinIdChange&)> notify);

  void set_options(const RouteTable::Options& options);
  RouteTable::Options options() const;

  // Of a topic's order configuration, kept with the answers: forget them when it changes.
  void forget_answer(std::string_view topic);
  void forget_answers();

  // Null if no broker serves the topic. `order_conf` is asked when the answer has to be made, with locks held.
  using OrderConf = std::function<std::optional<std::string>(std::string_view topic)>;
  Answer route(std::string_view topic, JsonForm form, const OrderConf& order_conf);
  std::optional<std::string> route_in_zone(std::string_view topic, std::string_view zone, const OrderConf& order_conf);

  RegistrationOutcome register_broker(const Registration& registration);
  bool is_known_body(const BrokerIdentity& broker, std::uint64_t body_hash) const;
  // Nothing if is_known_body() has become untrue.
  std::optional<RegistrationOutcome> refresh_broker(const Registration& registration);
  void unregister_broker(const BrokerIdentity& broker);
  void channel_closed(std::uint64_t channel);
  // Removes brokers that were silent for too long; returns them.
  std::vector<RouteTable::Gone> expire();
  // When expire() is due, in the clock's monotonic milliseconds.
  std::optional<std::int64_t> next_expiry() const;
  void touch(std::string_view cluster, std::string_view address) const;
  std::optional<DataVersion> data_version(std::string_view cluster, std::string_view address) const;

  // Anything else, under the table's lock.
  template <class F>
  auto read(F&& use) const {
    std::shared_lock lock(mutex_);
    return use(table_);
  }
  template <class F>
  auto change(F&& use) {
    std::unique_lock lock(mutex_);
    return use(table_);
  }

  void set_cache_bytes(std::size_t max_bytes) { cache_.set_max_bytes(max_bytes); }
  std::size_t cache_bytes() const { return cache_.bytes(); }
  std::uint64_t cache_hits() const { return hits_.load(std::memory_order_relaxed); }
  std::uint64_t cache_misses() const { return misses_.load(std::memory_order_relaxed); }

 private:
  void notify(const std::vector<MinIdChange>& changes);

  const Clock& clock_;
  const std::function<void(const MinIdChange&)> notify_;
  mutable std::shared_mutex mutex_;  // before those of the cache
  RouteTable table_;
  AnswerCache cache_{kDefaultCacheBytes};
  std::atomic<std::uint64_t> hits_{0};
  std::atomic<std::uint64_t> misses_{0};
};

}  // namespace rmq::namesrv
