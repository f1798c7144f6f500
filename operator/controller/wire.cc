#include "operator/controller/wire.h"

#include <charconv>

#include "common/protocol/body/controller.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/controller.h"
#include "common/protocol/headers/namesrv.h"

namespace rmq::controller {
namespace {

using election::ReplicaId;
using protocol::Command;
using protocol::CommandView;
using protocol::RequestCode;

Result<ReplicaId> present(const std::optional<std::int64_t>& id, const char* what) {
  if (!id) return fail(ErrorKind::kInvalid, std::string("the custom field <") + what + "> is null");
  return *id;
}

ParsedRequest parsed(std::string_view cluster, std::string_view group, election::Request request) {
  return {std::string(cluster), std::string(group), std::move(request)};
}

Result<ParsedRequest> heartbeat(const CommandView& command) {
  RMQ_TRY(const auto header, protocol::decode_header<protocol::BrokerHeartbeatRequest>(command));
  election::HeartbeatRequest request;
  RMQ_TRY(request.id, present(header.broker_id, "brokerId"));
  request.address = header.broker_addr;
  request.epoch = header.epoch.value_or(0);
  request.end = header.max_offset.value_or(0);
  request.confirm = header.confirm_offset;
  request.timeout_ms = header.heartbeat_timeout_millis;
  if (header.election_priority) request.priority = *header.election_priority;
  request.ours = header.rmqk.value_or(0) != 0;
  request.promised_epoch = header.promised_epoch;
  return parsed(header.cluster_name, header.broker_name, std::move(request));
}

Result<ParsedRequest> alter(const CommandView& command) {
  RMQ_TRY(const auto header, protocol::decode_header<protocol::AlterSyncStateSetRequest>(command));
  RMQ_TRY(const auto body, protocol::parse_body<protocol::SyncStateSet>(command.body));
  election::AlterSyncSetRequest request;
  RMQ_TRY(request.master, present(header.master_broker_id, "masterBrokerId"));
  request.master_epoch = header.master_epoch.value_or(0);
  request.members = body.members;
  request.set_epoch = body.epoch;
  return parsed({}, header.broker_name, std::move(request));
}

Result<ParsedRequest> elect(const CommandView& command) {
  RMQ_TRY(const auto header, protocol::decode_header<protocol::ElectMasterRequest>(command));
  election::ElectMasterRequest request;
  request.id = header.broker_id;
  request.designate = header.designate_elect;
  request.resign = header.resign.value_or(false);
  request.resign_epoch = header.resign_epoch;
  return parsed(header.cluster_name, header.broker_name, request);
}

Result<ParsedRequest> register_broker(const CommandView& command) {
  RMQ_TRY(const auto header, protocol::decode_header<protocol::RegisterBrokerToControllerRequest>(command));
  election::RegisterRequest request;
  RMQ_TRY(request.id, present(header.broker_id, "brokerId"));
  request.address = header.broker_address;
  request.ours = header.rmqk.value_or(0) != 0;
  request.boot_id = header.boot_id;
  return parsed(header.cluster_name, header.broker_name, std::move(request));
}

Result<ParsedRequest> clean(const CommandView& command) {
  RMQ_TRY(const auto header, protocol::decode_header<protocol::CleanControllerBrokerDataRequest>(command));
  election::CleanRequest request;
  request.living_too = header.clean_living_broker;
  std::string_view ids = header.broker_controller_ids_to_clean;
  while (!ids.empty()) {
    const auto end = std::min(ids.find(';'), ids.size());
    ReplicaId id = 0;
    const auto [stop, error] = std::from_chars(ids.data(), ids.data() + end, id);
    if (error != std::errc{} || stop != ids.data() + end || request.ids.size() >= election::kMaxReplicas) {
      return fail(ErrorKind::kInvalid, "brokerControllerIdsToClean: ids with ; between");
    }
    request.ids.insert(id);
    ids.remove_prefix(std::min(end + 1, ids.size()));
  }
  return parsed(header.cluster_name, header.broker_name, std::move(request));
}

Result<ParsedRequest> apply_id(const CommandView& command) {
  RMQ_TRY(const auto header, protocol::decode_header<protocol::ApplyBrokerIdRequest>(command));
  election::ApplyIdRequest request;
  RMQ_TRY(request.id, present(header.applied_broker_id, "appliedBrokerId"));
  request.check_code = header.register_check_code;
  return parsed(header.cluster_name, header.broker_name, std::move(request));
}

void set_elected(Command& command, const election::Answer& answer) {
  protocol::ElectMasterResponse header;
  header.master_broker_id = answer.master;
  if (answer.master) header.master_address = answer.master_address;
  header.master_epoch = answer.master_epoch;
  header.sync_state_set_epoch = answer.set_epoch;
  protocol::set_header(command, header);
  // Quoted keys: the original's tools read the group's addresses with a parser that knows no bare numbers.
  if (answer.elected) command.body = protocol::to_body(*answer.elected, protocol::JsonStyle::kStandard);
}

void set_registered(Command& command, std::string_view cluster, std::string_view group,
                    const election::Answer& answer) {
  protocol::RegisterBrokerToControllerResponse header;
  header.cluster_name = cluster;
  header.broker_name = group;
  header.master_broker_id = answer.master;
  if (answer.master) header.master_address = answer.master_address;
  header.master_epoch = answer.master_epoch;
  header.sync_state_set_epoch = answer.set_epoch;
  header.lease_ms = answer.lease_ms;
  protocol::set_header(command, header);
}

void set_replica_info(Command& command, const election::Answer& answer) {
  protocol::GetReplicaInfoResponse header;
  header.master_broker_id = answer.master;
  if (answer.master) header.master_address = answer.master_address;
  header.master_epoch = answer.master_epoch;
  protocol::set_header(command, header);
}

}  // namespace

Result<ParsedRequest> parse_request(const CommandView& command) {
  switch (command.code) {
    case RequestCode::kBrokerHeartbeat: return heartbeat(command);
    case RequestCode::kControllerAlterSyncStateSet: return alter(command);
    case RequestCode::kControllerElectMaster: return elect(command);
    case RequestCode::kControllerRegisterBroker: return register_broker(command);
    case RequestCode::kControllerGetReplicaInfo: {
      RMQ_TRY(const auto header, protocol::decode_header<protocol::GetReplicaInfoRequest>(command));
      return parsed({}, header.broker_name, election::ReplicaInfoRequest{});
    }
    case RequestCode::kCleanBrokerData: return clean(command);
    case RequestCode::kControllerGetNextBrokerId: {
      RMQ_TRY(const auto header, protocol::decode_header<protocol::GetNextBrokerIdRequest>(command));
      return parsed(header.cluster_name, header.broker_name, election::NextIdRequest{});
    }
    case RequestCode::kControllerApplyBrokerId: return apply_id(command);
    default: return fail(ErrorKind::kUnsupported, "no request of a group: " + std::to_string(command.code));
  }
}

Command to_command(std::int32_t code, std::string_view cluster, std::string_view group,
                   const election::Answer& answer) {
  Command command;
  command.code = answer.code;
  command.flag = protocol::kFlagResponse;
  command.remark = answer.remark;
  switch (code) {
    case RequestCode::kBrokerHeartbeat:
      protocol::set_header(command, protocol::BrokerHeartbeatResponse{answer.lease_ms});
      break;
    case RequestCode::kControllerAlterSyncStateSet:
      if (answer.set_epoch) protocol::set_header(command, protocol::AlterSyncStateSetResponse{*answer.set_epoch});
      break;
    case RequestCode::kControllerElectMaster: set_elected(command, answer); break;
    case RequestCode::kControllerRegisterBroker: set_registered(command, cluster, group, answer); break;
    case RequestCode::kControllerGetReplicaInfo: set_replica_info(command, answer); break;
    case RequestCode::kControllerGetNextBrokerId:
      protocol::set_header(command, protocol::GetNextBrokerIdResponse{cluster, group, answer.next_id});
      break;
    case RequestCode::kControllerApplyBrokerId:
      protocol::set_header(command, protocol::ApplyBrokerIdResponse{cluster, group});
      break;
    default: break;
  }
  if (answer.sync_set) command.body = protocol::to_body(*answer.sync_set);
  return command;
}

}  // namespace rmq::controller
