// Topics as administrators see them: lists, deletion, registration of single topics, a broker's write permission.
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/namesrv.h"
#include "namesrv/handlers.h"
#include "namesrv/registration_body.h"

namespace rmq::namesrv {
namespace {

using protocol::RequestCode;
using protocol::ResponseCode;

std::string topic_list(const std::vector<std::string_view>& topics, std::string_view broker_address = {}) {
  std::string out = "{";
  if (!broker_address.empty()) {
    out += "\"brokerAddr\":";
    append_json_string(out, broker_address);
    out += ',';
  }
  out += "\"topicList\":[";
  for (bool first = true; auto topic : topics) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, topic);
  }
  out += "]}";
  return out;
}

class TopicHandler final : public remoting::Handler {
 public:
  explicit TopicHandler(Services& services) : services_(services) {}

  void handle(const remoting::Request& request) override {
    switch (request.command.code) {
      case RequestCode::kWipeWritePermOfBroker: return wipe(request);
      case RequestCode::kAddWritePermOfBroker: return add(request);
      case RequestCode::kDeleteTopicInNamesrv: return erase(request);
      case RequestCode::kRegisterTopicInNamesrv: return register_topic(request);
      case RequestCode::kGetAllTopicListFromNameserver:
        return list(request, "enableAllTopicList", [](const RouteTable& table) { return topic_list(table.topics()); });
      case RequestCode::kGetSystemTopicListFromNs:
        return list(request, {}, [](const RouteTable& table) {
          return topic_list(table.clusters_and_brokers(), table.any_broker_address());
        });
      case RequestCode::kGetUnitTopicList: return list_by_flags(request, kSysFlagUnit, 0);
      case RequestCode::kGetHasUnitSubTopicList: return list_by_flags(request, kSysFlagUnitSub, 0);
      case RequestCode::kGetHasUnitSubUnunitTopicList: return list_by_flags(request, kSysFlagUnitSub, kSysFlagUnit);
      case RequestCode::kGetTopicsByCluster: return list_of_cluster(request);
      default: return;
    }
  }

 private:
  // `enabled_by`: the setting that allows it; empty: always.
  template <class F>
  void list(const remoting::Request& request, std::string_view enabled_by, F&& make) {
    if (!enabled_by.empty() && !services_.configuration.flag(enabled_by)) {
      return remoting::reply(request, ResponseCode::kSystemError, "disable");
    }
    reply_with_body(request, services_.routes.read(make));
  }

  void list_by_flags(const remoting::Request& request, int set, int clear) {
    list(request, "enableTopicList",
         [&](const RouteTable& table) { return topic_list(table.topics_by_flags(set, clear)); });
  }

  void list_of_cluster(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::GetTopicsByClusterRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    list(request, "enableTopicList",
         [&](const RouteTable& table) { return topic_list(table.topics_of_cluster(header->cluster)); });
  }

  void wipe(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::WipeWritePermOfBrokerRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    auto count =
        services_.routes.change([&](RouteTable& table) { return table.wipe_write_permission(header->broker_name); });
    log::info("write permission wiped",
              {{"broker", header->broker_name}, {"topics", count}, {"by", request.connection->remote_address()}});
    auto response = protocol::response_to(request.command, ResponseCode::kSuccess);
    protocol::set_header(response, protocol::WipeWritePermOfBrokerResponse{count});
    remoting::reply(request, std::move(response));
  }

  void add(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::AddWritePermOfBrokerRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    auto count =
        services_.routes.change([&](RouteTable& table) { return table.add_write_permission(header->broker_name); });
    log::info("write permission restored",
              {{"broker", header->broker_name}, {"topics", count}, {"by", request.connection->remote_address()}});
    auto response = protocol::response_to(request.command, ResponseCode::kSuccess);
    protocol::set_header(response, protocol::AddWritePermOfBrokerResponse{count});
    remoting::reply(request, std::move(response));
  }

  void erase(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::DeleteTopicFromNamesrvRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    services_.routes.change([&](RouteTable& table) {
      header->cluster_name.empty() ? table.delete_topic(header->topic)
                                   : table.delete_topic(header->topic, header->cluster_name);
    });
    log::info("topic removed", {{"topic", header->topic}, {"by", request.connection->remote_address()}});
    remoting::reply(request, ResponseCode::kSuccess);
  }

  void register_topic(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::RegisterTopicRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    if (header->topic.empty() || header->topic.size() > kMaxNameBytes) {
      return remoting::reply(request, ResponseCode::kSystemError, "topic name is empty or too long");
    }
    if (!request.command.body.empty()) {
      std::deque<std::string> arena;
      auto entries = decode_queue_datas(request.command.body, arena);
      if (!entries) return reply_error(request, entries.error());
      std::vector<RouteTable::NamedShape> shapes;
      for (const auto& entry : *entries) shapes.push_back({entry.broker_name, entry.shape});
      bool known =
          services_.routes.change([&](RouteTable& table) { return table.register_topic(header->topic, shapes); });
      if (!known) log::warn("topic not registered: unknown broker, or none", {{"topic", header->topic}});
    }
    remoting::reply(request, ResponseCode::kSuccess);
  }

  Services& services_;
};

}  // namespace

std::shared_ptr<remoting::Handler> make_topic_handler(Services& services) {
  return std::make_shared<TopicHandler>(services);
}

}  // namespace rmq::namesrv
