#include "broker/processor/lock_processor.h"

#include "broker/processor/answers.h"

namespace rmq::broker {

void LockProcessor::handle(const remoting::Request& request) {
  auto body = body_or_answer<protocol::LockBatchRequest>(request);
  if (!body) return;
  if (request.command.code == protocol::RequestCode::kUnlockBatchMq) {
    locks_.unlock(body->consumer_group, body->queues, body->client_id);
    return reply_success(request);
  }
  protocol::LockBatchResponse response;
  response.locked = locks_.lock(body->consumer_group, body->queues, body->client_id);
  reply_body(request, response);
}

}  // namespace rmq::broker
