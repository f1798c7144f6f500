#include "broker/topic/names.h"

#include <doctest/doctest.h>

#include "broker/topic/attributes.h"

namespace rmq::broker {
namespace {

TEST_CASE("names of topics") {
  CHECK(validate_topic("TopicTest"));
  CHECK(validate_topic("a|b%c-d_e0"));
  CHECK(validate_topic(std::string(127, 'a')));
  CHECK_FALSE(validate_topic(std::string(128, 'a')));
  CHECK(validate_topic("%RETRY%" + std::string(248, 'a')));
  CHECK_FALSE(validate_topic("%DLQ%" + std::string(251, 'a')));
  CHECK(validate_topic("  ").error().message == "The specified topic is blank.");
  CHECK(validate_topic("a.b").error().message ==
        "The specified topic: a.b, contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$");
  for (std::string_view bad : {"../x", "a/b", "a b", "\xc3\xa4", "a\n"}) CHECK_FALSE(validate_topic(bad));
  CHECK_FALSE(validate_topic(std::string_view("a\0b", 3)));
}

TEST_CASE("names of groups") {
  CHECK(validate_group(std::string(120, 'g')));
  CHECK_FALSE(validate_group(std::string(121, 'g')));
  CHECK_FALSE(validate_group(""));
}

TEST_CASE("the system's own") {
  CHECK(is_system_topic_name("TBW102"));
  CHECK(is_system_topic_name("rmq_sys_anything"));
  CHECK_FALSE(is_system_topic_name("TopicTest"));
  CHECK(is_send_refused("SCHEDULE_TOPIC_XXXX"));
  CHECK(is_send_refused("rmq_sys_BROKER_STATE"));
  CHECK(is_system_topic_name("rmq_sys_BROKER_STATE"));
  CHECK_FALSE(is_send_refused("TBW102"));
  CHECK(is_system_group("CID_RMQ_SYS_x"));
  CHECK(retry_topic("g") == "%RETRY%g");
  CHECK(pop_retry_topic_v1("t", "g") == "%RETRY%g_t");
}

TEST_CASE("attributes as a request carries them") {
  auto changes = parse_attribute_changes("+message.type=FIFO,-reserve.time");
  REQUIRE(changes);
  CHECK(*changes == Attributes{{"+message.type", "FIFO"}, {"-reserve.time", ""}});
  CHECK(parse_attribute_changes("")->empty());
  CHECK(parse_attribute_changes("message.type=FIFO").error().message ==
        "add/alter attribute format is wrong: message.type");
  CHECK_FALSE(parse_attribute_changes("message.type"));
  CHECK_FALSE(parse_attribute_changes("+a=b,+a=c"));
}

TEST_CASE("attributes: what may change") {
  auto alter = [](bool create, Attributes current, Attributes changes) {
    return alter_attributes(create, topic_attribute_rules(), current, changes);
  };
  CHECK(alter(true, {}, {{"+message.type", "FIFO"}, {"+queue.type", "BatchCQ"}}) ==
        Attributes{{"message.type", "FIFO"}, {"queue.type", "BatchCQ"}});
  CHECK(alter(false, {{"message.type", "FIFO"}}, {{"+message.type", "NORMAL"}}) ==
        Attributes{{"message.type", "NORMAL"}});
  CHECK(alter(false, {{"message.type", "FIFO"}}, {{"-message.type", ""}}) == Attributes{});
  CHECK(alter(false, {}, {{"+queue.type", "BatchCQ"}}).error().message ==
        "attempt to update an unchangeable attribute. key: queue.type");
  CHECK(alter(false, {}, {{"-message.type", ""}}).error().message ==
        "attempt to delete a nonexistent key: message.type");
  CHECK(alter(true, {}, {{"-message.type", ""}}).error().message ==
        "only add attribute is supported while creating topic. key: message.type");
  CHECK(alter(true, {}, {{"+color", "red"}}).error().message == "unsupported key: color");
  CHECK_FALSE(alter(true, {}, {{"+message.type", "fifo"}}));
  CHECK_FALSE(alter(true, {}, {{"+lite.topic.expiration", "43201"}}));
  CHECK_FALSE(alter(true, {}, {{"", ""}}));
  CHECK_FALSE(alter(true, {}, {{"++x", ""}}));
}

}  // namespace
}  // namespace rmq::broker
