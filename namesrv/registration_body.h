// Bodies that brokers send: RegisterBrokerBody in its plain and compressed forms, DataVersion, TopicRouteData.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"
#include "namesrv/route_types.h"

namespace rmq::namesrv {

// Names that are longer are refused: topics are at most 255 bytes, addresses and broker names stay well below.
inline constexpr std::size_t kMaxNameBytes = 1024;
// What a compressed body may grow to.
inline constexpr std::size_t kMaxInflatedBytes = 64 * 1024 * 1024;

// Decoded; its views point into the bytes it was decoded from and into what it holds itself.
struct RegistrationBody {
  DataVersion version;
  std::vector<TopicShape> topics;
  std::vector<QueueMapping> mappings;
  std::optional<std::vector<std::string>> filter_servers;

  std::string inflated;
  std::deque<std::string> arena;
};

// `peer_version`: the version in the request's header decides what the body holds (below 3.0.11 a bare
// TopicConfigSerializeWrapper; from 5.0.0 on, compressed bodies end in a block of queue mappings). An absent body is
// an empty registration. kInvalid on anything else.
Status decode_registration(std::string_view body, bool compressed, std::int32_t peer_version, RegistrationBody& out);

Result<DataVersion> decode_data_version(std::string_view json);
std::string encode_data_version(const DataVersion& version);

// The queueDatas of a TopicRouteData; broker names point into `json` or `arena`.
struct QueueDataEntry {
  std::string_view broker_name;
  QueueShape shape;
};
Result<std::vector<QueueDataEntry>> decode_queue_datas(std::string_view json, std::deque<std::string>& arena);

}  // namespace rmq::namesrv
