#include "broker/app/broker_server.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include "broker/app/announced_host.h"
#include "broker/app/arrival_fan_out.h"
#include "broker/app/broker_metrics.h"
#include "broker/app/replica.h"
#include "broker/app/server_settings.h"
#include "broker/app/store_settings.h"
#include "broker/app/ticker.h"
#include "broker/client/clients.h"
#include "broker/config/host.h"
#include "broker/config/live_config.h"
#include "broker/group/group_manager.h"
#include "broker/offset/consumer_offsets.h"
#include "broker/offset/delay_offsets.h"
#include "broker/processor/admin_routes.h"
#include "broker/processor/consumer_manage_processor.h"
#include "broker/processor/heartbeat_processor.h"
#include "broker/processor/lock_processor.h"
#include "broker/processor/query_processor.h"
#include "broker/processor/queue_offset_processor.h"
#include "broker/pull/pull_processor.h"
#include "broker/registration/name_servers.h"
#include "broker/schedule/schedule_service.h"
#include "broker/send/send_back_processor.h"
#include "broker/send/send_processor.h"
#include "broker/state/checkpointer.h"
#include "broker/store/message_store.h"
#include "broker/topic/topic_manager.h"
#include "common/base/log.h"
#include "common/http/admin_server.h"
#include "common/protocol/codes.h"
#include "common/remoting/client.h"
#include "common/remoting/server.h"

namespace rmq::broker {
namespace {

using protocol::RequestCode;
using remoting::Execution;

constexpr std::chrono::seconds kAnnouncedHostLimit{60};
constexpr std::chrono::seconds kAnnounceLimit{3};
constexpr std::chrono::seconds kStoreBusyLimit{30};
constexpr std::chrono::milliseconds kStoreBusyRetry{100};

// A store that is in use is waited for: a pod deleted by force is replaced while its processes still shut down, and to
// fail here would cost a growing back-off.
Result<std::unique_ptr<store::MessageStore>> open_store(const store::StoreOptions& options, const Clock& clock) {
  const auto end = std::chrono::steady_clock::now() + kStoreBusyLimit;
  for (bool told = false;; told = true) {
    auto opened = store::MessageStore::open(options, clock);
    const bool busy = !opened && opened.error().kind == ErrorKind::kConflict;
    if (!busy || std::chrono::steady_clock::now() >= end) return opened;
    if (!told) log::warn("waiting for the store", {{"error", opened.error()}, {"seconds", kStoreBusyLimit.count()}});
    std::this_thread::sleep_for(kStoreBusyRetry);
  }
}

}  // namespace

namespace {

StateJournalOptions journal_options(const std::string& store_host) {
  StateJournalOptions options;
  options.store_host = store_host;
  return options;
}

}  // namespace

// Members are destroyed in the reverse order: what uses others stands below them.
struct BrokerServer::Parts {
  Parts(BrokerConfig& config, const Clock& clock, std::string host_bytes, const MemoryBudget& memory,
        std::unique_ptr<store::MessageStore> opened)
      : store(std::move(opened)),
        store_host(std::move(host_bytes)),
        live_config(config, clock),
        topics(config, checkpointer, clock),
        groups(config, checkpointer, clock),
        offsets(config, checkpointer, clock),
        delay_offsets(config, checkpointer, clock),
        clients(config, clock),
        pool(static_cast<std::size_t>(config.io_threads)),
        workers("cold-read", static_cast<std::size_t>(config.worker_threads), kMaxColdReads),
        client(pool, client_options_of(config)),
        name_servers(
            config, client, [this, &config] { return registration_body(topics, config); },
            [this](const std::string& master, const std::string& ha) { replica.on_master_seen(master, ha); }),
        schedule(*store, delay_offsets, clock),
        journal(*store, checkpointer, journal_options(store_host)),
        replica(
            {config, clock, *store, journal, schedule, name_servers, client, {topics, groups, offsets, delay_offsets}}),
        send(std::make_shared<SendProcessor>(config, store_host, *store, topics, groups, clients.locks(), clock,
                                             pool.size())),
        send_back(std::make_shared<SendBackProcessor>(config, store_host, *store, topics, groups)),
        pull(std::make_shared<PullProcessor>(config, *store, topics, groups, clients, offsets, workers, clock)),
        arrivals(pull->hold(), schedule, journal),
        server(pool, server_options_of(config, memory)),
        admin(config.bind_address, static_cast<std::uint16_t>(config.admin_port)),
        housekeeping(kHousekeepingPeriod,
                     [this] {
                       clients.housekeeping();
                       clients.locks().forget_expired();
                     }),
        sampling(kSamplingPeriod, [this] { runtime_info->sample(); }) {}

