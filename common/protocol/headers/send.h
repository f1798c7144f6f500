// Headers of sending messages: codes 10, 310, 320 and the replies 324, 325. One struct for both name forms.
// Source: org.apache.rocketmq.remoting.protocol.header.SendMessageRequestHeader, ...V2 and ...ResponseHeader of 5.5.0.
#pragma once

#include "common/protocol/codes.h"
#include "common/protocol/headers/header_codec.h"

namespace rmq::protocol {

struct SendMessageRequest {
  std::string_view producer_group;
  std::string_view topic;
  std::string_view default_topic;
  std::int32_t default_topic_queue_nums = 0;
  std::int32_t queue_id = 0;  // -1: any
  std::int32_t sys_flag = 0;
  std::int64_t born_timestamp = 0;
  std::int32_t flag = 0;
  std::string_view properties;  // data() == nullptr if not sent
  std::int32_t reconsume_times = 0;
  bool unit_mode = false;
  std::optional<std::int32_t> max_reconsume_times;
  bool batch = false;
  std::string_view broker_name;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("producerGroup", self.producer_group);
    v.required("topic", self.topic);
    v.required("defaultTopic", self.default_topic);
    v.required("defaultTopicQueueNums", self.default_topic_queue_nums);
    v.required("queueId", self.queue_id);
    v.required("sysFlag", self.sys_flag);
    v.required("bornTimestamp", self.born_timestamp);
    v.required("flag", self.flag);
    v.optional("properties", self.properties);
    v.optional("reconsumeTimes", self.reconsume_times);
    v.optional("unitMode", self.unit_mode);
    v.optional("maxReconsumeTimes", self.max_reconsume_times);
    v.optional("batch", self.batch);
    v.optional("bname", self.broker_name);
  }
  // The one-letter names of 310, 320 and 325.
  template <class Self, class Visitor>
  static void visit_v2(Self& self, Visitor& v) {
    v.required("a", self.producer_group);
    v.required("b", self.topic);
    v.required("c", self.default_topic);
    v.required("d", self.default_topic_queue_nums);
    v.required("e", self.queue_id);
    v.required("f", self.sys_flag);
    v.required("g", self.born_timestamp);
    v.required("h", self.flag);
    v.optional("i", self.properties);
    v.optional("j", self.reconsume_times);
    v.optional("k", self.unit_mode);
    v.optional("l", self.max_reconsume_times);
    v.optional("m", self.batch);
    v.optional("n", self.broker_name);
  }
};

constexpr bool has_short_send_names(std::int32_t code) {
  return code == RequestCode::kSendMessageV2 || code == RequestCode::kSendBatchMessage ||
         code == RequestCode::kSendReplyMessageV2;
}

// In the names that the command's code asks for.
inline Result<SendMessageRequest> decode_send_header(const CommandView& command) {
  if (!has_short_send_names(command.code)) return decode_header<SendMessageRequest>(command);
  SendMessageRequest header;
  HeaderDecoder decoder(command);
  SendMessageRequest::visit_v2(header, decoder);
  RMQ_CHECK_OK(decoder.status());
  return header;
}

inline void write_send_header_v2(FrameWriter& writer, const SendMessageRequest& header) {
  HeaderEncoder<FrameWriter> encoder(writer);
  SendMessageRequest::visit_v2(header, encoder);
}

// Answer to every send. The broker adds MSG_REGION and TRACE_ON.
struct SendMessageResponse {
  std::string_view msg_id;  // of a batch: comma-separated
  std::int32_t queue_id = 0;
  std::int64_t queue_offset = 0;
  std::string_view transaction_id;
  std::string_view batch_uniq_id;
  std::string_view recall_handle;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("msgId", self.msg_id);
    v.required("queueId", self.queue_id);
    v.required("queueOffset", self.queue_offset);
    v.optional("transactionId", self.transaction_id);
    v.optional("batchUniqId", self.batch_uniq_id);
    v.optional("recallHandle", self.recall_handle);
  }
};

}  // namespace rmq::protocol
