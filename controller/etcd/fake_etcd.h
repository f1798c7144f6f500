// For tests: as much of etcd as etcd::Client uses, in memory, on a port of its own. Leases expire when told.
#pragma once

#include <httplib.h>

#include <atomic>
#include <charconv>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>

#include "common/base/base64.h"
#include "common/base/json.h"

namespace rmq::etcd {

class FakeEtcd {
 public:
  FakeEtcd() {
    route("/v3/kv/range", &FakeEtcd::range);
    route("/v3/kv/txn", &FakeEtcd::txn);
    route("/v3/lease/grant", &FakeEtcd::grant);
    route("/v3/lease/keepalive", &FakeEtcd::keep_alive);
    route("/v3/lease/revoke", &FakeEtcd::revoke);
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~FakeEtcd() {
    server_.stop();
    thread_.join();
  }

  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // Answers 503 as an etcd without a leader does.
  void fail_requests(bool on) { failing_ = on; }
  void expire_leases() {
    const std::lock_guard lock(mutex_);
    while (!leases_.empty()) end_lease(leases_.begin()->first);
  }

 private:
  using json = nlohmann::json;
  struct Value {
    std::string value;
    std::int64_t mod = 0, create = 0, lease = 0;
  };

  void route(const char* path, json (FakeEtcd::*answer)(const json&)) {
    server_.Post(path, [this, answer](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard lock(mutex_);
      if (failing_) {
        response.status = 503;
        response.set_content(R"({"error":"etcdserver: no leader","code":14})", "application/json");
        return;
      }
      const auto body = parse_json(request.body);
      response.set_content((this->*answer)(body ? *body : json::object()).dump(), "application/json");
    });
  }
  static std::string text(const json& object, const char* key) { return *decode_base64(object.value(key, "")); }
  static std::int64_t number(const json& object, const char* key) {
    return std::strtoll(object.value(key, std::string("0")).c_str(), nullptr, 10);
  }
  static json shown(const std::string& key, const Value& value) {
    return {{"key", encode_base64(key)},
            {"value", encode_base64(value.value)},
            {"mod_revision", std::to_string(value.mod)},
            {"create_revision", std::to_string(value.create)}};
  }
  json header() const { return {{"revision", std::to_string(revision_)}}; }

  json range(const json& body) {
    json kvs = json::array();
    const auto key = text(body, "key");
    const auto end = text(body, "range_end");
    bool more = false;
    for (auto it = values_.lower_bound(key); it != values_.end(); ++it) {
      if (end.empty() ? it->first != key : it->first >= end) break;
      if (body.contains("limit") && kvs.size() >= body["limit"].get<std::size_t>()) {
        more = true;
        break;
      }
      kvs.push_back(shown(it->first, it->second));
    }
    json answer = {{"header", header()}, {"kvs", kvs}};
    if (more) answer["more"] = true;
    return answer;
  }

  json txn(const json& body) {
    bool holds = true;
    for (const auto& c : body["compare"]) {
      const auto found = values_.find(text(c, "key"));
      const bool mod = c["target"] == "MOD";
      const auto actual = found == values_.end() ? 0 : mod ? found->second.mod : found->second.create;
      holds = holds && actual == number(c, mod ? "mod_revision" : "create_revision");
    }
    json responses = json::array();
    const auto operations = body.value(holds ? "success" : "failure", json::array());
    for (const auto& operation : operations) {
      if (operation.contains("request_put")) {
        const auto& put = operation["request_put"];
        auto& value = values_[text(put, "key")];
        ++revision_;
        value = {text(put, "value"), revision_, value.create != 0 ? value.create : revision_, number(put, "lease")};
      } else if (operation.contains("request_delete_range")) {
        ++revision_;
        values_.erase(text(operation["request_delete_range"], "key"));
      } else {
        responses.push_back({{"response_range", range(operation["request_range"])}});
      }
    }
    json answer = {{"header", header()}, {"responses", responses}};
    if (holds) answer["succeeded"] = true;  // false is left out, as the real one does
    return answer;
  }

  json grant(const json& body) {
    leases_[++next_lease_] = body.value("TTL", "1");
    return {{"header", header()}, {"ID", std::to_string(next_lease_)}, {"TTL", body.value("TTL", "1")}};
  }
  json keep_alive(const json& body) {
    const auto found = leases_.find(number(body, "ID"));
    json result = {{"header", header()}, {"ID", body.value("ID", "0")}};
    if (found != leases_.end()) result["TTL"] = found->second;
    return {{"result", result}};
  }
  json revoke(const json& body) {
    end_lease(number(body, "ID"));
    return {{"header", header()}};
  }
  void end_lease(std::int64_t lease) {
    leases_.erase(lease);
    std::erase_if(values_, [&](const auto& item) { return item.second.lease == lease; });
    ++revision_;
  }

  httplib::Server server_;
  int port_ = 0;
  std::mutex mutex_;
  std::atomic<bool> failing_{false};
  std::map<std::string, Value> values_;
  std::map<std::int64_t, std::string> leases_;
  std::int64_t revision_ = 1;
  std::int64_t next_lease_ = 100;
  std::thread thread_;
};

}  // namespace rmq::etcd
