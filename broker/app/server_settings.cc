#include "broker/app/server_settings.h"

#include <algorithm>

namespace rmq::broker {
namespace {

remoting::TlsOptions tls_options(const BrokerConfig& config) {
  remoting::TlsOptions tls;
  tls.mode = config.tls_server_mode == "disabled"    ? remoting::TlsMode::kDisabled
             : config.tls_server_mode == "enforcing" ? remoting::TlsMode::kEnforcing
                                                     : remoting::TlsMode::kPermissive;
  tls.certificate_path = config.tls_server_cert_path;
  tls.key_path = config.tls_server_key_path;
  tls.key_password = config.tls_server_key_password;
  tls.trust_path = config.tls_server_trust_cert_path;
  tls.client_auth = config.tls_server_need_client_auth == "require"    ? remoting::ClientAuth::kRequire
                    : config.tls_server_need_client_auth == "optional" ? remoting::ClientAuth::kOptional
                                                                       : remoting::ClientAuth::kNone;
  return tls;
}

}  // namespace

remoting::ServerOptions server_options_of(const BrokerConfig& config, const MemoryBudget& memory) {
  remoting::ServerOptions options;
  options.bind_host = config.bind_address;
  options.port = static_cast<std::uint16_t>(config.listen_port);
  options.second_port = static_cast<std::uint16_t>(std::max<std::int32_t>(config.vip_listen_port, 0));
  options.max_connections = static_cast<std::size_t>(config.max_connections);
  options.max_receive_bytes = memory.receive_bytes;
  options.max_unsent_bytes = memory.unsent_bytes;
  options.idle_timeout = std::chrono::seconds(config.server_channel_max_idle_time);
  options.worker_threads = static_cast<std::size_t>(config.worker_threads);
  options.tls = tls_options(config);
  return options;
}

remoting::ClientOptions client_options_of(const BrokerConfig& config) {
  remoting::ClientOptions options;
  options.use_tls = config.use_tls;
  options.tls.certificate_path = config.tls_client_cert_path;
  options.tls.key_path = config.tls_client_key_path;
  options.tls.key_password = config.tls_client_key_password;
  options.tls.trust_path = config.tls_client_trust_cert_path;
  options.tls.verify_peer = config.tls_client_auth_server;
  return options;
}

// The broker's permission limits what each topic announces.
protocol::RegisterBrokerBody registration_body(const TopicManager& topics, const BrokerConfig& config) {
  auto table = topics.table();
  protocol::RegisterBrokerBody body;
  body.topic_config.data_version = table.data_version;
  body.topic_config.topics = std::move(table.topics);
  const std::int32_t permission = config.broker_permission;
  if (!config.readable() || !config.writable()) {
    for (auto& [name, topic] : body.topic_config.topics) topic.perm &= permission;
  }
  return body;
}

}  // namespace rmq::broker
