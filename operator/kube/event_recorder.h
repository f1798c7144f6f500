// Writes Kubernetes Events (events.k8s.io/v1) about our objects, without waiting for them; event_rules.h says which.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "operator/kube/api_server.h"
#include "operator/kube/event_rules.h"
#include "operator/kube/resource.h"

namespace rmq::kube {

extern const ResourceKind kEventKind;

struct EventRecorderOptions {
  std::string controller = "rocketmq.apache.org/operator";  // a qualified name
  std::string instance;                                     // the pod's name
  EventLimits limits;
  std::size_t max_writing = 32;  // at a time; more are dropped, for an Event is never worth waiting for
};

// Thread-safe; never blocks. The server must outlive it.
class EventRecorder {
 public:
  EventRecorder(ApiServer& server, EventRecorderOptions options);
  ~EventRecorder();
  EventRecorder(const EventRecorder&) = delete;

  // About `object` (apiVersion, kind, name, namespace and uid are read from it). `reason` and `action` in CamelCase;
  // `note` for people, at most 1 KiB (the rest is cut off).
  void normal(const nlohmann::json& object, std::string_view reason, std::string_view note,
              std::string_view action = "Reconcile");
  void warning(const nlohmann::json& object, std::string_view reason, std::string_view note,
               std::string_view action = "Reconcile");

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rmq::kube
