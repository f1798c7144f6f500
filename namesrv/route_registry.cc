#include "namesrv/route_registry.h"

namespace rmq::namesrv {

RouteRegistry::RouteRegistry(const Clock& clock, std::function<void(const MinIdChange&)> notify)
    : clock_(clock), notify_(std::move(notify)) {
  table_.on_topic_changed = [this](std::string_view topic) { cache_.erase(topic); };
}

void RouteRegistry::set_options(const RouteTable::Options& options) {
  std::unique_lock lock(mutex_);
  table_.options = options;
  cache_.clear();
}

RouteTable::Options RouteRegistry::options() const {
  std::shared_lock lock(mutex_);
  return table_.options;
}

// Under the table's lock: a query that read the old order configuration has put its answer into the cache by then.
void RouteRegistry::forget_answer(std::string_view topic) {
  std::unique_lock lock(mutex_);
  cache_.erase(topic);
}
void RouteRegistry::forget_answers() {
  std::unique_lock lock(mutex_);
  cache_.clear();
}

Answer RouteRegistry::route(std::string_view topic, JsonForm form, const OrderConf& order_conf) {
  if (auto answer = cache_.find(topic, form)) {
    hits_.fetch_add(1, std::memory_order_relaxed);
    return answer;
  }
  misses_.fetch_add(1, std::memory_order_relaxed);
  // Held until the answer is in the cache: a change comes before all of this, or after and erases it.
  std::shared_lock lock(mutex_);
  auto order = order_conf ? order_conf(topic) : std::nullopt;
  auto body = table_.route({topic, form, order, std::nullopt});
  if (!body) return nullptr;
  auto answer = std::make_shared<const std::string>(*std::move(body));
  cache_.put(topic, form, answer);
  return answer;
}

std::optional<std::string> RouteRegistry::route_in_zone(std::string_view topic, std::string_view zone,
                                                        const OrderConf& order_conf) {
  std::shared_lock lock(mutex_);
  auto order = order_conf ? order_conf(topic) : std::nullopt;
  return table_.route({topic, JsonForm::kFastjson, order, zone});
}

RegistrationOutcome RouteRegistry::register_broker(const Registration& registration) {
  std::unique_lock lock(mutex_);
  auto outcome = table_.register_broker(registration, clock_.monotonic_ms());
  lock.unlock();
  if (outcome.min_id_change && notify_) notify_(*outcome.min_id_change);
  return outcome;
}

bool RouteRegistry::is_known_body(const BrokerIdentity& broker, std::uint64_t body_hash) const {
  std::shared_lock lock(mutex_);
  return table_.is_known_body(broker, body_hash);
}

std::optional<RegistrationOutcome> RouteRegistry::refresh_broker(const Registration& registration) {
  std::unique_lock lock(mutex_);
  if (!table_.is_known_body(registration.broker, registration.body_hash)) return std::nullopt;
  return table_.refresh_broker(registration, clock_.monotonic_ms());
}

void RouteRegistry::unregister_broker(const BrokerIdentity& broker) {
  std::unique_lock lock(mutex_);
  auto changes = table_.unregister_brokers({broker});
  lock.unlock();
  notify(changes);
}

void RouteRegistry::channel_closed(std::uint64_t channel) {
  {
    std::shared_lock lock(mutex_);
    if (table_.brokers_of_channel(channel).empty()) return;  // most connections are clients
  }
  std::unique_lock lock(mutex_);
  std::vector<BrokerIdentity> brokers;
  const auto gone = table_.brokers_of_channel(channel);
  brokers.reserve(gone.size());
  for (const auto& broker : gone) brokers.push_back(broker.identity());
  auto changes = table_.unregister_brokers(brokers);
  lock.unlock();
  notify(changes);
}

std::vector<RouteTable::Gone> RouteRegistry::expire() {
  std::unique_lock lock(mutex_);
  auto gone = table_.expired(clock_.monotonic_ms());
  std::vector<BrokerIdentity> brokers;
  brokers.reserve(gone.size());
  for (const auto& broker : gone) brokers.push_back(broker.identity());
  auto changes = table_.unregister_brokers(brokers);
  lock.unlock();
  notify(changes);
  return gone;
}

std::optional<std::int64_t> RouteRegistry::next_expiry() const {
  std::shared_lock lock(mutex_);
  return table_.next_deadline();
}

void RouteRegistry::touch(std::string_view cluster, std::string_view address) const {
  std::shared_lock lock(mutex_);
  table_.touch(cluster, address, clock_.monotonic_ms());
}

std::optional<DataVersion> RouteRegistry::data_version(std::string_view cluster, std::string_view address) const {
  std::shared_lock lock(mutex_);
  return table_.data_version(cluster, address);
}

void RouteRegistry::notify(const std::vector<MinIdChange>& changes) {
  if (!notify_) return;
  for (const auto& change : changes) notify_(change);
}

}  // namespace rmq::namesrv