  static constexpr std::chrono::milliseconds kHousekeepingPeriod{10'000};
  static constexpr std::chrono::milliseconds kSamplingPeriod{1'000};
  static constexpr std::size_t kMaxColdReads = 10'000;

  std::unique_ptr<store::MessageStore> store;
  const std::string store_host;
  LiveConfig live_config;
  Checkpointer checkpointer;
  TopicManager topics;
  GroupManager groups;
  ConsumerOffsets offsets;
  DelayOffsets delay_offsets;
  Clients clients;
  remoting::IoPool pool;
  remoting::WorkerPool workers;
  remoting::Client client;
  NameServers name_servers;
  ScheduleService schedule;
  StateJournal journal;
  Replica replica;
  std::shared_ptr<SendProcessor> send;
  std::shared_ptr<SendBackProcessor> send_back;
  std::shared_ptr<PullProcessor> pull;
  ArrivalFanOut arrivals;
  remoting::Server server;
  http::AdminServer admin;
  std::shared_ptr<RuntimeInfoProcessor> runtime_info;
  Ticker housekeeping;
  Ticker sampling;

  Status load() {
    RMQ_CHECK_OK(live_config.load());
    RMQ_CHECK_OK(topics.load());
    RMQ_CHECK_OK(groups.load());
    RMQ_CHECK_OK(offsets.load());
    return delay_offsets.load();
  }

  // From here on changes go through the journal. Only where a Controller decides who is master: with fixed roles
  // everything is as the original's brokers expect it of each other (files, codes 21, 201, 43 and 45).
  Status start_journal() {
    for (auto* table : {&topics.journaled(), &groups.journaled(), &offsets.journaled(), &delay_offsets.journaled()}) {
      journal.register_table(*table);
    }
    return journal.start();
  }

  void route(const BrokerConfig& config, const Clock& clock) {
    runtime_info = route_administration(server, {config, live_config, topics, groups, offsets, delay_offsets, clients,
                                                 *store, clock, [this] { name_servers.register_soon(); },
                                                 [this, &config] {
                                                   if (!config.namesrv_addr.empty())
                                                     name_servers.register_now(kAnnounceLimit);
                                                 }});
    for (auto code : {RequestCode::kSendMessage, RequestCode::kSendMessageV2, RequestCode::kSendBatchMessage}) {
      server.route(code, send);
    }
    server.route(RequestCode::kConsumerSendMsgBack, send_back, Execution::kWorker);
    for (auto code : {RequestCode::kPullMessage, RequestCode::kLitePullMessage}) server.route(code, pull);

    const auto consumers = std::make_shared<ConsumerManageProcessor>(topics, groups, clients, offsets, *store);
    for (auto code : {RequestCode::kGetConsumerListByGroup, RequestCode::kQueryConsumerOffset,
                      RequestCode::kUpdateConsumerOffset}) {
      server.route(code, consumers);
    }
    const auto locks = std::make_shared<LockProcessor>(clients.locks());
    for (auto code : {RequestCode::kLockBatchMq, RequestCode::kUnlockBatchMq}) server.route(code, locks);
    const auto queue_offsets = std::make_shared<QueueOffsetProcessor>(*store);
    for (auto code : {RequestCode::kGetMaxOffset, RequestCode::kGetMinOffset}) server.route(code, queue_offsets);
    for (auto code : {RequestCode::kSearchOffsetByTimestamp, RequestCode::kGetEarliestMsgStoreTime}) {
      server.route(code, queue_offsets, Execution::kWorker);
    }
    const auto heartbeats = std::make_shared<HeartbeatProcessor>(config, topics, groups, clients);
    for (auto code : {RequestCode::kHeartBeat, RequestCode::kUnregisterClient, RequestCode::kCheckClientConfig}) {
      server.route(code, heartbeats, Execution::kWorker);
    }
    const auto queries = std::make_shared<QueryProcessor>(config, *store);
    for (auto code : {RequestCode::kQueryMessage, RequestCode::kViewMessageById}) {
      server.route(code, queries, Execution::kWorker);
    }
  }

  void add_checks(const BrokerConfig& config) {
    admin.add_liveness("store", [this]() -> Status {
      if (store->write_state() != store::WriteState::kBroken) return {};
      return fail(ErrorKind::kIo, "the disk failed; a restart recovers what it holds");
    });
    admin.add_readiness("store", [this]() -> Status {
      const auto state = store->write_state();
      if (state == store::WriteState::kOpen || state == store::WriteState::kReplica) return {};
      return fail(ErrorKind::kUnavailable, std::string(to_string(state)));
    });
    if (!config.namesrv_addr.empty()) {
      admin.add_readiness("registration", [this]() -> Status {
        if (name_servers.registered() > 0) return {};
        return fail(ErrorKind::kUnavailable, "no name server took the registration yet");
      });
    }
    admin.add_readiness("state", [this] { return checkpointer.health(); });
    replica.add_checks(admin);
    add_broker_metrics(admin.metrics(), server, *store, pull->hold(), name_servers);
  }
};

BrokerServer::BrokerServer(BrokerConfig& config, const Clock& clock) : config_(config), clock_(clock) {}
BrokerServer::~BrokerServer() {
  (void)stop();
}

Status BrokerServer::start() {
  const auto memory =
      memory_budget(config_.memory_limit > 0 ? static_cast<std::uint64_t>(config_.memory_limit.get()) : memory_limit());
  RMQ_TRY(auto options, store_options_of(config_, memory.resident_message_bytes));
  RMQ_TRY(auto host,
          announced_host(config_.broker_ip1, static_cast<std::uint16_t>(config_.listen_port), kAnnouncedHostLimit));
  auto opened = open_store(options, clock_);
  if (!opened) return fail(std::move(opened).error().with("store " + std::string(config_.store_path_root_dir)));
  parts_ = std::make_unique<Parts>(config_, clock_, std::move(host), memory, std::move(*opened));
  auto& p = *parts_;
  RMQ_CHECK_OK(p.load());
  p.checkpointer.start();
  p.topics.on_change([&p](const TopicManager::Change&) { p.name_servers.register_soon(); });
  p.store->set_arrival_listener(&p.arrivals);
  if (config_.enable_controller_mode) RMQ_CHECK_OK(p.start_journal());
  p.route(config_, clock_);
  p.replica.route(p.server);
  p.add_checks(config_);
  p.housekeeping.start();
  p.sampling.start();
  RMQ_CHECK_OK(p.server.start());
  if (config_.admin_port > 0) RMQ_CHECK_OK(p.admin.start());
  RMQ_CHECK_OK(p.replica.start());
  if (!config_.namesrv_addr.empty()) p.name_servers.start();
  return {};
}

Status BrokerServer::stop() {
  if (!parts_) return {};
  auto& p = *parts_;
  p.replica.hand_over();
  p.server.drain();
  p.name_servers.stop();
  p.pull->hold().stop();
  p.replica.stop();
  auto flushed = p.store->flush();  // lets the answers go that wait for the disk
  p.server.stop();
  p.workers.stop();
  p.housekeeping.stop();
  p.sampling.stop();
  p.client.close();
  p.admin.stop();
  auto saved = p.checkpointer.stop();
  p.store->set_arrival_listener(nullptr);
  auto closed = p.store->close();
  p.pool.stop();
  parts_.reset();
  RMQ_CHECK_OK(flushed);
  RMQ_CHECK_OK(saved);
  return closed;
}

std::uint16_t BrokerServer::port() const {
  return parts_->server.port();
}
std::uint16_t BrokerServer::admin_port() const {
  return parts_->admin.port();
}

}  // namespace rmq::broker
