#include "broker/app/broker_metrics.h"

namespace rmq::broker {
namespace {

double number(const store::StoreStats::Counter& counter) {
  return static_cast<double>(counter.load(std::memory_order_relaxed));
}

void add_store(http::Metrics& m, const store::MessageStore& store) {
  const auto& stats = store.stats();
  m.counter("rocketmq_store_messages_appended_total", "Messages written to the commit log.",
            [&] { return number(stats.messages_appended); });
  m.counter("rocketmq_store_appended_bytes_total", "Bytes of messages written to the commit log.",
            [&] { return number(stats.bytes_appended); });
  m.counter("rocketmq_store_append_batches_total", "Batches of messages written to the commit log.",
            [&] { return number(stats.batches_appended); });
  m.counter("rocketmq_store_writes_total", "System calls that wrote to the commit log.",
            [&] { return number(stats.writes); });
  m.counter("rocketmq_store_appends_refused_total", "Batches refused: busy, disk full or closed.",
            [&] { return number(stats.appends_refused); });
  m.counter("rocketmq_store_flushes_total", "Syncs of the commit log to the disk.",
            [&] { return number(stats.flushes); });
  m.counter("rocketmq_store_messages_read_total", "Messages read by pulls.",
            [&] { return number(stats.messages_read); });
  m.gauge("rocketmq_storage_flush_behind_bytes", "Bytes of the commit log that are not on the disk yet.",
          [&] { return number(stats.flush_behind_bytes); });
  m.gauge("rocketmq_storage_dispatch_behind_bytes", "Bytes of the commit log that consumers cannot see yet.",
          [&] { return number(stats.dispatch_behind_bytes); });
  m.gauge("rocketmq_store_disk_used_ratio", "Used part of the commit log's volume, 0 to 1.",
          [&] { return stats.disk_used_ratio.load(std::memory_order_relaxed); });
  m.gauge("rocketmq_store_commit_log_max_offset_bytes", "End of the commit log.",
          [&] { return static_cast<double>(store.log().max_offset()); });
  m.gauge("rocketmq_store_commit_log_min_offset_bytes", "Start of the oldest file of the commit log.",
          [&] { return static_cast<double>(store.log().min_offset()); });
}

void add_connections(http::Metrics& m, const remoting::Server& server) {
  auto stat = [&server](std::uint64_t remoting::ServerStats::*field) {
    return [&server, field] { return static_cast<double>(server.stats().*field); };
  };
  using Stats = remoting::ServerStats;
  m.gauge("rocketmq_remoting_connections", "Open connections.", stat(&Stats::connections));
  m.counter("rocketmq_remoting_accepted_total", "Connections accepted.", stat(&Stats::accepted_total));
  m.counter("rocketmq_remoting_refused_total", "Connections refused or closed over a limit.",
            stat(&Stats::refused_total));
  m.counter("rocketmq_remoting_protocol_errors_total", "Connections closed for breaking the protocol.",
            stat(&Stats::protocol_errors_total));
  m.counter("rocketmq_remoting_requests_total", "Requests received.", stat(&Stats::requests_total));
  m.counter("rocketmq_remoting_received_bytes_total", "Bytes received.", stat(&Stats::received_bytes_total));
  m.counter("rocketmq_remoting_sent_bytes_total", "Bytes sent.", stat(&Stats::sent_bytes_total));
}

}  // namespace

void add_broker_metrics(http::Metrics& metrics, const remoting::Server& server, const store::MessageStore& store,
                        const PullHold& hold, const NameServers& name_servers) {
  metrics.add_process_metrics();
  add_connections(metrics, server);
  add_store(metrics, store);
  metrics.gauge("rocketmq_pulls_held", "Pulls that wait for a message.",
                [&] { return static_cast<double>(hold.held()); });
  metrics.gauge("rocketmq_name_servers_registered", "Name servers that took the last registration.",
                [&] { return static_cast<double>(name_servers.registered()); });
}

}  // namespace rmq::broker
