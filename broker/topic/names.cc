#include "broker/topic/names.h"

#include <algorithm>
#include <array>

namespace rmq::broker {
namespace {

constexpr std::size_t kMaxTopicLength = 127;
constexpr std::size_t kMaxRetryTopicLength = 255;
constexpr std::size_t kMaxGroupLength = 120;  // a retry topic is made of it

bool is_blank(std::string_view text) {
  return std::ranges::all_of(text, [](unsigned char c) { return c <= ' '; });
}

bool has_only_legal_characters(std::string_view name) {
  return std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '%' || c == '|' ||
           c == '_' || c == '-';
  });
}

Status illegal(std::string_view what, std::string_view name) {
  return fail(ErrorKind::kInvalid, "The specified " + std::string(what) + ": " + std::string(name) +
                                       ", contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$");
}

constexpr auto kSystemTopics =
    std::to_array<std::string_view>({kAutoCreateTopic, kScheduleTopic, kBenchmarkTopic, kTransHalfTopic, kTraceTopic,
                                     kTransOpHalfTopic, kTransCheckMaxTimeTopic, kSelfTestTopic, kOffsetMovedTopic,
                                     kCheckpointTopic, kRocksDbTransHalfTopic, kRocksDbTransOpHalfTopic});

constexpr auto kSendRefused = std::to_array<std::string_view>(
    {kScheduleTopic, kTransHalfTopic, kTransOpHalfTopic, kTransCheckMaxTimeTopic, kSelfTestTopic, kOffsetMovedTopic,
     kRocksDbTransHalfTopic, kRocksDbTransOpHalfTopic, kJournalTopic});

constexpr auto kSystemGroups = std::to_array<std::string_view>(
    {"DEFAULT_CONSUMER", "DEFAULT_PRODUCER", "TOOLS_CONSUMER", "SCHEDULE_CONSUMER", "FILTERSRV_CONSUMER",
     "__MONITOR_CONSUMER", "CLIENT_INNER_PRODUCER", "SELF_TEST_P_GROUP", "SELF_TEST_C_GROUP", "CID_ONS-HTTP-PROXY",
     "CID_ONSAPI_PERMISSION", "CID_ONSAPI_OWNER", "CID_ONSAPI_PULL", "CID_RMQ_SYS_TRANS"});

}  // namespace

Status validate_topic(std::string_view topic) {
  if (is_blank(topic)) return fail(ErrorKind::kInvalid, "The specified topic is blank.");
  if (!has_only_legal_characters(topic)) return illegal("topic", topic);
  if (is_retry_topic(topic) || is_dlq_topic(topic)) {
    if (topic.size() > kMaxRetryTopicLength) {
      return fail(ErrorKind::kInvalid, "The specified topic is DLQ or Retry topic: " + std::string(topic) +
                                           ", and it's longer than topic max length: 255");
    }
  } else if (topic.size() > kMaxTopicLength) {
    return fail(ErrorKind::kInvalid,
                "The specified topic: " + std::string(topic) + ", is longer than topic max length: 127");
  }
  return {};
}

Status validate_group(std::string_view group) {
  if (is_blank(group)) return fail(ErrorKind::kInvalid, "The specified group is blank.");
  if (!has_only_legal_characters(group)) return illegal("group", group);
  if (group.size() > kMaxGroupLength) {
    return fail(ErrorKind::kInvalid,
                "The specified group: " + std::string(group) + ", is longer than group max length: 120");
  }
  return {};
}

bool is_system_topic_name(std::string_view topic) {
  return topic.starts_with(kSystemTopicPrefix) || std::ranges::find(kSystemTopics, topic) != kSystemTopics.end();
}

bool is_send_refused(std::string_view topic) {
  return std::ranges::find(kSendRefused, topic) != kSendRefused.end();
}

bool is_system_group(std::string_view group) {
  return group.starts_with(kSystemGroupPrefix) || std::ranges::find(kSystemGroups, group) != kSystemGroups.end();
}

std::string pop_retry_topic_v1(std::string_view topic, std::string_view group) {
  return retry_topic(group) + "_" + std::string(topic);
}

std::string pop_retry_topic_v2(std::string_view topic, std::string_view group) {
  return retry_topic(group) + "+" + std::string(topic);
}

}  // namespace rmq::broker
