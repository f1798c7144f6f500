// Brokers come, stay and go: REGISTER_BROKER, UNREGISTER_BROKER, QUERY_DATA_VERSION, BROKER_HEARTBEAT.
#include <functional>

#include "common/base/crc32.h"
#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/ext_names.h"
#include "common/protocol/headers/namesrv.h"
#include "namesrv/handlers.h"
#include "namesrv/registration_body.h"

namespace rmq::namesrv {
namespace {

using protocol::RequestCode;
using protocol::ResponseCode;

constexpr std::size_t kPostedOverhead = 1024;

// Tells bodies of one broker apart; never 0.
std::uint64_t hash_of(const protocol::CommandView& command, bool compressed) {
  auto hash = std::hash<std::string_view>{}(command.body);
  hash ^= command.body.size() * 0x9E3779B97F4A7C15ULL;
  hash = hash * 31 + static_cast<std::uint64_t>(command.version) * 2 + (compressed ? 1 : 0);
  return hash == 0 ? 1 : hash;
}

Status check_name(std::string_view what, std::string_view name) {
  if (!name.empty() && name.size() <= kMaxNameBytes) return {};
  return fail(ErrorKind::kInvalid, std::string(what) + " of " + std::to_string(name.size()) + " bytes");
}

class RegistrationHandler final : public remoting::Handler {
 public:
  explicit RegistrationHandler(Services& services) : services_(services) {}

  void handle(const remoting::Request& request) override {
    switch (request.command.code) {
      case RequestCode::kRegisterBroker: return receive_registration(request);
      case RequestCode::kUnregisterBroker: return receive_unregistration(request);
      case RequestCode::kQueryDataVersion: return query_data_version(request);
      case RequestCode::kBrokerHeartbeat: return heartbeat(request);
      default: return;
    }
  }

 private:
  void receive_registration(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::RegisterBrokerRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    for (auto [what, name] : {std::pair("brokerName", header->broker_name),
                              {"brokerAddr", header->broker_addr},
                              {"clusterName", header->cluster_name}}) {
      if (auto status = check_name(what, name); !status) return reply_error(request, status.error());
    }
    auto registration = registration_of(request, *header);
    // Every 30 s each broker sends all its topics; nearly always they are what they were.
    if (services_.routes.is_known_body(registration.broker, registration.body_hash)) {
      if (auto outcome = services_.routes.refresh_broker(registration)) {
        services_.registrations.fetch_add(1, std::memory_order_relaxed);
        services_.unchanged_registrations.fetch_add(1, std::memory_order_relaxed);
        return answer(request, *outcome);
      }
    }
    auto owned = std::make_shared<protocol::Command>(protocol::Command::from(request.command));
    auto work = [this, owned, connection = request.connection] {
      auto view = owned->view();
      merge(remoting::Request{view, connection});
    };
    if (!services_.work.post(owned->body.size() + kPostedOverhead, work)) work();
  }

  static Registration registration_of(const remoting::Request& request, const protocol::RegisterBrokerRequest& header) {
    Registration registration;
    registration.broker = {header.cluster_name, header.broker_addr, header.broker_name, header.broker_id};
    registration.ha_address = header.ha_server_addr;
    auto zone = request.command.ext(protocol::ExtName::kZoneName);
    if (zone.data() != nullptr) registration.zone = zone;
    registration.timeout_ms = header.heartbeat_timeout_millis.value_or(kDefaultBrokerTimeoutMs);
    registration.acting_master = header.enable_acting_master;
    registration.channel = request.connection->id();
    registration.body_hash = hash_of(request.command, header.compressed);
    return registration;
  }

