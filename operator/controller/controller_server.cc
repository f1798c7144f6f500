#include "operator/controller/controller_server.h"

#include <array>

#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "common/remoting/server.h"
#include "operator/controller/config_handler.h"
#include "operator/controller/core.h"

namespace rmq::controller {
namespace {

using protocol::RequestCode;
using protocol::ResponseCode;

constexpr std::array kGroupCodes = {
    RequestCode::kBrokerHeartbeat,
    RequestCode::kControllerAlterSyncStateSet,
    RequestCode::kControllerElectMaster,
    RequestCode::kControllerRegisterBroker,
    RequestCode::kControllerGetReplicaInfo,
    RequestCode::kControllerGetMetadataInfo,
    RequestCode::kControllerGetSyncStateData,
    RequestCode::kCleanBrokerData,
    RequestCode::kControllerGetNextBrokerId,
    RequestCode::kControllerApplyBrokerId,
};

class GroupHandler final : public remoting::Handler {
 public:
  explicit GroupHandler(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  void handle(const remoting::Request& request) override {
    if (!core_->accept(protocol::Command::from(request.command), remoting::ReplyTo::of(request))) {
      remoting::reply(request, ResponseCode::kSystemBusy, "too many requests wait");
    }
  }

 private:
  const std::shared_ptr<Core> core_;
};

remoting::ServerOptions server_options(const ControllerOptions& options) {
  remoting::ServerOptions result;
  result.bind_host = options.bind_host;
  result.port = options.port;
  result.worker_threads = 1;  // for 1009 and 1010
  result.tls = options.tls;
  return result;
}

}  // namespace

std::string_view to_string(LagBand band) {
  switch (band) {
    case LagBand::kUnknown: return "unknown";
    case LagBand::kNone: return "none";
    case LagBand::kUnder1MiB: return "<1MiB";
    case LagBand::kUnder64MiB: return "<64MiB";
    case LagBand::kUnder1GiB: return "<1GiB";
    case LagBand::kMore: return ">=1GiB";
  }
  return "unknown";
}

LagBand lag_band(const election::ReplicaStatus& replica) {
  constexpr std::int64_t kMiB = 1024 * 1024;
  if (!replica.heartbeat_age_ms) return LagBand::kUnknown;
  if (replica.master || replica.lag <= 0) return LagBand::kNone;
  if (replica.lag < kMiB) return LagBand::kUnder1MiB;
  if (replica.lag < 64 * kMiB) return LagBand::kUnder64MiB;
  return replica.lag < 1024 * kMiB ? LagBand::kUnder1GiB : LagBand::kMore;
}

struct ControllerServer::Impl {
  Impl(remoting::IoPool& pool, const Clock& clock, GroupStore& store, ControllerOptions options,
       ControllerCallbacks callbacks)
      : server(pool, server_options(options)),
        core(std::make_shared<Core>(pool, clock, store, std::move(options), std::move(callbacks))) {}

  remoting::Server server;
  std::shared_ptr<Core> core;
  bool stopped = false;
};

ControllerServer::ControllerServer(remoting::IoPool& pool, const Clock& clock, GroupStore& store,
                                   ControllerOptions options, ControllerCallbacks callbacks)
    : impl_(std::make_shared<Impl>(pool, clock, store, std::move(options), std::move(callbacks))) {
  const auto groups = std::make_shared<GroupHandler>(impl_->core);
  for (const auto code : kGroupCodes) impl_->server.route(code, groups);
  const auto config = make_config_handler(impl_->core);
  impl_->server.route(RequestCode::kUpdateControllerConfig, config, remoting::Execution::kWorker);
  impl_->server.route(RequestCode::kGetControllerConfig, config, remoting::Execution::kWorker);
}

ControllerServer::~ControllerServer() {
  stop();
}

Status ControllerServer::start() {
  RMQ_CHECK_OK(impl_->server.start());
  const auto& options = impl_->core->options();
  impl_->core->set_own_address(options.announced_address.empty() ? options.bind_host + ":" + std::to_string(port())
                                                                 : options.announced_address);
  return {};
}

std::uint16_t ControllerServer::port() const {
  return impl_->server.port();
}

void ControllerServer::lead() {
  impl_->core->strand().post([core = impl_->core] { core->lead(); });
}

void ControllerServer::follow(const std::string& leader_address, const std::string& leader_id) {
  impl_->core->strand().run_and_wait([&] { impl_->core->follow(leader_address, leader_id); });
}

void ControllerServer::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  follow();
  impl_->server.stop();
  impl_->core->close();
}

bool ControllerServer::leading() const {
  return impl_->core->may_lead();
}

void ControllerServer::policy_changed(const std::string& group) {
  impl_->core->strand().post([core = impl_->core, group] { core->table().policy_changed(group); });
}

void ControllerServer::on_process_dead(const std::string& group, const std::string& replica,
                                       const std::string& evidence) {
  impl_->core->strand().post([=, core = impl_->core] { core->table().process_dead(group, replica, evidence); });
}

void ControllerServer::request_switchover(const std::string& group, std::int64_t id, std::function<void(Status)> done) {
  impl_->core->strand().post([=, core = impl_->core] { core->switchover(group, id, done); });
}

void ControllerServer::forget_group(const std::string& group) {
  impl_->core->strand().post([core = impl_->core, group] { core->table().forget(group); });
}

std::vector<GroupStatus> ControllerServer::statuses() const {
  std::vector<GroupStatus> result;
  impl_->core->strand().run_and_wait([&] { result = impl_->core->table().statuses(); });
  return result;
}

ControllerMetrics ControllerServer::metrics() const {
  auto result = impl_->core->metrics();
  result.connections = impl_->server.stats().connections;
  return result;
}

}  // namespace rmq::controller
