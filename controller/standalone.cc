#include "controller/standalone.h"

#include "common/base/log.h"
#include "common/http/admin_server.h"
#include "common/remoting/io_pool.h"
#include "controller/etcd/group_store.h"
#include "operator/controller/metrics.h"

namespace rmq::controller {

struct Standalone::Impl {
  Impl(Configuration& settings, const Clock& time) : configuration(settings), clock(time) {}

  Status start();
  void stop();
  ControllerCallbacks callbacks();
  Status start_admin();
  void start_elector();
  Status update(const Properties& changes);

  Configuration& configuration;
  const Clock& clock;
  std::unique_ptr<remoting::IoPool> pool;
  std::unique_ptr<etcd::LeaderElector> elector;
  std::unique_ptr<etcd::GroupStore> store;
  std::unique_ptr<ControllerServer> server;
  std::unique_ptr<http::AdminServer> admin;
};

ControllerCallbacks Standalone::Impl::callbacks() {
  ControllerCallbacks result;
  result.policy_of = [this](const std::string& group) { return configuration.policy_of(group); };
  result.may_lead = [this] { return elector->is_leader(); };
  result.config_shown = [this] { return configuration.shown(); };
  result.config_update = [this](const Properties& changes, const std::string&) { return update(changes); };
  return result;
}

Status Standalone::Impl::update(const Properties& changes) {
  RMQ_CHECK_OK(configuration.update(changes));
  server->policy_changed();
  if (auto status = configuration.persist(); !status) {
    log::warn("changed settings last until the next restart only", {{"error", status.error()}});
  }
  return {};
}

Status Standalone::Impl::start() {
  auto options = configuration.server_options();
  const auto client = configuration.elector_options({}, {}).client;
  pool = std::make_unique<remoting::IoPool>(2);
  store =
      std::make_unique<etcd::GroupStore>(client, configuration.text("etcdPrefix"), [this] { return elector->fence(); });
  server = std::make_unique<ControllerServer>(*pool, clock, *store, options, callbacks());
  // The port is known only once it listens; until the elector leads nobody asks it anything.
  RMQ_CHECK_OK(server->start());
  RMQ_CHECK_OK(start_admin());
  start_elector();
  return {};
}

void Standalone::Impl::start_elector() {
  auto options = configuration.server_options();
  const auto address = options.announced_address.empty() ? options.bind_host + ":" + std::to_string(server->port())
                                                         : options.announced_address;
  const auto id = configuration.text("controllerId").empty() ? address : configuration.text("controllerId");
  elector = std::make_unique<etcd::LeaderElector>(
      configuration.elector_options(id, address),
      etcd::LeaderCallbacks{
          [this] { server->lead(); },
          [this] { server->follow(); },
          [this](const std::string& leader, const std::string& at) { server->follow(at, leader); },
      },
      clock);
  elector->start();
}

Status Standalone::Impl::start_admin() {
  const auto port = static_cast<std::uint16_t>(configuration.number("adminPort"));
  if (port == 0) return {};
  admin = std::make_unique<http::AdminServer>(configuration.text("adminBindAddress"), port);
  admin->add_liveness("server", [] { return Status{}; });
  // One that stands by is ready, too: it tells brokers where the leader is.
  admin->add_readiness("server", [this]() -> Status {
    if (server->port() == 0) return fail(ErrorKind::kUnavailable, "not listening");
    return {};
  });
  admin->metrics().add_process_metrics();
  add_metrics(admin->metrics(), [this] { return std::map<std::string, ControllerMetrics>{{"", server->metrics()}}; });
  return admin->start();
}

void Standalone::Impl::stop() {
  if (elector) elector->stop();
  if (admin) admin->stop();
  if (server) server->stop();
  if (store) store->stop();
  if (pool) pool->stop();
}

Standalone::Standalone(Configuration& configuration, const Clock& clock)
    : impl_(std::make_unique<Impl>(configuration, clock)) {}
Standalone::~Standalone() {
  stop();
}
Status Standalone::start() {
  return impl_->start();
}
void Standalone::stop() {
  impl_->stop();
}
std::uint16_t Standalone::port() const {
  return impl_->server ? impl_->server->port() : 0;
}
std::uint16_t Standalone::admin_port() const {
  return impl_->admin ? impl_->admin->port() : 0;
}

}  // namespace rmq::controller