  void merge(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::RegisterBrokerRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    const auto& command = request.command;
    if (auto crc = header->body_crc32.value_or(0); crc != 0 && crc != crc32_positive(command.body)) {
      log::warn("registration with a wrong checksum", {{"peer", request.connection->remote_address()}});
      return remoting::reply(request, ResponseCode::kSystemError, "crc32 not match");
    }
    RegistrationBody body;
    if (auto status = decode_registration(command.body, header->compressed, command.version, body); !status) {
      log::warn("registration that can't be read",
                {{"peer", request.connection->remote_address()}, {"error", status.error()}});
      return reply_error(request, status.error().with("Failed to decode RegisterBrokerBody"));
    }
    auto registration = registration_of(request, *header);
    registration.version = body.version;
    registration.topics = std::move(body.topics);
    registration.mappings = std::move(body.mappings);
    registration.filter_servers = std::move(body.filter_servers);
    bool is_new = !services_.routes.data_version(header->cluster_name, header->broker_addr);
    services_.channels.remember(request.connection);
    auto outcome = services_.routes.register_broker(registration);
    services_.registrations.fetch_add(1, std::memory_order_relaxed);
    if (!request.connection->is_open()) {  // closed while this waited: nobody will tell again
      services_.channels.forget(registration.channel);
      services_.routes.channel_closed(registration.channel);
    }
    note(registration, outcome, is_new);
    answer(request, outcome);
  }

  static void note(const Registration& registration, const RegistrationOutcome& outcome, bool is_new) {
    std::string_view what;
    switch (outcome.kind) {
      case RegistrationOutcome::Kind::kRefused: what = "registration refused: one topic of an unknown broker"; break;
      case RegistrationOutcome::Kind::kConflict: what = "registration ignored: id is held with a newer state"; break;
      case RegistrationOutcome::Kind::kAccepted: what = "broker registered"; break;
    }
    auto level = outcome.kind != RegistrationOutcome::Kind::kAccepted ? log::Level::kWarn
                 : is_new                                             ? log::Level::kInfo
                                                                      : log::Level::kDebug;
    log::write(level, what,
               {{"cluster", registration.broker.cluster},
                {"broker", registration.broker.name},
                {"id", registration.broker.id},
                {"address", registration.broker.address},
                {"topics", registration.topics.size()}});
  }

  void answer(const remoting::Request& request, const RegistrationOutcome& outcome) {
    if (outcome.kind == RegistrationOutcome::Kind::kRefused) {
      return remoting::reply(request, ResponseCode::kSystemError, "register broker failed");
    }
    auto response = protocol::response_to(request.command, ResponseCode::kSuccess);
    protocol::RegisterBrokerResponse header;
    if (outcome.ha_address) header.ha_server_addr = *outcome.ha_address;
    if (outcome.master_address) header.master_addr = *outcome.master_address;
    protocol::set_header(response, header);
    if (services_.configuration.return_order_config()) {
      if (auto table = services_.kv.list(kOrderTopicNamespace)) response.body = *std::move(table);
    }
    remoting::reply(request, std::move(response));
  }

  void receive_unregistration(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::UnregisterBrokerRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    auto work = [this, cluster = std::string(header->cluster_name), address = std::string(header->broker_addr),
                 name = std::string(header->broker_name), id = header->broker_id] {
      log::info("broker unregistered", {{"cluster", cluster}, {"broker", name}, {"id", id}, {"address", address}});
      services_.routes.unregister_broker({cluster, address, name, id});
    };
    // Behind the registrations that came before it. Answered at once, as the original does.
    if (!services_.work.post(kPostedOverhead, work)) work();
    remoting::reply(request, ResponseCode::kSuccess);
  }

  void query_data_version(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::QueryDataVersionRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    auto theirs = decode_data_version(request.command.body);
    if (!theirs) return reply_error(request, theirs.error());
    auto known = services_.routes.data_version(header->cluster_name, header->broker_addr);
    services_.routes.touch(header->cluster_name, header->broker_addr);
    auto response = protocol::response_to(request.command, ResponseCode::kSuccess);
    protocol::set_header(response, protocol::QueryDataVersionResponse{!known || *known != *theirs});
    if (known) response.body = encode_data_version(*known);
    remoting::reply(request, std::move(response));
  }

  void heartbeat(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::BrokerHeartbeatRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    services_.routes.touch(header->cluster_name, header->broker_addr);
    remoting::reply(request, ResponseCode::kSuccess);
  }

  Services& services_;
};

}  // namespace

std::shared_ptr<remoting::Handler> make_registration_handler(Services& services) {
  return std::make_shared<RegistrationHandler>(services);
}

}  // namespace rmq::namesrv
