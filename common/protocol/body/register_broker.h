// The body of REGISTER_BROKER: all topics of a broker, as JSON or in the compressed form.
// Source: org.apache.rocketmq.remoting.protocol.body.RegisterBrokerBody of release 5.5.0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/protocol/body/topic_config.h"

namespace rmq::protocol {

struct RegisterBrokerBody {
  std::vector<std::string> filter_servers;
  TopicConfigAndMappingTable topic_config;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("filterServerList", self.filter_servers);
    v.field("topicConfigSerializeWrapper", self.topic_config);
  }
};

struct InflateLimits {
  std::size_t max_bytes = 64 * 1024 * 1024;
  // Above free_bytes, no more than max_ratio times the input.
  std::size_t max_ratio = 256;
  std::size_t free_bytes = 1024 * 1024;
};

// The compressed form. `broker_version` is the version of the request: from V5_0_0 on the topic mappings are in it.
// kInvalid: not zlib, cut off, larger than the limits, or its parts contradict themselves.
Result<RegisterBrokerBody> parse_compressed_register_broker(std::string_view bytes, std::int32_t broker_version,
                                                            const InflateLimits& limits = {});

// As a broker of V5_0_0 or newer writes it. topicSysFlag and order get lost, as with the original.
Result<std::string> compress_register_broker(const RegisterBrokerBody& body);

// zlib's format. kInvalid as above.
Result<std::string> inflate_bounded(std::string_view bytes, const InflateLimits& limits = {});
Result<std::string> deflate_best(std::string_view bytes);

}  // namespace rmq::protocol
