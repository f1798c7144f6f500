#include "broker/pull/subscription.h"

#include <doctest/doctest.h>

#include "common/protocol/java_string.h"

using namespace rmq;
using namespace rmq::broker;

TEST_CASE("subscription: tags as the original splits them") {
  auto data = parse_subscription("T", "TagA || TagB||  ||TagC ", "");
  REQUIRE(data);
  CHECK(data->tags_set == std::set<std::string>{"TagA", "TagB", "TagC"});
  CHECK(data->code_set.contains(protocol::java_hash("TagB")));
  CHECK(tag_filter(*data).matches(protocol::java_hash("TagC")));
  CHECK_FALSE(tag_filter(*data).matches(0));
  for (auto all : {"*", ""}) {
    auto every = parse_subscription("T", all, "TAG");
    REQUIRE(every);
    CHECK(tag_filter(*every).matches(12345));
  }
  CHECK_FALSE(parse_subscription("T", " || ", "TAG"));
  CHECK(parse_subscription("T", "a > 5", "SQL92"));
  CHECK_FALSE(is_tag_type("SQL92"));
}
