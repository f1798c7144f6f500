#include <poll.h>

#include <vector>

#include "bench/load/load.h"
#include "bench/load/stream.h"
#include "common/base/bytes.h"
#include "common/protocol/codes.h"

namespace rmq::bench {
namespace {

struct Reader {
  Stream stream;
  int queue = 0;
  std::int64_t offset = 0;
  std::int64_t asked_at = 0;
  bool done = false;
};

void ask(Reader& reader, const LoadOptions& options) {
  protocol::Command command;
  command.language = protocol::Language::kJava;
  command.code = protocol::RequestCode::kPullMessage;
  command.opaque = 1;
  command.set("consumerGroup", options.group).set("topic", options.topic).set("queueId", reader.queue);
  command.set("queueOffset", reader.offset).set("maxMsgNums", options.pull_batch).set("sysFlag", 4);
  command.set("commitOffset", std::int64_t{0}).set("suspendTimeoutMillis", std::int64_t{15000});
  command.set("subscription", "*").set("subVersion", std::int64_t{1}).set("expressionType", "TAG");
  protocol::encode(command, reader.stream.out());
  reader.asked_at = now_ns();
}

std::int64_t count_records(std::string_view body) {
  std::int64_t count = 0;
  while (body.size() >= 4) {
    const auto size = load_be<std::uint32_t>(body.data());
    if (size < 4 || size > body.size()) return count;
    body.remove_prefix(size);
    ++count;
  }
  return count;
}

Status on_answer(Reader& reader, const protocol::CommandView& frame, const LoadOptions& options, LoadResult& result) {
  if (!frame.is_response()) return {};
  protocol::FieldReader fields(frame);
  if (frame.code == protocol::ResponseCode::kPullNotFound) {
    reader.done = true;
    return {};
  }
  const auto next = fields.required_int64("nextBeginOffset");
  RMQ_CHECK_OK(fields.status());
  if (frame.code == protocol::ResponseCode::kSuccess) {
    result.latency.add(static_cast<std::uint64_t>(now_ns() - reader.asked_at));
    result.messages += count_records(frame.body);
    result.bytes += static_cast<std::int64_t>(frame.body.size());
  } else if (frame.code != protocol::ResponseCode::kPullOffsetMoved &&
             frame.code != protocol::ResponseCode::kPullRetryImmediately) {
    return fail(ErrorKind::kInternal, "pull: " + std::to_string(frame.code) + " " + std::string(frame.remark));
  }
  reader.offset = next;
  ask(reader, options);
  return {};
}

}  // namespace

Result<LoadResult> pull_load(const LoadOptions& options) {
  std::vector<Reader> readers;
  for (int queue = 0; queue < options.queues; ++queue) {
    RMQ_TRY(auto stream, Stream::connect(options.broker));
    readers.push_back(Reader{std::move(stream), queue});
  }
  LoadResult result;
  const auto start = now_ns();
  for (auto& reader : readers) ask(reader, options);
  std::vector<pollfd> waiters(readers.size());
  while (true) {
    bool busy = false;
    for (std::size_t i = 0; i < readers.size(); ++i) {
      RMQ_CHECK_OK(readers[i].stream.flush());
      busy = busy || !readers[i].done;
      waiters[i] = {readers[i].done ? -1 : readers[i].stream.fd(),
                    static_cast<short>(POLLIN | (readers[i].stream.wants_write() ? POLLOUT : 0)), 0};
    }
    if (!busy) break;
    if (::poll(waiters.data(), waiters.size(), 20'000) == 0)
      return fail(ErrorKind::kTimeout, "no answer to a pull for 20 s");
    for (std::size_t i = 0; i < readers.size(); ++i) {
      if ((waiters[i].revents & ~POLLOUT) == 0) continue;
      RMQ_CHECK_OK(readers[i].stream.read(
          [&](const protocol::CommandView& frame) { return on_answer(readers[i], frame, options, result); }));
    }
  }
  result.seconds = static_cast<double>(now_ns() - start) / 1e9;
  return result;
}

}  // namespace rmq::bench
