#include "namesrv/server.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "common/base/log.h"
#include "common/http/admin_server.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/namesrv.h"
#include "common/remoting/client.h"
#include "common/remoting/server.h"
#include "namesrv/handlers.h"

namespace rmq::namesrv {
namespace {

using protocol::RequestCode;
using remoting::Execution;

constexpr std::size_t kMaxWaitingRegistrationBytes = 128 * 1024 * 1024;
constexpr std::size_t kMaxReceiveBytes = 256 * 1024 * 1024;
constexpr std::size_t kMaxWaitingAdminRequests = 1000;

std::size_t io_threads(const Configuration& configuration) {
  auto wanted = configuration.number("serverSelectorThreads");
  if (wanted > 0) return static_cast<std::size_t>(wanted);
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 16);
}

remoting::ServerOptions server_options(const Configuration& configuration, remoting::TlsOptions tls) {
  remoting::ServerOptions options;
  options.bind_host = configuration.text("bindAddress");
  options.port = static_cast<std::uint16_t>(configuration.number("listenPort"));
  options.max_receive_bytes = kMaxReceiveBytes;
  options.idle_timeout = std::chrono::seconds(configuration.number("serverChannelMaxIdleTimeSeconds"));
  options.worker_threads = 1;  // changes of the key-value file and long lists: one after the other
  options.max_worker_queue = kMaxWaitingAdminRequests;
  options.tls = std::move(tls);
  return options;
}

}  // namespace

struct NameServer::Impl {
  Impl(Configuration& the_configuration, const Clock& the_clock) : configuration(the_configuration), clock(the_clock) {}

  Configuration& configuration;
  const Clock& clock;
  KvConfig kv{configuration.text("kvConfigPath")};
  WorkQueue work{kMaxWaitingRegistrationBytes};
  BrokerChannels channels;
  RouteRegistry routes{clock, [this](const MinIdChange& change) { tell_brokers(change); }};
  Services services{clock, configuration, kv, routes, work, channels};
  std::unique_ptr<remoting::IoPool> pool;
  std::unique_ptr<remoting::Server> server;
  std::unique_ptr<remoting::Client> client;
  std::unique_ptr<http::AdminServer> admin;
  std::atomic<bool> ready{false};

  Status start();
  void stop();
  void route_requests();
  void expire();
  void tell_brokers(const MinIdChange& change);
  Status start_admin();
  void add_metrics(http::Metrics& metrics);
};

void NameServer::Impl::route_requests() {
  auto routes_to = [&](const std::shared_ptr<remoting::Handler>& handler, Execution execution,
                       std::initializer_list<std::int32_t> codes) {
    for (auto code : codes) server->route(code, handler, execution);
  };
  routes_to(make_route_handler(services), Execution::kInline, {RequestCode::kGetRouteInfoByTopic});
  routes_to(make_registration_handler(services), Execution::kInline,
            {RequestCode::kRegisterBroker, RequestCode::kUnregisterBroker, RequestCode::kQueryDataVersion,
             RequestCode::kBrokerHeartbeat});
  auto kv_handler = make_kv_handler(services);
  routes_to(kv_handler, Execution::kInline, {RequestCode::kGetKvConfig, RequestCode::kGetKvListByNamespace});
  routes_to(kv_handler, Execution::kWorker, {RequestCode::kPutKvConfig, RequestCode::kDeleteKvConfig});
  routes_to(
      make_topic_handler(services), Execution::kWorker,
      {RequestCode::kWipeWritePermOfBroker, RequestCode::kAddWritePermOfBroker, RequestCode::kDeleteTopicInNamesrv,
       RequestCode::kRegisterTopicInNamesrv, RequestCode::kGetAllTopicListFromNameserver,
       RequestCode::kGetSystemTopicListFromNs, RequestCode::kGetUnitTopicList, RequestCode::kGetHasUnitSubTopicList,
       RequestCode::kGetHasUnitSubUnunitTopicList, RequestCode::kGetTopicsByCluster});
  auto member_handler = make_member_handler(services);
  routes_to(member_handler, Execution::kWorker, {RequestCode::kGetBrokerClusterInfo});
  routes_to(member_handler, Execution::kInline, {RequestCode::kGetBrokerMemberGroup});
  routes_to(make_config_handler(services), Execution::kWorker,
            {RequestCode::kUpdateNamesrvConfig, RequestCode::kGetNamesrvConfig});

  server->on_connect([this](const remoting::ConnectionPtr& connection) {
    connection->on_close([this, id = connection->id()] {
      channels.forget(id);
      auto remove = [this, id] { routes.channel_closed(id); };
      if (!work.post(0, remove)) remove();
    });
  });
}

