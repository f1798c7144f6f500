// Key-value configuration: PUT, GET and DELETE_KV_CONFIG, GET_KVLIST_BY_NAMESPACE.
#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/namesrv.h"
#include "namesrv/handlers.h"

namespace rmq::namesrv {
namespace {

using protocol::RequestCode;
using protocol::ResponseCode;

class KvHandler final : public remoting::Handler {
 public:
  explicit KvHandler(Services& services) : services_(services) {}

  void handle(const remoting::Request& request) override {
    switch (request.command.code) {
      case RequestCode::kPutKvConfig: return put(request);
      case RequestCode::kGetKvConfig: return get(request);
      case RequestCode::kDeleteKvConfig: return erase(request);
      case RequestCode::kGetKvListByNamespace: return list(request);
      default: return;
    }
  }

 private:
  void put(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::PutKVConfigRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    changed(request, header->kv_namespace, header->key,
            services_.kv.put(header->kv_namespace, header->key, header->value));
  }

  void erase(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::DeleteKVConfigRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    changed(request, header->kv_namespace, header->key, services_.kv.erase(header->kv_namespace, header->key));
  }

  // The original answers success even if the file could not be written.
  void changed(const remoting::Request& request, std::string_view name_space, std::string_view key,
               const Status& status) {
    if (!status) {
      log::error("key-value configuration not changed", {{"error", status.error()}});
      return reply_error(request, status.error().with("key-value configuration not changed"));
    }
    if (name_space == kOrderTopicNamespace) services_.routes.forget_answer(key);
    log::info("key-value configuration changed", {{"namespace", name_space}, {"key", key}});
    remoting::reply(request, ResponseCode::kSuccess);
  }

  void get(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::GetKVConfigRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    auto value = services_.kv.get(header->kv_namespace, header->key);
    if (!value) {
      return remoting::reply(
          request, ResponseCode::kQueryNotFound,
          "No config item, Namespace: " + std::string(header->kv_namespace) + " Key: " + std::string(header->key));
    }
    auto response = protocol::response_to(request.command, ResponseCode::kSuccess);
    protocol::set_header(response, protocol::GetKVConfigResponse{*value});
    remoting::reply(request, std::move(response));
  }

  void list(const remoting::Request& request) {
    auto header = protocol::decode_header<protocol::GetKVListByNamespaceRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    auto table = services_.kv.list(header->kv_namespace);
    if (!table) {
      return remoting::reply(request, ResponseCode::kQueryNotFound,
                             "No config item, Namespace: " + std::string(header->kv_namespace));
    }
    reply_with_body(request, *std::move(table));
  }

  Services& services_;
};

}  // namespace

std::shared_ptr<remoting::Handler> make_kv_handler(Services& services) {
  return std::make_shared<KvHandler>(services);
}

}  // namespace rmq::namesrv
