// The messages of one burst of one connection, and what their answers need.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "broker/store/append_batch.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// What every answer to a send carries alike.
struct SendAnswerContext {
  std::string store_host;  // ip and port bytes, for message ids
  std::string region;
  bool trace_on = true;
};

class SendBatch final : public store::AppendBatch {
 public:
  explicit SendBatch(const SendAnswerContext& context) : context_(context) {}

  // Before the first record.
  void start(remoting::ConnectionPtr connection) { connection_ = std::move(connection); }

  // The request whose records follow. `transaction_id` is the message's unique key.
  void begin_answer(const protocol::CommandView& request, std::int32_t queue_id, std::string_view transaction_id);
  void end_answer();
  // Takes back the answer that was begun: its request is answered otherwise.
  void cancel_answer() { answers_.pop_back(); }

  // Answers every request, in one frame of bytes.
  void answer_all() const;

 private:
  struct Answer {
    std::int32_t opaque = 0;
    protocol::SerializeType serialize_type = protocol::SerializeType::kJson;
    bool oneway = false;
    std::int32_t queue_id = 0;
    std::uint32_t first_record = 0;
    std::uint32_t records = 0;
    std::uint32_t id_position = 0;  // in ids_
    std::uint32_t id_size = 0;
  };

  void encode(const Answer& answer, std::string& out, std::string& scratch) const;

  const SendAnswerContext& context_;
  remoting::ConnectionPtr connection_;
  std::vector<Answer> answers_;
  std::string ids_;
};

}  // namespace rmq::broker
