#include "operator/manager/manager.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <random>

#include "common/base/log.h"
#include "common/http/admin_server.h"
#include "operator/controller_kube/kube_controllers.h"
#include "operator/kube/leader_elector.h"
#include "operator/kube/work_queue.h"
#include "operator/manager/own_address.h"
#include "operator/reconcile/cluster/kube_world.h"
#include "operator/reconcile/cluster/reconciler.h"

namespace rmq::operator_ {
namespace {

std::string own_name() {
  if (const char* pod = std::getenv("POD_NAME"); pod != nullptr && *pod != '\0') return pod;
  std::string host(256, '\0');
  if (::gethostname(host.data(), host.size() - 1) != 0) return "rocketmq-operator";
  return host.c_str();
}

class Manager {
 public:
  Manager(const Options& options, kube::ApiServer& server, const std::string& address)
      : options_(options),
        client_(server),
        queue_(clock_),
        world_(server,
               {.namespaces = options.namespaces,
                .network_policies = options.defaults.network_policies,
                .instance = own_name(),
                .may_write = [this] { return may_write(); },
                .pod_changed = [this](const ObjectPtr& before,
                                      const ObjectPtr& after) { controllers_.on_pod(before, after); }},
               [this](const std::string& cluster) { queue_.add(cluster); }),
        controllers_(server, world_, clock_,
                     {.address = address,
                      .first_port = options.first_controller_port,
                      .last_port = options.last_controller_port,
                      .defaults = options.defaults,
                      .may_write = [this] { return leading_ && may_write(); }},
                     [this](const std::string& cluster) { queue_.add(cluster); }),
        reconciler_(world_, controllers_, clock_, options.defaults),
        admin_(options.metrics.host.empty() ? "0.0.0.0" : options.metrics.host, options.metrics.port) {}

  Status start(const kube::ApiServer& server) {
    add_metrics();
    admin_.add_readiness("cache", [this]() -> Status {
      if (world_.synced()) return {};
      return fail(ErrorKind::kUnavailable, "the first lists are not complete yet");
    });
    RMQ_CHECK_OK(admin_.start());
    world_.start();
    if (!options_.leader_elect) {
      start_workers();
      return {};
    }
    auto lease = options_.leader_lease.empty() ? kube::ObjectKey{server.default_namespace(), "rocketmq-operator"}
                                               : kube::parse_key(options_.leader_lease);
    if (lease.ns.empty()) lease.ns = server.default_namespace();
    elector_ = std::make_unique<kube::LeaderElector>(
        client_,
        kube::LeaderElectorOptions{.lease = lease,
                                   .identity = own_name() + "_" + std::to_string(std::random_device{}())},
        kube::LeaderCallbacks{.started_leading = [this] { start_workers(); },
                              .stopped_leading = [this] { stop_leading(); }});
    elector_->start();
    return {};
  }

  // True if leadership was lost before anyone asked to stop.
  bool stop() {
    stopping_ = true;
    {
      std::lock_guard lock(workers_mutex_);
      if (workers_) workers_->stop();
    }
    controllers_.stop();
    if (elector_) elector_->stop();  // after the workers: the next leader starts when the last write is done
    world_.stop();
    admin_.stop();
    return lost_;
  }

 private:
  bool may_write() const { return !elector_ || elector_->is_leader(); }

  // The cache may still be filling: passes wait for it, or a cluster would be taken for one without objects.
  void start_workers() {
    log::info("leading", {{"workers", options_.workers}});
    std::lock_guard lock(workers_mutex_);
    if (workers_ || stopping_) return;
    leading_ = true;
    workers_ = std::make_unique<kube::Workers>(
        queue_, options_.workers,
        [this](const std::string& key) -> Result<std::optional<std::chrono::milliseconds>> { return work(key); });
  }

  // Starting anew is the one clean way back: nothing of a former leader's thoughts is left.
  void stop_leading() {
    leading_ = false;
    if (stopping_) return;
    log::error("leadership lost, stopping");
    lost_ = true;
    ::kill(::getpid(), SIGTERM);
  }

  Result<std::optional<std::chrono::milliseconds>> work(const std::string& key) {
    if (!world_.synced()) return std::optional(std::chrono::milliseconds(200));
    RMQ_CHECK_OK(reconciler_.reconcile(kube::parse_key(key)));
    return std::optional<std::chrono::milliseconds>();
  }