Status NameServer::Impl::start() {
  RMQ_CHECK_OK(kv.load());
  RMQ_TRY(auto tls, configuration.tls());
  routes.set_options(configuration.route_options());
  routes.set_cache_bytes(static_cast<std::size_t>(configuration.number("routeCacheBytes")));
  pool = std::make_unique<remoting::IoPool>(io_threads(configuration));
  client = std::make_unique<remoting::Client>(*pool);
  server = std::make_unique<remoting::Server>(*pool, server_options(configuration, std::move(tls)));
  services.started_ms = clock.monotonic_ms();
  route_requests();
  work.start(
      [this]() -> std::optional<std::int64_t> {
        auto next = routes.next_expiry();
        return next ? std::optional(*next - clock.monotonic_ms()) : std::nullopt;
      },
      [this] { expire(); });
  auto status = start_admin();
  if (status) status = server->start();
  if (!status) {
    stop();
    return status;
  }
  ready = true;
  return {};
}

void NameServer::Impl::stop() {
  ready = false;
  if (server) server->stop();
  work.stop();
  if (client) client->close();
  if (admin) admin->stop();
  client.reset();
  server.reset();
  if (pool) pool->stop();
}

void NameServer::Impl::expire() {
  for (const auto& gone : routes.expire()) {
    log::warn("broker expired",
              {{"cluster", gone.cluster}, {"broker", gone.name}, {"id", gone.id}, {"address", gone.address}});
    channels.close(gone.channel);
  }
}

void NameServer::Impl::tell_brokers(const MinIdChange& change) {
  if (!configuration.notify_min_id()) return;
  protocol::Command request;
  request.code = RequestCode::kNotifyMinBrokerIdChange;
  protocol::NotifyMinBrokerIdChangeRequest header;
  header.min_broker_id = change.min_id;
  header.broker_name = change.broker_name;
  header.min_broker_addr = change.min_address;
  if (change.offline_address) header.offline_broker_addr = *change.offline_address;
  if (change.ha_address) header.ha_broker_addr = *change.ha_address;
  protocol::set_header(request, header);
  log::info("least broker id changed", {{"broker", change.broker_name},
                                        {"id", change.min_id},
                                        {"address", change.min_address},
                                        {"told", change.recipients.size()}});
  for (const auto& address : change.recipients) client->oneway(address, request);
}

Status NameServer::Impl::start_admin() {
  auto port = static_cast<std::uint16_t>(configuration.number("adminPort"));
  if (port == 0) return {};
  admin = std::make_unique<http::AdminServer>(configuration.text("adminBindAddress"), port);
  // Waits for ever if the table's lock is never given back: the probe then times out.
  admin->add_liveness("routes", [this] {
    routes.read([](const RouteTable&) {});
    return Status{};
  });
  admin->add_readiness("server", [this]() -> Status {
    if (!ready) return fail(ErrorKind::kUnavailable, "not started, or stopping");
    if (!services.serves_routes()) return fail(ErrorKind::kUnavailable, "waiting for brokers to register");
    return {};
  });
  add_metrics(admin->metrics());
  return admin->start();
}

