#include <poll.h>

#include <algorithm>
#include <charconv>
#include <thread>
#include <vector>

#include "bench/load/load.h"
#include "bench/load/stream.h"
#include "common/base/bytes.h"
#include "common/protocol/codes.h"

namespace rmq::bench {
namespace {

using protocol::RequestCode;

constexpr std::int32_t kFirstOpaque = 100'000'000;  // nine digits, so one template fits every request
constexpr std::string_view kKeyMark = "0A0A0A0A00010002000300040000";
constexpr int kKeyDigits = 8;

std::string uniq_key_property(std::uint64_t number) {
  std::string key(kKeyMark);
  char digits[kKeyDigits + 1];
  for (int i = kKeyDigits - 1; i >= 0; --i, number >>= 4) digits[i] = "0123456789ABCDEF"[number & 15];
  return key.append(digits, kKeyDigits);
}

// A request encoded once; each message patches its opaque, queue and key in place.
class RequestTemplate {
 public:
  explicit RequestTemplate(const LoadOptions& options) : batch_(options.batch) {
    const std::string body(static_cast<std::size_t>(options.body_bytes), 'b');
    const std::string properties = "UNIQ_KEY\x01" + uniq_key_property(0) + "\x02WAIT\x01true\x02";
    protocol::Command command;
    command.language = protocol::Language::kJava;
    command.code = options.batch > 1 ? RequestCode::kSendBatchMessage : RequestCode::kSendMessageV2;
    command.opaque = kFirstOpaque;
    command.set("a", "bench_producer").set("b", options.topic).set("c", "TBW102").set("d", 4).set("e", "9999");
    command.set("f", 0).set("g", std::int64_t{1'700'000'000'000}).set("h", 0);
    command.set("i", options.batch > 1 ? std::string_view("WAIT\x01true\x02") : std::string_view(properties));
    command.set("j", 0).set("k", false).set("m", options.batch > 1);
    if (options.batch > 1) {
      for (int i = 0; i < options.batch; ++i) append_batched(command.body, body, properties);
    } else {
      command.body = body;
    }
    bytes_ = protocol::encode(command);
    opaque_at_ = bytes_.find(std::to_string(kFirstOpaque));
    queue_at_ = bytes_.find("9999");
    for (auto at = bytes_.find(kKeyMark); at != std::string::npos; at = bytes_.find(kKeyMark, at + 1)) {
      keys_at_.push_back(at + kKeyMark.size());
    }
  }

  void append_to(std::string& out, std::int32_t opaque, int queue, std::uint64_t number) const {
    const auto start = out.size();
    out += bytes_;
    char* frame = out.data() + start;
    std::to_chars(frame + opaque_at_, frame + opaque_at_ + 9, opaque);
    for (int i = 3, rest = queue; i >= 0; --i, rest /= 10)
      frame[queue_at_ + static_cast<unsigned>(i)] = static_cast<char>('0' + rest % 10);
    for (std::size_t i = 0; i < keys_at_.size(); ++i) {
      auto rest = number * keys_at_.size() + i;
      for (int d = kKeyDigits - 1; d >= 0; --d, rest >>= 4) {
        frame[keys_at_[i] + static_cast<unsigned>(d)] = "0123456789ABCDEF"[rest & 15];
      }
    }
  }
  int messages() const { return batch_; }

 private:
  static void append_batched(std::string& out, const std::string& body, const std::string& properties) {
    append_be<std::int32_t>(out, static_cast<std::int32_t>(22 + body.size() + properties.size()));
    append_be<std::int32_t>(out, 0);
    append_be<std::int32_t>(out, 0);
    append_be<std::int32_t>(out, 0);
    append_be<std::int32_t>(out, static_cast<std::int32_t>(body.size()));
    out += body;
    append_be<std::int16_t>(out, static_cast<std::int16_t>(properties.size()));
    out += properties;
  }

  int batch_;
  std::string bytes_;
  std::size_t opaque_at_ = 0;
  std::size_t queue_at_ = 0;
  std::vector<std::size_t> keys_at_;
};

struct Lane {
  Stream stream;
  std::vector<std::int64_t> started;  // by opaque modulo its size
  std::int32_t next = 0;
  int in_flight = 0;
};

class Sender {
 public:
  explicit Sender(const LoadOptions& options) : options_(options), request_(options) {}

