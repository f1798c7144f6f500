#include "broker/replication/membership/calls.h"

#include "common/protocol/body/controller.h"
#include "common/protocol/body/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/controller.h"
#include "common/protocol/headers/namesrv.h"

namespace rmq::replication {
namespace {

using protocol::Command;
using protocol::RequestCode;
using protocol::ResponseCode;

template <class Header>
Command command(std::int32_t code, const Header& header) {
  Command request;
  request.code = code;
  protocol::set_header(request, header);
  return request;
}

// Headers of answers that name a master have the same fields, in 1003's and 1004's case without the set's epoch.
template <class Header>
GroupView master_of(const Header& header) {
  GroupView view;
  if (header.master_broker_id && *header.master_broker_id > 0 && !header.master_address.empty()) {
    view.master = header.master_broker_id;
    view.master_address = header.master_address;
  }
  view.master_epoch = header.master_epoch.value_or(0);
  return view;
}

Status add_set(GroupView& view, std::string_view body) {
  if (body.empty()) return {};
  RMQ_TRY(auto set, protocol::parse_body<protocol::SyncStateSet>(body));
  view.sync_set = std::move(set.members);
  view.set_epoch = set.epoch;
  return {};
}

Result<GroupView> registered_view(const Command& answer) {
  const auto command = answer.view();
  RMQ_TRY(const auto header, protocol::decode_header<protocol::RegisterBrokerToControllerResponse>(command));
  auto view = master_of(header);
  RMQ_CHECK_OK(add_set(view, answer.body));
  return view;
}

Result<GroupView> elected_view(const Command& answer) {
  const auto command = answer.view();
  RMQ_TRY(const auto header, protocol::decode_header<protocol::ElectMasterResponse>(command));
  auto view = master_of(header);
  if (!answer.body.empty()) {
    RMQ_TRY(auto body, protocol::parse_body<protocol::ElectMasterBody>(answer.body));
    view.sync_set = std::move(body.sync_state_set);
  }
  view.set_epoch = header.sync_state_set_epoch.value_or(0);
  return view;
}

Result<GroupView> replica_info_view(const Command& answer) {
  const auto command = answer.view();
  RMQ_TRY(const auto header, protocol::decode_header<protocol::GetReplicaInfoResponse>(command));
  auto view = master_of(header);
  RMQ_CHECK_OK(add_set(view, answer.body));
  return view;
}

Status read_into(Step step, const Command& answer, StepResult& result) {
  switch (step) {
    case Step::kNextId: {
      const auto command = answer.view();
      RMQ_TRY(const auto header, protocol::decode_header<protocol::GetNextBrokerIdResponse>(command));
      if (header.next_broker_id.value_or(0) <= 0) return fail(ErrorKind::kInvalid, "no id in the answer");
      result.next_id = *header.next_broker_id;
      return {};
    }
    case Step::kRegister: {
      RMQ_TRY(result.view, registered_view(answer));
      return {};
    }
    case Step::kElect: {
      RMQ_TRY(result.view, elected_view(answer));
      return {};
    }
    case Step::kReplicaInfo: {
      RMQ_TRY(result.view, replica_info_view(answer));
      return {};
    }
    default: return {};
  }
}

}  // namespace

Command step_request(Step step, const BrokerFacts& facts, const BrokerIdentity& identity, std::int64_t wall_ms) {
  switch (step) {
    case Step::kNextId: {
      protocol::GetNextBrokerIdRequest header;
      header.cluster_name = facts.cluster;
      header.broker_name = facts.name;
      return command(RequestCode::kControllerGetNextBrokerId, header);
    }
    case Step::kApplyId: {
      protocol::ApplyBrokerIdRequest header;
      header.cluster_name = facts.cluster;
      header.broker_name = facts.name;
      header.applied_broker_id = identity.id;
      header.register_check_code = identity.check_code;
      return command(RequestCode::kControllerApplyBrokerId, header);
    }
    case Step::kRegister: {
      protocol::RegisterBrokerToControllerRequest header;
      header.cluster_name = facts.cluster;
      header.broker_name = facts.name;
      header.broker_id = identity.id;
      header.broker_address = facts.address;
      header.invoke_time = wall_ms;
      header.rmqk = 1;
      if (!facts.boot_id.empty()) header.boot_id = facts.boot_id;
      return command(RequestCode::kControllerRegisterBroker, header);
    }
    case Step::kElect: {
      protocol::ElectMasterRequest header;
      header.cluster_name = facts.cluster;
      header.broker_name = facts.name;
      header.broker_id = identity.id;
      header.invoke_time = wall_ms;
      return command(RequestCode::kControllerElectMaster, header);
    }
    case Step::kReplicaInfo: {
      protocol::GetReplicaInfoRequest header;
      header.broker_name = facts.name;
      return command(RequestCode::kControllerGetReplicaInfo, header);
    }
    default: return find_leader_request();
  }
}

Command find_leader_request() {
  Command request;
  request.code = RequestCode::kControllerGetMetadataInfo;
  return request;
}

Command heartbeat_request(const BrokerFacts& facts, BrokerId id, const Progress& progress) {
  protocol::BrokerHeartbeatRequest header;
  header.cluster_name = facts.cluster;
  header.broker_addr = facts.address;
  header.broker_name = facts.name;
  header.broker_id = id;
  header.epoch = progress.epoch;
  header.max_offset = progress.end;
  header.confirm_offset = progress.confirmed;
  header.heartbeat_timeout_millis = facts.heartbeat_timeout_ms;
  header.election_priority = facts.election_priority;
  header.rmqk = 1;
  if (progress.promised_epoch > progress.epoch) header.promised_epoch = progress.promised_epoch;
  return command(RequestCode::kBrokerHeartbeat, header);
}

Command alter_request(const BrokerFacts& facts, BrokerId id, std::int32_t master_epoch, const std::set<BrokerId>& set,
                      std::int32_t set_epoch, std::int64_t wall_ms) {
  protocol::AlterSyncStateSetRequest header;
  header.broker_name = facts.name;
  header.master_broker_id = id;
  header.master_epoch = master_epoch;
  header.invoke_time = wall_ms;
  auto request = command(RequestCode::kControllerAlterSyncStateSet, header);
  request.body = protocol::to_body(protocol::SyncStateSet{set, set_epoch});
  return request;
}

Command resign_request(const BrokerFacts& facts, BrokerId id, std::int32_t epoch, std::int64_t wall_ms) {
  protocol::ElectMasterRequest header;
  header.cluster_name = facts.cluster;
  header.broker_name = facts.name;
  header.broker_id = id;
  header.invoke_time = wall_ms;
  header.resign = true;
  header.resign_epoch = epoch;
  return command(RequestCode::kControllerElectMaster, header);
}

StepResult step_result(Step step, const Result<Command>& answer) {
  StepResult result;
  if (!answer) {
    result.error = answer.error();
    return result;
  }
  result.code = answer->code;
  result.remark = answer->remark;
  const bool told = answer->code == ResponseCode::kSuccess ||
                    (step == Step::kElect && answer->code == ResponseCode::kControllerMasterStillExist);
  if (!told) return result;
  if (auto read = read_into(step, *answer, result); !read) result.error = std::move(read).error();
  return result;
}

Result<std::string> leader_of(const Result<Command>& answer) {
  if (!answer) return fail(answer.error());
  if (answer->code != ResponseCode::kSuccess) return fail(ErrorKind::kUnavailable, answer->remark);
  const auto command = answer->view();
  RMQ_TRY(const auto header, protocol::decode_header<protocol::GetMetaDataResponse>(command));
  return std::string(header.controller_leader_address);
}

std::int64_t lease_of(const Command& answer) {
  const auto command = answer.view();
  const auto header = protocol::decode_header<protocol::BrokerHeartbeatResponse>(command);
  return header ? header->lease_ms.value_or(0) : 0;
}

Result<GroupView> view_of_notification(const protocol::CommandView& request) {
  RMQ_TRY(const auto header, protocol::decode_header<protocol::NotifyBrokerRoleChangedRequest>(request));
  auto view = master_of(header);
  RMQ_CHECK_OK(add_set(view, request.body));
  if (header.sync_state_set_epoch) view.set_epoch = *header.sync_state_set_epoch;
  return view;
}

}  // namespace rmq::replication
