#include "broker/processor/relay_processor.h"

#include "broker/processor/answers.h"
#include "common/protocol/headers/client.h"
#include "common/protocol/message_id.h"

namespace rmq::broker {

using protocol::RequestCode;
using protocol::ResponseCode;
using remoting::Request;

namespace {

constexpr std::chrono::seconds kAnswerLimit{10};

}  // namespace

void RelayProcessor::handle(const Request& request) {
  switch (request.command.code) {
    case RequestCode::kGetConsumerRunningInfo: return running_info(request);
    case RequestCode::kConsumeMessageDirectly: return consume_directly(request);
    default: return remoting::reply(request, ResponseCode::kRequestCodeNotSupported);
  }
}

void RelayProcessor::relay(const Request& request, protocol::Command question, std::string_view group,
                           std::string_view client_id) {
  const std::string who = "<" + std::string(group) + "> <" + std::string(client_id) + ">";
  ClientChannelPtr client = clients_.consumers().find_client(group, client_id);
  if (client == nullptr) {
    return remoting::reply(request, ResponseCode::kSystemError, "The Consumer " + who + " not online");
  }
  question.flag = 0;
  auto answer_to = remoting::ReplyTo::of(request);
  client->connection->call(std::move(question), kAnswerLimit, [answer_to, who](Result<protocol::Command> answer) {
    protocol::Command response;
    if (answer) {
      response.code = answer->code;
      response.remark = std::move(answer->remark);
      response.ext_fields = std::move(answer->ext_fields);
      response.body = std::move(answer->body);
    } else if (answer.error().kind == ErrorKind::kTimeout) {
      response.code = ResponseCode::kConsumeMsgTimeout;
      response.remark = "consumer " + who + " Timeout: " + answer.error().message;
    } else {
      response.code = ResponseCode::kSystemError;
      response.remark = "invoke consumer " + who + " Exception: " + answer.error().message;
    }
    response.flag = protocol::kFlagResponse;
    answer_to.send(std::move(response));
  });
}

void RelayProcessor::running_info(const Request& request) {
  auto header = header_or_answer<protocol::GetConsumerRunningInfoRequest>(request);
  if (header) relay(request, protocol::Command::from(request.command), header->consumer_group, header->client_id);
}

void RelayProcessor::consume_directly(const Request& request) {
  auto header = header_or_answer<protocol::ConsumeMessageDirectlyResultRequest>(request);
  if (!header) return;
  auto id = protocol::decode_offset_message_id(header->msg_id);
  if (!id) return reply_error(request, id.error());
  store::LogView record;
  if (id->offset >= 0) record = store_.record_at(static_cast<std::uint64_t>(id->offset));
  if (!record) {
    return remoting::reply(request, ResponseCode::kSystemError, "no message " + std::string(header->msg_id) + " here");
  }
  auto question = protocol::Command::from(request.command);
  std::erase_if(question.ext_fields, [](const auto& field) { return field.first == "brokerName"; });
  question.set("brokerName", std::string_view(config_.broker_name));
  question.body = record.bytes;
  relay(request, std::move(question), header->consumer_group, header->client_id);
}

}  // namespace rmq::broker