  Result<LoadResult> run() {
    for (int i = 0; i < options_.connections; ++i) {
      RMQ_TRY(auto stream, Stream::connect(options_.broker));
      lanes_.push_back(
          Lane{std::move(stream), std::vector<std::int64_t>(static_cast<std::size_t>(options_.in_flight) * 2), 0, 0});
    }
    const auto start = now_ns();
    deadline_ = start + options_.seconds * 1'000'000'000LL;
    start_ = start;
    std::vector<pollfd> waiters(lanes_.size());
    while (true) {
      const auto now = now_ns();
      fill(now);
      bool busy = false;
      for (std::size_t i = 0; i < lanes_.size(); ++i) {
        RMQ_CHECK_OK(lanes_[i].stream.flush());
        busy = busy || lanes_[i].in_flight > 0;
        waiters[i] = {lanes_[i].stream.fd(),
                      static_cast<short>(POLLIN | (lanes_[i].stream.wants_write() ? POLLOUT : 0)), 0};
      }
      if (!busy && (finished(now) || options_.rate == 0)) break;
      if (now > deadline_ + 10'000'000'000LL) return fail(ErrorKind::kTimeout, "answers are missing after 10 s");
      wait(waiters, now);
      for (std::size_t i = 0; i < lanes_.size(); ++i) {
        if ((waiters[i].revents & ~POLLOUT) != 0) RMQ_CHECK_OK(receive(lanes_[i]));
      }
    }
    result_.seconds = static_cast<double>(now_ns() - start) / 1e9;
    return std::move(result_);
  }

 private:
  bool finished(std::int64_t now) const { return issued_ >= options_.messages || now >= deadline_; }

  // With a rate, as many as the schedule says; else as many as may be in flight.
  void fill(std::int64_t now) {
    for (auto& lane : lanes_) {
      while (lane.in_flight < options_.in_flight && !finished(now)) {
        std::int64_t scheduled = now;
        if (options_.rate > 0) {
          scheduled = start_ + issued_ * 1'000'000'000LL / options_.rate;
          if (scheduled > now) return;
        }
        const auto opaque = lane.next++;
        lane.started[static_cast<std::size_t>(opaque) % lane.started.size()] = scheduled;
        request_.append_to(lane.stream.out(), kFirstOpaque + opaque, static_cast<int>(issued_ % options_.queues),
                           static_cast<std::uint64_t>(issued_));
        issued_ += request_.messages();
        ++lane.in_flight;
        if (options_.rate > 0) break;  // spread over the connections
      }
    }
  }

  void wait(std::vector<pollfd>& waiters, std::int64_t now) const {
    timespec limit{1, 0};
    if (options_.rate > 0 && issued_ < options_.messages) {
      const auto next = std::max<std::int64_t>(0, start_ + issued_ * 1'000'000'000LL / options_.rate - now);
      limit = {next / 1'000'000'000, next % 1'000'000'000};
    }
    ::ppoll(waiters.data(), waiters.size(), &limit, nullptr);
  }

  Status receive(Lane& lane) {
    const auto now = now_ns();
    return lane.stream.read([&](const protocol::CommandView& frame) -> Status {
      if (!frame.is_response()) return {};
      --lane.in_flight;
      const auto opaque = static_cast<std::size_t>(frame.opaque - kFirstOpaque);
      result_.latency.add(
          static_cast<std::uint64_t>(std::max<std::int64_t>(0, now - lane.started[opaque % lane.started.size()])));
      if (frame.code == 0) {
        result_.messages += request_.messages();
        result_.bytes += static_cast<std::int64_t>(request_.messages()) * options_.body_bytes;
      } else if (result_.errors++ == 0) {
        result_.first_error = std::to_string(frame.code) + " " + std::string(frame.remark);
      }
      return {};
    });
  }

  const LoadOptions& options_;
  RequestTemplate request_;
  std::vector<Lane> lanes_;
  LoadResult result_;
  std::int64_t issued_ = 0;
  std::int64_t start_ = 0;
  std::int64_t deadline_ = 0;
};

}  // namespace

Status create_topic(const LoadOptions& options) {
  RMQ_TRY(auto stream, Stream::connect(options.broker));
  protocol::Command command;
  command.language = protocol::Language::kJava;
  command.code = RequestCode::kUpdateAndCreateTopic;
  command.opaque = 1;
  command.set("topic", options.topic).set("defaultTopic", "TBW102").set("readQueueNums", options.queues);
  command.set("writeQueueNums", options.queues).set("perm", 6).set("topicFilterType", "SINGLE_TAG");
  command.set("topicSysFlag", 0).set("order", false);
  RMQ_TRY(auto answer, stream.ask(std::move(command), 10'000));
  if (answer.code != 0)
    return fail(ErrorKind::kUnavailable, "create topic: " + std::to_string(answer.code) + " " + answer.remark);
  return {};
}

Result<LoadResult> send_load(const LoadOptions& options) {
  return Sender(options).run();
}

Result<double> first_message_seconds(const LoadOptions& options, double limit_seconds) {
  const auto start = now_ns();
  LoadOptions one = options;
  one.messages = 1;
  one.connections = 1;
  one.in_flight = 1;
  std::string last = "nothing tried";
  while (static_cast<double>(now_ns() - start) / 1e9 < limit_seconds) {
    auto sent = send_load(one);
    if (sent && sent->messages == 1) return static_cast<double>(now_ns() - start) / 1e9;
    last = sent ? sent->first_error : sent.error().message;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the port is not open yet: ask again, up to the limit
  }
  return fail(ErrorKind::kTimeout, "no message accepted: " + last);
}

}  // namespace rmq::bench
