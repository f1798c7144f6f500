#include "broker/processor/replication_processor.h"

#include "broker/processor/answers.h"
#include "broker/replication/membership/calls.h"
#include "common/base/log.h"
#include "common/protocol/body/controller.h"
#include "common/protocol/body/ha_status.h"
#include "common/protocol/headers/controller.h"

namespace rmq::broker {

using protocol::RequestCode;
using protocol::ResponseCode;
using remoting::Request;

void ReplicationProcessor::handle(const Request& request) {
  switch (request.command.code) {
    case kExchangeHaInfo: return exchange_ha_info(request);
    case kGetHaStatus: return ha_status(request);
    case kResetMasterFlushOffset: return reply_success(request);  // how far the master flushed plays no part here
    case RequestCode::kGetBrokerEpochCache: return epoch_cache(request);
    case RequestCode::kNotifyBrokerRoleChanged: return role_changed(request);
    default: return remoting::reply(request, ResponseCode::kRequestCodeNotSupported);
  }
}

// Only a master says where its log can be had; what others try to set (the original's pre-online service) is not taken.
void ReplicationProcessor::exchange_ha_info(const Request& request) {
  auto response = protocol::response_to(request.command, ResponseCode::kSuccess);
  // Replicas connect before the mastership is complete: it may need them to be.
  const bool master = replication_.status().role == replication::Role::kMaster;
  if (master && request.command.ext("masterHaAddress").empty()) {
    response.set("masterHaAddress", config_.ha_address());
    response.set("masterFlushOffset", replication_.position().end);
    response.set("masterAddress", config_.broker_address());
  }
  remoting::reply(request, std::move(response));
}

void ReplicationProcessor::ha_status(const Request& request) {
  const auto status = replication_.status();
  protocol::HaStatus body;
  body.master = status.role == replication::Role::kMaster;
  if (body.master) {
    body.master_max_offset = status.end;
    for (const auto& slave : status.slaves) {
      protocol::HaConnectionInfo info;
      info.address = slave.address;
      info.slave_ack_offset = slave.acknowledged;
      info.diff = slave.lag_bytes;
      info.in_sync = slave.in_sync;
      info.transfer_from_where = slave.sent;
      info.transferred_bytes_per_second = slave.bytes_per_second;
      if (slave.in_sync) ++body.in_sync_slaves;
      body.connections.push_back(std::move(info));
    }
  } else {
    body.client.activated = status.connected;
    body.client.master_address = status.master_address;
    body.client.max_offset = status.end;
    body.client.last_read_timestamp = status.last_read_wall_ms;
    body.client.last_write_timestamp = status.last_write_wall_ms;
    body.client.transferred_bytes_per_second = status.bytes_per_second;
    body.client.master_flush_offset = status.master_end;
  }
  reply_body(request, body);
}

void ReplicationProcessor::epoch_cache(const Request& request) {
  if (!config_.enable_controller_mode) {
    return remoting::reply(request, ResponseCode::kSystemError, "this request only for controllerMode ");
  }
  auto header = header_or_answer<protocol::GetBrokerEpochCacheRequest>(request);
  if (!header) return;
  auto position = replication_.position();
  if (header->fence_epoch) {
    const auto promised = replication_.promise(*header->fence_epoch);
    if (!promised) {
      log::info("fence refused", {{"epoch", *header->fence_epoch}, {"error", promised.error()}});
      return reply_error(request, promised.error());
    }
    log::info("fenced", {{"below", *header->fence_epoch}, {"end", promised->end}});
    position = *promised;
    if (hooks_.fenced) hooks_.fenced(*header->fence_epoch);
  }
  protocol::EpochEntryCache body;
  body.cluster_name = config_.broker_cluster_name;
  body.broker_name = config_.broker_name;
  body.broker_id = config_.broker_id;
  body.max_offset = position.end;
  for (const auto& span : replication_.epochs()) body.epoch_list.push_back({span.end, span.epoch, span.start});
  auto response = protocol::response_to(request.command, ResponseCode::kSuccess);
  if (header->fence_epoch) protocol::set_header(response, protocol::GetBrokerEpochCacheResponse{.fenced = true});
  response.body = protocol::to_body(body);
  remoting::reply(request, std::move(response));
}

void ReplicationProcessor::role_changed(const Request& request) {
  if (config_.enable_controller_mode && hooks_.notified) {
    const auto view = replication::view_of_notification(request.command);
    if (!view) return reply_error(request, view.error());
    hooks_.notified(*view);
  }
  reply_success(request);
}

}  // namespace rmq::broker
