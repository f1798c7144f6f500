// Where the states of the broker groups of one cluster live, and the only way they change: compare-and-swap. Kubernetes
// objects (BrokerGroup, by resourceVersion), etcd keys (by mod revision), or memory (tests) implement it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/base/result.h"

namespace rmq::election {
struct GroupState;
}

namespace rmq::controller {

// One group as the store holds it.
struct StoredGroup {
  std::string name;     // the broker name
  std::string version;  // opaque; equal versions hold equal states; never empty for a group that exists
  std::shared_ptr<const election::GroupState> state;
};

// What became of a write. `kUnknown` is every outcome that leaves open whether the store took it (timeout, connection
// lost, 5xx): the caller reads the group again before it goes on. `kRefused`: certainly not written, and trying the
// same again will not help (no permission, invalid object).
struct WriteOutcome {
  enum class What { kWritten, kConflict, kUnknown, kRefused };
  What what = What::kUnknown;
  std::string version;  // kWritten: the new one
  StoredGroup actual;   // kConflict: what is there instead; state == nullptr: nothing is there (any more)
  Error error;          // kUnknown, kRefused
};

// All calls are asynchronous, thread-safe and never block. A callback runs exactly once, on any thread, perhaps before
// the call returns; the callee bounds the time itself (10 s at most). Callbacks hold what they touch weakly, so that
// one that comes after its caller has gone does no harm.
class GroupStore {
 public:
  using Loaded = std::function<void(Result<std::vector<StoredGroup>>)>;
  using Read = std::function<void(Result<StoredGroup>)>;
  using Written = std::function<void(WriteOutcome)>;
  using Changed = std::function<void(StoredGroup)>;

  virtual ~GroupStore() = default;

  // Every group of the cluster, as of now (not from a cache that may be older than a write of a former leader).
  virtual void load(Loaded done) = 0;

  // One group as of now; success with state == nullptr if there is none.
  virtual void read(const std::string& name, Read done) = 0;

  // Writes `state` if the group still has `expected_version`; an empty one says that it does not exist yet: create it.
  virtual void compare_and_swap(const std::string& name, const std::string& expected_version,
                                std::shared_ptr<const election::GroupState> state, Written done) = 0;

  // Optional: tells of changes by others (state == nullptr: gone). Changes of our own may be told too. A store that
  // can't watch never calls; then a change by others shows as a conflict at the next write. nullptr ends the calls.
  virtual void watch(Changed changed) { (void)changed; }
};

}  // namespace rmq::controller
