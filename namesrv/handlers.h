// The request handlers, one file a family. Codes and answers as DefaultRequestProcessor and ClientRequestProcessor of
// release 5.5.0.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "common/base/clock.h"
#include "common/remoting/remoting.h"
#include "namesrv/configuration.h"
#include "namesrv/kv_config.h"
#include "namesrv/route_registry.h"
#include "namesrv/work_queue.h"

namespace rmq::namesrv {

// Connections that brokers registered over, to close them when the broker expires. Thread-safe.
class BrokerChannels {
 public:
  void remember(const remoting::ConnectionPtr& connection) {
    std::lock_guard lock(mutex_);
    channels_[connection->id()] = connection;
  }
  void forget(std::uint64_t id) {
    std::lock_guard lock(mutex_);
    channels_.erase(id);
  }
  void close(std::uint64_t id) {
    remoting::ConnectionPtr connection;
    {
      std::lock_guard lock(mutex_);
      auto it = channels_.find(id);
      if (it != channels_.end()) connection = it->second.lock();
    }
    if (connection) connection->close();
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::weak_ptr<remoting::Connection>> channels_;
};

// What handlers work with; outlives them.
struct Services {
  const Clock& clock;
  Configuration& configuration;
  KvConfig& kv;
  RouteRegistry& routes;
  WorkQueue& work;
  BrokerChannels& channels;
  std::int64_t started_ms = 0;  // monotonic
  std::atomic<std::uint64_t> registrations{0};
  std::atomic<std::uint64_t> unchanged_registrations{0};

  // False while brokers are still given time to register (needWaitForService).
  bool serves_routes() const {
    return !configuration.wait_for_service() ||
           clock.monotonic_ms() - started_ms >= configuration.wait_seconds() * 1000;
  }
};

std::shared_ptr<remoting::Handler> make_route_handler(Services& services);         // 105
std::shared_ptr<remoting::Handler> make_registration_handler(Services& services);  // 103 104 322 904
std::shared_ptr<remoting::Handler> make_kv_handler(Services& services);            // 100 101 102 219
std::shared_ptr<remoting::Handler> make_topic_handler(Services& services);   // 205 206 216 217 224 304 311 312 313 327
std::shared_ptr<remoting::Handler> make_member_handler(Services& services);  // 106 901
std::shared_ptr<remoting::Handler> make_config_handler(Services& services);  // 318 319

// Answers with a body that was made for this one request.
void reply_with_body(const remoting::Request& request, std::string body);
// Answers SYSTEM_ERROR with the error's text.
void reply_error(const remoting::Request& request, const Error& error);

}  // namespace rmq::namesrv
