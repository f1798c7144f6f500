// For tests: a broker as its Controller sees it. Calls over a connection of its own, answers 1007, remembers 1008.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "common/protocol/body/controller.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/controller.h"
#include "common/protocol/headers/namesrv.h"
#include "common/remoting/client.h"
#include "common/remoting/server.h"

namespace rmq::controller {

class TestBroker {
 public:
  static constexpr std::chrono::seconds kLimit{10};

  TestBroker(remoting::IoPool& pool, std::uint16_t controller_port, std::string group, std::int64_t id)
      : group_(std::move(group)),
        id_(id),
        controller_("127.0.0.1:" + std::to_string(controller_port)),
        client_(std::make_unique<remoting::Client>(pool)),
        listener_(std::make_shared<Listener>(*this)) {
    remoting::ServerOptions options;
    options.bind_host = "127.0.0.1";
    server_ = std::make_unique<remoting::Server>(pool, options);
    server_->route(protocol::RequestCode::kGetBrokerEpochCache, listener_);
    server_->route(protocol::RequestCode::kNotifyBrokerRoleChanged, listener_);
    REQUIRE(server_->start());
    address_ = "127.0.0.1:" + std::to_string(server_->port());
  }
  ~TestBroker() { die(); }
  TestBroker(const TestBroker&) = delete;
  TestBroker& operator=(const TestBroker&) = delete;

  const std::string& address() const { return address_; }
  std::int64_t id() const { return id_; }
  void set_end(std::int32_t epoch, std::int64_t end) {
    const std::lock_guard lock(mutex_);
    epoch_ = epoch;
    end_ = end;
  }
  // As kill -9: connections close, the port refuses.
  void die() {
    if (client_) client_->close();
    client_.reset();
    if (server_) server_->stop();
    server_.reset();
  }

  protocol::Command call(protocol::Command request) {
    auto answer = client_->call_and_wait(controller_, std::move(request), kLimit);
    REQUIRE_MESSAGE(answer, answer.error().message);
    return std::move(*answer);
  }
  template <class Header>
  protocol::Command call(std::int32_t code, const Header& header, std::string body = {}) {
    return call(make(code, header, std::move(body)));
  }
  template <class Header>
  static protocol::Command make(std::int32_t code, const Header& header, std::string body = {}) {
    protocol::Command request;
    request.code = code;
    protocol::set_header(request, header);
    request.body = std::move(body);
    return request;
  }

  protocol::Command next_id() {
    return call(protocol::RequestCode::kControllerGetNextBrokerId, protocol::GetNextBrokerIdRequest{"c", group_});
  }
  protocol::Command apply_id() {
    const auto code = address_ + ";1";
    return call(protocol::RequestCode::kControllerApplyBrokerId,
                protocol::ApplyBrokerIdRequest{"c", group_, id_, code});
  }
  protocol::Command register_itself() {
    protocol::RegisterBrokerToControllerRequest header;
    header.cluster_name = "c";
    header.broker_name = group_;
    header.broker_id = id_;
    header.broker_address = address_;
    header.rmqk = 1;
    header.boot_id = "boot";
    return call(protocol::RequestCode::kControllerRegisterBroker, header);
  }
  protocol::Command heartbeat() {
    protocol::BrokerHeartbeatRequest header;
    header.cluster_name = "c";
    header.broker_name = group_;
    header.broker_addr = address_;
    header.broker_id = id_;
    {
      const std::lock_guard lock(mutex_);
      header.epoch = epoch_;
      header.max_offset = end_;
    }
    header.rmqk = 1;
    return call(protocol::RequestCode::kBrokerHeartbeat, header);
  }
  protocol::Command elect(bool designate = false) {
    protocol::ElectMasterRequest header;
    header.cluster_name = "c";
    header.broker_name = group_;
    header.broker_id = id_;
    header.designate_elect = designate;
    return call(protocol::RequestCode::kControllerElectMaster, header);
  }
  protocol::Command alter(std::int32_t master_epoch, const protocol::SyncStateSet& wanted) {
    protocol::AlterSyncStateSetRequest header;
    header.broker_name = group_;
    header.master_broker_id = id_;
    header.master_epoch = master_epoch;
    return call(protocol::RequestCode::kControllerAlterSyncStateSet, header, protocol::to_body(wanted));
  }
  protocol::Command replica_info() {
    return call(protocol::RequestCode::kControllerGetReplicaInfo, protocol::GetReplicaInfoRequest{group_});
  }
  // The whole way in, as a broker's start goes.
  void join() {
    REQUIRE(next_id().view().ext("nextBrokerId") == std::to_string(id_));
    REQUIRE(apply_id().code == protocol::ResponseCode::kSuccess);
    REQUIRE(register_itself().code == protocol::ResponseCode::kSuccess);
    REQUIRE(heartbeat().code == protocol::ResponseCode::kSuccess);
  }

  // The master that a 1008 named, once one of this epoch or a later one has come.
  std::optional<std::int64_t> await_notified(std::int32_t epoch) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kLimit, [&] { return notified_epoch_ >= epoch; })) return std::nullopt;
    return notified_master_;
  }

 private:
  struct Listener final : remoting::Handler {
    explicit Listener(TestBroker& b) : broker(b) {}
    void handle(const remoting::Request& request) override {
      if (request.command.code == protocol::RequestCode::kGetBrokerEpochCache) return broker.position(request);
      broker.notified(request);
    }
    TestBroker& broker;
  };

  void position(const remoting::Request& request) {
    protocol::EpochEntryCache body;
    body.broker_id = id_;
    body.broker_name = group_;
    body.cluster_name = "c";
    {
      const std::lock_guard lock(mutex_);
      if (epoch_ > 0) body.epoch_list.push_back({protocol::kOpenEpochEnd, epoch_, 0});
      body.max_offset = end_;
    }
    auto response = protocol::response_to(request.command, protocol::ResponseCode::kSuccess);
    response.set("fenced", !request.command.ext("fenceEpoch").empty());
    response.body = protocol::to_body(body);
    remoting::reply(request, std::move(response));
  }
  void notified(const remoting::Request& request) {
    const auto header = protocol::decode_header<protocol::NotifyBrokerRoleChangedRequest>(request.command);
    if (!header) return;
    const std::lock_guard lock(mutex_);
    notified_epoch_ = header->master_epoch.value_or(0);
    notified_master_ = header->master_broker_id;
    changed_.notify_all();
  }

  const std::string group_;
  const std::int64_t id_;
  const std::string controller_;
  std::string address_;
  std::unique_ptr<remoting::Client> client_;
  std::shared_ptr<Listener> listener_;
  std::unique_ptr<remoting::Server> server_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::int32_t epoch_ = 0;
  std::int64_t end_ = 0;
  std::int32_t notified_epoch_ = 0;
  std::optional<std::int64_t> notified_master_;
};

}  // namespace rmq::controller
