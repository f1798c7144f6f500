#include "broker/app/slave_sync.h"

#include <pthread.h>

#include "common/base/log.h"
#include "common/protocol/body/message_queue.h"
#include "common/protocol/body/subscription_group.h"
#include "common/protocol/body/topic_config.h"
#include "common/protocol/codes.h"

namespace rmq::broker {

using protocol::RequestCode;

namespace {

constexpr std::chrono::milliseconds kAskLimit{3'000};

}  // namespace

SlaveSync::SlaveSync(remoting::Client& client, Tables tables, std::chrono::milliseconds period)
    : client_(client), tables_(tables), period_(period) {}

SlaveSync::~SlaveSync() {
  stop();
}

void SlaveSync::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "slave-sync");
}

void SlaveSync::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void SlaveSync::set_master(const std::string& address) {
  {
    std::lock_guard lock(mutex_);
    if (master_ == address) return;
    master_ = address;
    asked_ = false;
  }
  changed_.notify_all();
}

bool SlaveSync::still_follows(const std::string& master) const {
  std::lock_guard lock(mutex_);
  return master_ == master && !stopping_;
}

void SlaveSync::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_for(lock, period_, [this] { return stopping_ || !asked_; });
    if (stopping_) return;
    asked_ = true;
    if (master_.empty()) continue;
    const auto master = master_;
    lock.unlock();
    sync(master);
    lock.lock();
  }
}

Result<protocol::Command> SlaveSync::ask(const std::string& master, std::int32_t code) {
  protocol::Command request;
  request.code = code;
  RMQ_TRY(auto answer, client_.call_and_wait(master, std::move(request), kAskLimit));
  if (answer.code != protocol::ResponseCode::kSuccess) return fail(ErrorKind::kUnavailable, answer.remark);
  return answer;
}

template <class Body, class Import>
Status SlaveSync::take(const std::string& master, std::int32_t code, Import import) {
  RMQ_TRY(const auto answer, ask(master, code));
  RMQ_TRY(auto body, protocol::parse_body<Body>(answer.body));
  if (!still_follows(master)) return {};
  return import(std::move(body));
}

void SlaveSync::sync(const std::string& master) {
  const auto told = [&](std::string_view what, const Status& status) {
    if (!status) log::warn("master's state not taken", {{"what", what}, {"master", master}, {"error", status.error()}});
  };
  auto topics = ask(master, RequestCode::kGetAllTopicConfig);
  if (!topics) return told("topics", fail(topics.error()));
  const auto view = topics->view();
  if (view.ext("rmqJournal") == "1") return;
  auto table = protocol::parse_body<protocol::TopicConfigAndMappingTable>(topics->body);
  if (!table) return told("topics", fail(table.error()));
  if (!still_follows(master)) return;
  protocol::TopicConfigTable plain;
  plain.data_version = table->data_version;
  plain.topics = std::move(table->topics);
  told("topics", tables_.topics.import_from_java(std::move(plain)));
  told("groups",
       take<protocol::SubscriptionGroupTable>(master, RequestCode::kGetAllSubscriptionGroupConfig, [this](auto body) {
         return tables_.groups.import_from_java(std::move(body));
       }));
  told("offsets", take<protocol::ConsumerOffsetTable>(master, RequestCode::kGetAllConsumerOffset, [this](auto body) {
         return tables_.offsets.import_from_java(std::move(body));
       }));
  told("delay offsets", take<protocol::DelayOffsetTable>(master, RequestCode::kGetAllDelayOffset, [this](auto body) {
         return tables_.delay_offsets.import_from_java(std::move(body));
       }));
}

}  // namespace rmq::broker
