#include "common/protocol/body/topic_config.h"

#include "common/protocol/body/json_codec.h"

namespace rmq::protocol {
namespace {

// The next word; false at the end of the text.
bool next_word(std::string_view& rest, std::string_view& word) {
  if (rest.data() == nullptr) return false;
  const auto space = rest.find(' ');
  word = rest.substr(0, space);
  rest = space == std::string_view::npos ? std::string_view{} : rest.substr(space + 1);
  return true;
}

bool next_number(std::string_view& rest, std::int32_t& number) {
  std::string_view word;
  if (!next_word(rest, word)) return false;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  return error == std::errc{} && end == word.data() + word.size();
}

}  // namespace

void append_topic_text(std::string& out, const TopicConfig& config) {
  out += config.topic_name;
  for (const auto number : {config.read_queue_nums, config.write_queue_nums, config.perm}) {
    out += ' ';
    out += std::to_string(number);
  }
  out += ' ';
  out += enum_names(config.topic_filter_type)[static_cast<std::size_t>(config.topic_filter_type)];
  out += ' ';
  body::Writer(out, JsonStyle::kFastjson).value(config.attributes);
}

Result<TopicConfig> parse_topic_text(std::string_view text) {
  TopicConfig config;
  std::string_view rest = text, name, filter;
  if (!next_word(rest, name) || name.empty() || !next_number(rest, config.read_queue_nums) ||
      !next_number(rest, config.write_queue_nums) || !next_number(rest, config.perm) || !next_word(rest, filter)) {
    return fail(ErrorKind::kInvalid, "malformed text of a topic");
  }
  config.topic_name = name;
  if (filter == "MULTI_TAG") {
    config.topic_filter_type = TopicFilterType::kMultiTag;
  } else if (filter != "SINGLE_TAG") {
    return fail(ErrorKind::kInvalid, "unknown filter type of a topic");
  }
  if (!rest.empty()) {
    if (const auto document = parse_fastjson(rest); document && document->is_object()) {
      Attributes attributes;
      body::Reader reader;
      reader.value(*document, attributes, "attributes");
      if (reader.status()) config.attributes = std::move(attributes);
    }
  }
  return config;
}

RMQ_JSON_BODY(DataVersion);
RMQ_JSON_BODY(TopicConfig);
RMQ_JSON_BODY(TopicQueueMappingInfo);
RMQ_JSON_BODY(TopicQueueMappingDetail);
RMQ_JSON_BODY(TopicConfigTable);
RMQ_JSON_BODY(TopicConfigAndMappingTable);
RMQ_JSON_BODY(TopicConfigAndMapping);
RMQ_JSON_BODY(CreateTopicList);

}  // namespace rmq::protocol