  void add_metrics() {
    auto& metrics = admin_.metrics();
    metrics.add_process_metrics();
    metrics.gauge("rocketmq_operator_leader", "1 while this operator leads.", [this] { return leading_ ? 1.0 : 0.0; });
    metrics.gauge("rocketmq_operator_clusters", "RocketMQCluster resources looked after.",
                  [this] { return static_cast<double>(world_.clusters().size()); });
    metrics.gauges("rocketmq_operator_cluster_condition", "1 if a cluster's condition is True, else 0.", [this] {
      std::vector<http::Sample> samples;
      for (const auto& resource : world_.clusters()) {
        const auto cluster = cluster_without_spec(*resource);
        for (const auto& condition : cluster.status.conditions) {
          samples.push_back({{{"namespace", cluster.name_space}, {"name", cluster.name}, {"condition", condition.type}},
                             condition.status == ConditionStatus::kTrue ? 1.0 : 0.0});
        }
      }
      return samples;
    });
    metrics.gauge("rocketmq_operator_queue_clusters", "Clusters that wait for a pass.",
                  [this] { return static_cast<double>(queue_.size()); });
    metrics.gauge("rocketmq_operator_cached_objects", "Objects in the caches.",
                  [this] { return static_cast<double>(world_.cached_objects()); });
    metrics.counter("rocketmq_operator_reconciles_total", "Passes over a cluster.",
                    [this] { return static_cast<double>(reconciler_.passes()); });
    metrics.counter("rocketmq_operator_reconcile_errors_total", "Passes that ended with an error.",
                    [this] { return static_cast<double>(reconciler_.failures()); });
    add_controller_metrics();
    metrics.counters("rocketmq_operator_api_requests_total",
                     "Requests to the API server, without watches, events and leases.", [this] {
                       const auto counts = world_.counts();
                       return std::vector<http::Sample>{{{{"verb", "apply"}}, static_cast<double>(counts.applies)},
                                                        {{{"verb", "patch"}}, static_cast<double>(counts.patches)},
                                                        {{{"verb", "delete"}}, static_cast<double>(counts.removals)},
                                                        {{{"verb", "get"}}, static_cast<double>(counts.reads)}};
                     });
  }

  using OneCluster =
      std::function<void(const http::Labels&, const controller::ControllerMetrics&, std::vector<http::Sample>&)>;
  std::function<std::vector<http::Sample>()> of_controllers(OneCluster one) {
    return [this, one = std::move(one)] {
      std::vector<http::Sample> samples;
      for (const auto& [cluster, metrics] : controllers_.metrics()) {
        one({{"namespace", cluster.ns}, {"name", cluster.name}}, metrics, samples);
      }
      return samples;
    };
  }

  void add_controller_metrics() {
    using controller::ControllerMetrics;
    auto& metrics = admin_.metrics();
    metrics.counters("rocketmq_operator_elections_total", "Elections, by reason; failed ones found no candidate.",
                     of_controllers([](const auto& labels, const ControllerMetrics& m, auto& samples) {
                       for (const auto& [reason, count] : m.elections) {
                         auto with_reason = labels;
                         with_reason.emplace_back("reason", reason);
                         samples.push_back({with_reason, static_cast<double>(count)});
                       }
                     }));
    metrics.counters("rocketmq_operator_elections_failed_total", "Elections that found no candidate.",
                     of_controllers([](const auto& labels, const ControllerMetrics& m, auto& samples) {
                       samples.push_back({labels, static_cast<double>(m.failed_elections)});
                     }));
    metrics.counters("rocketmq_operator_election_seconds_total", "From a master's loss to the next one, all elections.",
                     of_controllers([](const auto& labels, const ControllerMetrics& m, auto& samples) {
                       samples.push_back({labels, m.election_seconds_sum});
                     }));
    metrics.counters("rocketmq_operator_heartbeats_total", "Heartbeats of brokers.",
                     of_controllers([](const auto& labels, const ControllerMetrics& m, auto& samples) {
                       samples.push_back({labels, static_cast<double>(m.heartbeats)});
                     }));
    metrics.counters("rocketmq_operator_group_write_conflicts_total", "Writes of a group's state that met another's.",
                     of_controllers([](const auto& labels, const ControllerMetrics& m, auto& samples) {
                       samples.push_back({labels, static_cast<double>(m.write_conflicts)});
                     }));
    metrics.gauges("rocketmq_operator_groups_without_master", "Broker groups without a master now.",
                   of_controllers([](const auto& labels, const ControllerMetrics& m, auto& samples) {
                     samples.push_back({labels, static_cast<double>(m.groups_without_master)});
                   }));
  }

  const Options& options_;
  SystemClock clock_;
  kube::Client client_;
  kube::WorkQueue queue_;
  std::unique_ptr<kube::LeaderElector> elector_;
  KubeWorld world_;
  KubeControllers controllers_;
  ClusterReconciler reconciler_;
  http::AdminServer admin_;
  std::mutex workers_mutex_;
  std::unique_ptr<kube::Workers> workers_;
  std::atomic<bool> leading_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> lost_{false};
};

}  // namespace

Status run_operator(const Options& options) {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  RMQ_TRY(auto config, kube::load_config(options.kubeconfig, options.context));
  SystemClock clock;
  RMQ_TRY(auto server, kube::ApiServer::create(config, clock));
  Manager manager(options, *server, own_address(options.controller_address, config.host, config.port));
  auto started = manager.start(*server);
  if (started) {
    int signal = 0;
    sigwait(&signals, &signal);
    log::info("stopping", {{"signal", signal}});
  }
  const bool lost = manager.stop();
  server->close();
  RMQ_CHECK_OK(started);
  if (lost) return fail(ErrorKind::kUnavailable, "leadership lost");
  return {};
}

}  // namespace rmq::operator_
