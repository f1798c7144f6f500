// Names to IPs without being held up by DNS: a lookup that a dead name server holds cannot be told to stop.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"

namespace rmq {

// Each name is looked up on a thread of its own, which is left behind (it ends with the DNS timeout) when nobody waits
// any more; questions for a name that is being looked up share its answer. So there are at most as many threads as
// different names, and the destructor never waits. Thread-safe.
class HostResolver {
 public:
  using Addresses = Result<std::vector<std::string>>;
  using Done = std::function<void(const Addresses&)>;

  HostResolver();

  // Every IP that `host` (a name or an IP) stands for, sorted, each once, IPv6 with its zone; kUnavailable when there
  // is none. `done` runs once, for an IP at once and here, else on the lookup's thread, maybe after this object's end.
  void resolve(const std::string& host, Done done);
  // kTimeout: no answer within `limit`.
  Addresses resolve_and_wait(const std::string& host, std::chrono::milliseconds limit);

 private:
  using LookUp = Addresses (*)(const std::string& host);
  friend struct HostResolverTest;  // puts a DNS in its place that hangs
  explicit HostResolver(LookUp look_up);

  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rmq