void NameServer::Impl::add_metrics(http::Metrics& metrics) {
  auto number = [](auto value) { return static_cast<double>(value); };
  auto count = [&](const char* name, const char* help, std::size_t RouteTable::Counts::*field) {
    metrics.gauge(name, help, [this, field] {
      return static_cast<double>(routes.read([](const RouteTable& table) { return table.counts(); }).*field);
    });
  };
  metrics.add_process_metrics();
  count("rocketmq_namesrv_topics", "Topics with at least one broker.", &RouteTable::Counts::topics);
  count("rocketmq_namesrv_queue_entries", "Pairs of a topic and a broker group that serves it.",
        &RouteTable::Counts::queue_entries);
  count("rocketmq_namesrv_broker_groups", "Broker names known.", &RouteTable::Counts::groups);
  count("rocketmq_namesrv_live_brokers", "Brokers that registered and did not expire.",
        &RouteTable::Counts::live_brokers);
  count("rocketmq_namesrv_clusters", "Clusters known.", &RouteTable::Counts::clusters);
  metrics.counter("rocketmq_namesrv_registrations_total", "Registrations merged.",
                  [this, number] { return number(services.registrations.load()); });
  metrics.counter("rocketmq_namesrv_unchanged_registrations_total", "Of these, with nothing new in them.",
                  [this, number] { return number(services.unchanged_registrations.load()); });
  metrics.gauge("rocketmq_namesrv_waiting_registrations", "Registrations and removals that wait for their turn.",
                [this, number] { return number(work.waiting()); });
  metrics.counter("rocketmq_namesrv_route_cache_hits_total", "Route queries answered with bytes made before.",
                  [this, number] { return number(routes.cache_hits()); });
  metrics.counter("rocketmq_namesrv_route_cache_misses_total", "Route queries whose answer had to be looked up.",
                  [this, number] { return number(routes.cache_misses()); });
  metrics.gauge("rocketmq_namesrv_route_cache_bytes", "Route answers kept as bytes.",
                [this, number] { return number(routes.cache_bytes()); });
  metrics.gauge("rocketmq_namesrv_kv_keys", "Keys of the key-value configuration.",
                [this, number] { return number(kv.keys()); });
  auto of_server = [&](const char* name, const char* help, std::uint64_t remoting::ServerStats::*field, bool gauge) {
    auto read = [this, field] { return static_cast<double>(server->stats().*field); };
    gauge ? metrics.gauge(name, help, read) : metrics.counter(name, help, read);
  };
  using Stats = remoting::ServerStats;
  of_server("rocketmq_namesrv_connections", "Open connections.", &Stats::connections, true);
  of_server("rocketmq_namesrv_connections_accepted_total", "Connections accepted.", &Stats::accepted_total, false);
  of_server("rocketmq_namesrv_connections_refused_total", "Connections refused over a limit.", &Stats::refused_total,
            false);
  of_server("rocketmq_namesrv_protocol_errors_total", "Connections closed over bytes that are no frame.",
            &Stats::protocol_errors_total, false);
  of_server("rocketmq_namesrv_requests_total", "Requests received.", &Stats::requests_total, false);
  of_server("rocketmq_namesrv_received_bytes_total", "Bytes received.", &Stats::received_bytes_total, false);
  of_server("rocketmq_namesrv_sent_bytes_total", "Bytes sent.", &Stats::sent_bytes_total, false);
}

NameServer::NameServer(Configuration& configuration, const Clock& clock)
    : impl_(std::make_unique<Impl>(configuration, clock)) {}
NameServer::~NameServer() {
  stop();
}
Status NameServer::start() {
  return impl_->start();
}
void NameServer::stop() {
  impl_->stop();
}
std::uint16_t NameServer::port() const {
  return impl_->server ? impl_->server->port() : 0;
}
std::uint16_t NameServer::admin_port() const {
  return impl_->admin ? impl_->admin->port() : 0;
}

}  // namespace rmq::namesrv
