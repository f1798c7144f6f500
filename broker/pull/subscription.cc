#include "broker/pull/subscription.h"

#include "common/protocol/java_string.h"

namespace rmq::broker {
namespace {

constexpr std::string_view kAll = "*";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

Result<protocol::SubscriptionData> parse_subscription(std::string_view topic, std::string_view expression,
                                                      std::string_view expression_type) {
  protocol::SubscriptionData data;
  data.topic = topic;
  data.sub_string = expression.empty() ? kAll : expression;
  if (!expression_type.empty()) data.expression_type = expression_type;
  if (!is_tag_type(expression_type) || data.sub_string == kAll) return data;
  for (std::string_view rest = expression; !rest.empty();) {
    const auto end = rest.find("||");
    const auto tag = trimmed(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 2);
    if (tag.empty()) continue;
    data.tags_set.emplace(tag);
    data.code_set.insert(protocol::java_hash(tag));
  }
  if (data.tags_set.empty()) return fail(ErrorKind::kInvalid, "subString split error");
  return data;
}

TagFilter tag_filter(const protocol::SubscriptionData& subscription) {
  TagFilter filter;
  if (subscription.sub_string == kAll || subscription.class_filter_mode) return filter;
  filter.codes.assign(subscription.code_set.begin(), subscription.code_set.end());
  return filter;
}

}  // namespace rmq::broker
